package import NIOCore

/// An answer that is ours and not the handler's: what went wrong, for people and for programs.
///
/// Never one of success: only a handler acknowledges.
package struct OwnAnswer: Error, Hashable, Sendable {
    /// The name of the field that tells programs the reason.
    package static let reasonField = "Countersign-Error"

    package var status: Int
    /// Such as `agent-away`; the value of ``reasonField``.
    package var reason: String
    /// One sentence for people.
    package var text: String

    package init(_ status: Int, _ reason: String, _ text: String) {
        self.status = status
        self.reason = reason
        self.text = text
    }

    static let agentAway = OwnAnswer(
        503, "agent-away", "nobody is listening under this name; start 'countersign listen'")
    static let agentLost = OwnAnswer(
        502, "agent-lost", "the connection to 'countersign listen' broke before the answer")
    static let agentReset = OwnAnswer(
        502, "agent-reset", "'countersign listen' gave the request up before the answer")
    static let tooBusy = OwnAnswer(
        503, "too-busy", "too many requests are under way in this tunnel")
    static let draining = OwnAnswer(503, "draining", "the relay is going down; try again")
    static let paused = OwnAnswer(
        503, "paused", "the tunnel is paused: only GET, HEAD and OPTIONS pass")
    static let notAllowed = OwnAnswer(
        403, "not-allowed", "this address is not on the tunnel's list")
    static let unauthorised = OwnAnswer(
        401, "unauthorised", "this tunnel asks for a user name and a password")
    static let unknownHost = OwnAnswer(
        404, "unknown-host", "this relay does not serve that host name")
    static let bodyTooLarge = OwnAnswer(413, "body-too-large", "the body is over the relay's limit")
    static let headTooSlow = OwnAnswer(
        408, "head-timeout", "the request's head did not come in time")
    static let bodyTooSlow = OwnAnswer(
        408, "body-timeout", "the request's body did not come in time")
    static let answerTooSlow = OwnAnswer(504, "relay-timeout", "no answer came in time")
    static let badAnswer = OwnAnswer(
        502, "bad-answer", "what came through the tunnel is no answer of HTTP/1.1")

    static func refused(_ refusal: HTTPRefusal) -> OwnAnswer {
        switch refusal {
        case .malformed(let what): OwnAnswer(400, "bad-request", "refused: \(what.text)")
        case .headTooLarge: OwnAnswer(431, "head-too-large", "the head is over the limit")
        case .versionNotSupported:
            OwnAnswer(505, "version-not-supported", "only HTTP/1.0 and HTTP/1.1 are spoken here")
        }
    }

    private var phrase: String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 431: "Request Header Fields Too Large"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }

    /// The answer on the wire; `isToHead`: without its body, as a HEAD request wants it.
    package func bytes(isToHead: Bool, closes: Bool) -> ByteBuffer {
        let body = "countersign: \(text)\n"
        var head = "HTTP/1.1 \(status) \(phrase)\r\n"
        head += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: \(body.utf8.count)\r\n"
        head += "Cache-Control: no-store\r\n\(Self.reasonField): \(reason)\r\n"
        if status == 401 { head += "WWW-Authenticate: Basic realm=\"countersign\"\r\n" }
        if closes { head += "Connection: close\r\n" }
        return ByteBuffer(string: head + "\r\n" + (isToHead ? "" : body))
    }
}
