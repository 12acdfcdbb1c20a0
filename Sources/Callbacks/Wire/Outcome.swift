/// How one attempt to deliver a callback ended.
package enum Outcome: String, Hashable, Sendable, CaseIterable {
    case acknowledged
    /// Accepted, though the body has more than the text.
    case acknowledgedNotExactly = "acknowledged_not_exactly"
    case wrongStatus = "wrong_status"
    case wrongBody = "wrong_body"
    case emptyBody = "empty_body"
    case redirect
    case timeout
    /// Nobody listens there.
    case refused
    /// The name of the host is not known, or no way leads there.
    case unreachable
    /// The connection ended before the answer did.
    case reset
    case tlsFailure = "tls_failure"
    /// The answer is over the size limit.
    case tooLarge = "too_large"
    /// What came is not HTTP.
    case notHTTP = "not_http"
    /// We ended before the answer came; found at the next start.
    case interrupted

    package init(_ acknowledgement: Acknowledgement) {
        switch acknowledgement {
        case .exact: self = .acknowledged
        case .contained: self = .acknowledgedNotExactly
        case .wrongBody: self = .wrongBody
        case .emptyBody: self = .emptyBody
        case .redirect: self = .redirect
        case .wrongStatus: self = .wrongStatus
        }
    }

    /// Whether the service would not send the callback again.
    package var isAccepted: Bool { self == .acknowledged || self == .acknowledgedNotExactly }

    /// A phrase for a person.
    package var phrase: String {
        switch self {
        case .acknowledged: "acknowledged"
        case .acknowledgedNotExactly: "acknowledged, but the body is not exactly the text"
        case .wrongStatus: "wrong status"
        case .wrongBody: "the body lacks '\(Acknowledgement.text)'"
        case .emptyBody: "the body is empty"
        case .redirect: "redirected, which is not followed"
        case .timeout: "no answer in time"
        case .refused: "connection refused"
        case .unreachable: "host not reachable"
        case .reset: "the connection was closed before the answer"
        case .tlsFailure: "TLS failed"
        case .tooLarge: "the answer is too large"
        case .notHTTP: "the answer is not HTTP"
        case .interrupted: "interrupted"
        }
    }
}
