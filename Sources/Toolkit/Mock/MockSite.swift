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
    /// Whether it listens to this machine alone.
    let isLocal: Bool
    /// Opens the control API; `nil` where none is needed.
    let token: String?

    /// Why a call may not control the mock.
    ///
    /// A page of another site can make the browser call us: its `Origin` gives it away, and where a name
    /// was turned to our address (DNS rebinding) its `Host`.
    private func refusal(of call: APIRequest) -> APIError? {
        let host = call.headers.first("Host") ?? ""
        let name =
            host.hasPrefix("[") ? host.prefix { $0 != "]" }.dropFirst() : host.prefix { $0 != ":" }
        let isOurs =
            ["localhost", "127.0.0.1", "::1"].contains(name.lowercased())
            || name.hasSuffix(".localhost") || name.hasPrefix("127.")
        guard isOurs || !isLocal else {
            return APIError(
                .forbidden, "The control API is for this machine, not for \(host.prefix(100))")
        }
        if let token, call.headers.first("Authorization") != "Bearer \(token)" {
            return APIError(
                .unauthorized, "The control API needs 'Authorization: Bearer' with the token")
        }
        if let origin = call.headers.first("Origin"),
            origin != "http://\(host)", origin != "https://\(host)"
        {
            return APIError(.forbidden, "Pages of \(origin.prefix(100)) may not control the mock")
        }
        return nil
    }

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
            // What GET gives, HEAD gives without its body (RFC 9110, 9.3.2).
            method: request.method == "HEAD" ? "GET" : request.method,
            path: String(parts.first ?? "/"),
            query: parts.count > 1 ? String(parts[1]) : "", headers: request.headers,
            body: request.body)
        if call.path.hasPrefix(ControlAPI.prefix + "/") {
            if let refusal = refusal(of: call) {
                return ControlAPI.response(APIAnswer(refusal))
            }
            return await control.answer(call)
        }
        if !call.path.hasPrefix("/v3/"), call.path != "/oauth/token",
            let page = await mock.page(call)
        {
            return ControlAPI.response(page)
        }
        switch await mock.answer(call) {
        case .answer(let answer): return ControlAPI.response(answer)
        case .reset: return ServerResponse(status: 500, body: .reset)
        }
    }
}
