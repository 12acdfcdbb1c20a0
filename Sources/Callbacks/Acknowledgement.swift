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
        case 200: self = Self.judge(Array(body))
        case 300..<400: self = .redirect
        default: self = .wrongStatus
        }
    }

    /// Whether the service takes the callback as received.
    public var isAccepted: Bool { self == .exact || self == .contained }

    private static let octets = Array(text.utf8)

    /// Takes an array, as every delivery asks and most are exact: two arrays are compared quickly.
    private static func judge(_ body: [UInt8]) -> Acknowledgement {
        if body == octets { return .exact }
        if body.isEmpty { return .emptyBody }
        var rest = body[...]
        while let start = rest.firstIndex(of: octets[0]) {
            rest = rest[start...]
            if rest.starts(with: octets) { return .contained }
            rest = rest.dropFirst()
        }
        return .wrongBody
    }
}
