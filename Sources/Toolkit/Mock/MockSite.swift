import Callbacks
import ControlAPI
import HTTPTransport
import MockAPI

/// Tells by its path whom a request is for.
struct MockSite: Sendable {
    /// Octets of a request's body: some files of the largest allowed size.
    static let maximumBodyBytes = 64 << 20

    let mock: MockService
    let control: ControlAPI

    /// The answer to what is no HTTP.
    var malformed: ServerResponse {
        ControlAPI.response(
            APIAnswer(APIError(.badRequest, "The request cannot be read as HTTP/1.1")))
    }

    func answer(_ request: ServerRequest, isTooLarge: Bool) async -> ServerResponse {
        guard !isTooLarge else {
            return ControlAPI.response(
                APIAnswer(
                    APIError(
                        .badRequest, "The body is over \(Self.maximumBodyBytes >> 20) MB")))
        }
        let parts = request.target.split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let call = APIRequest(
            method: request.method, path: String(parts.first ?? "/"),
            query: parts.count > 1 ? String(parts[1]) : "", headers: request.headers,
            body: request.body)
        if call.path.hasPrefix(ControlAPI.prefix + "/") { return await control.answer(call) }
        switch await mock.answer(call) {
        case .answer(let answer): return ControlAPI.response(answer)
        case .reset: return ServerResponse(status: 500, body: .reset)
        }
    }
}
