import Callbacks
import Fixtures

/// What happens to a call that a rule for trouble hits.
package enum Trouble: Hashable, Sendable {
    /// The answer is this error.
    case error(APIError.Name)
    /// The answer comes so many milliseconds later.
    case delay(Int)
    /// The connection is closed without an answer, before anything was done.
    case reset
}

/// What a single call asks for by headers of ours.
struct RequestedTrouble: Hashable, Sendable {
    /// The header that names an error which the call is to end in.
    static let errorHeader = "X-Countersign-Error"
    /// The header that names the event which the processing of the documents is to end in.
    static let outcomeHeader = "X-Countersign-Outcome"

    var error: APIError?
    var outcome: String?

    /// - Throws: ``APIError`` when a header names what is not known.
    init(_ headers: [HeaderField]) throws(APIError) {
        for header in headers where header.name.utf8.count >= Self.errorHeader.utf8.count {
            switch header.name.lowercased() {
            case "x-countersign-error":
                guard let name = APIError.Name.all.first(where: { $0.text == header.value }) else {
                    let known = APIError.Name.all.map(\.text).joined(separator: ", ")
                    throw APIError(.badRequest, "\(Self.errorHeader) must be one of \(known)")
                }
                error = APIError(name, "Forced by \(Self.errorHeader)")
            case "x-countersign-outcome":
                guard Self.outcomes.contains(header.value) else {
                    let known = Self.outcomes.joined(separator: ", ")
                    throw APIError(.badRequest, "\(Self.outcomeHeader) must be one of \(known)")
                }
                outcome = header.value
            default: break
            }
        }
    }

    private static let outcomes = [
        EventType.fileError.rawValue, EventType.unknownError.rawValue,
        EventType.signatureRequestInvalid.rawValue,
    ]
}
