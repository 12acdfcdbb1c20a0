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
    /// The host of the address that the user gave for links.
    let publicHosts: [String]
    /// Opens the control API; `nil` where none is needed.
    let token: String?

    // A page of another site can make the browser call us. Its `Origin` gives it away, and where a name
    // was turned to our address (DNS rebinding) its `Host`. The API itself is left alone: apps come by
    // whatever name they know it, and bring a key.

    private func foreignHost(_ call: APIRequest) -> APIError? {
        guard isLocal else { return nil }
        let host = call.headers.first("Host") ?? ""
        let name =
            (host.hasPrefix("[")
            ? host.prefix { $0 != "]" }.dropFirst() : host.prefix { $0 != ":" })
            .lowercased()
        let names = Set(LocalAuthority.names + publicHosts)
        guard !names.contains(name), !name.hasSuffix(".localhost"), !name.hasPrefix("127.") else {
            return nil
        }
        return APIError(
            .forbidden,
            "This is for the machine itself, not for \(host.prefix(100)); "
                + "name that host with --public-url if it is yours")
    }

    private func withoutToken(_ call: APIRequest) -> APIError? {
        guard let token, call.headers.first("Authorization") != "Bearer \(token)" else {
            return nil
        }
        return APIError(.unauthorized, "This needs 'Authorization: Bearer' with the control token")
    }

    private func foreignOrigin(_ call: APIRequest) -> APIError? {
        let host = call.headers.first("Host") ?? ""
        guard let origin = call.headers.first("Origin"), origin != "http://\(host)",
            origin != "https://\(host)"
        else { return nil }
        return APIError(.forbidden, "Pages of \(origin.prefix(100)) may not do this")
    }

    /// Pages: only of this machine, and those that open everything only with the token.
    private func refusal(ofPage call: APIRequest) -> APIError? {
        if let refusal = foreignHost(call) { return refusal }
        if call.method != "GET", let refusal = foreignOrigin(call) { return refusal }
        // A link with a token of its own opens what it is for; these open all that there is.
        let isOpen =
            call.path == "/" || call.path.hasPrefix("/sign/") || call.path.hasPrefix("/home/")
            || call.path == "/oauth/authorize"
        return isOpen ? withoutToken(call) : nil
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
        let target = request.target
        // Octets are looked at, no characters: this is asked for each call.
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        let call = APIRequest(
            // What GET gives, HEAD gives without its body (RFC 9110, 9.3.2).
            method: request.method == "HEAD" ? "GET" : request.method,
            path: mark.map { String(target[..<$0]) } ?? target,
            query: mark.map { String(target[target.index(after: $0)...]) } ?? "",
            headers: request.headers, body: request.body)
        if call.path.hasPrefix(ControlAPI.prefix + "/") {
            if let refusal = foreignHost(call) ?? withoutToken(call) ?? foreignOrigin(call) {
                return ControlAPI.response(APIAnswer(refusal))
            }
            return await control.answer(call)
        }
        if !call.path.hasPrefix("/v3/"), call.path != "/oauth/token" {
            if let refusal = refusal(ofPage: call) {
                return ControlAPI.response(APIAnswer(refusal))
            }
            if let page = await mock.page(call) { return ControlAPI.response(page) }
        }
        switch await mock.answer(call) {
        case .answer(let answer): return ControlAPI.response(answer)
        case .reset: return ServerResponse(status: 500, body: .reset)
        }
    }
}
