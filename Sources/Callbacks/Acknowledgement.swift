/// The answer that tells the service that a callback was received.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `responses.EventCallbackResponse`.
public enum Acknowledgement: Hashable, Sendable {
    /// Status 200 and exactly the text.
    case exact
    /// Status 200 and the text with something around it: accepted, by the sources that say
    /// "contains"; refused, by the one that says "exactly".
    case contained
    /// Status 200 with a body in which the text is missing.
    case wrongBody
    /// Status 200 with no body.
    case emptyBody
    /// A status from 300 to 399; the service is not known to follow it.
    case redirect
    /// Any other status.
    case wrongStatus

    /// The text that a handler answers.
    public static let text = "Hello API Event Received"

    /// Judges an answer.
    ///
    /// - Parameters:
    ///   - status: The HTTP status code.
    ///   - body: The body without its transfer coding.
    public init(status: Int, body: some Collection<UInt8>) {
        switch status {
        case 200: self = Self.judge(body)
        case 300..<400: self = .redirect
        default: self = .wrongStatus
        }
    }

    /// Whether the service takes the callback as received.
    public var isAccepted: Bool { self == .exact || self == .contained }

    private static func judge(_ body: some Collection<UInt8>) -> Acknowledgement {
        if body.isEmpty { return .emptyBody }
        let text = Array(text.utf8)
        if body.elementsEqual(text) { return .exact }
        var rest = body[...]
        while let start = rest.firstIndex(of: text[0]) {
            rest = rest[start...]
            if rest.starts(with: text) { return .contained }
            rest = rest.dropFirst()
        }
        return .wrongBody
    }
}
