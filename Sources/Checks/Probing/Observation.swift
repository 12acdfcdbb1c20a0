package import Callbacks

/// What became of one probe.
package struct Observation: Hashable, Sendable {
    /// How it ended, judged as for a callback.
    package var outcome: Outcome
    /// More words, where there are any.
    package var detail: String?
    /// The status of the answer; `nil` when there was none.
    package var status: Int?
    /// The answer's header fields.
    package var headers: [HeaderField]
    /// The answer's body, bounded by the prober.
    package var body: [UInt8]
    /// From the start until the answer was complete or had failed.
    package var duration: Duration
    /// Whether the connection had carried a request before.
    package var connectionWasReused: Bool
    /// Whether `100 Continue` came before the answer.
    package var continueWasSent: Bool

    package init(
        outcome: Outcome, detail: String? = nil, status: Int? = nil, headers: [HeaderField] = [],
        body: [UInt8] = [], duration: Duration = .zero, connectionWasReused: Bool = false,
        continueWasSent: Bool = false
    ) {
        self.outcome = outcome
        self.detail = detail
        self.status = status
        self.headers = headers
        self.body = body
        self.duration = duration
        self.connectionWasReused = connectionWasReused
        self.continueWasSent = continueWasSent
    }

    /// Whether the service would take the callback as received.
    package var isAcknowledged: Bool { outcome.isAccepted }

    /// Whether an HTTP answer came, whatever it says.
    package var isAnswered: Bool { status != nil }
}

extension Observation {
    /// Octets of an answer's body that a message quotes.
    package static let maximumExcerptBytes = 60

    /// One line: what was expected of an acknowledgement, and what came.
    package var mismatch: String {
        switch outcome {
        case .acknowledged, .acknowledgedNotExactly: outcome.phrase
        case .wrongStatus, .redirect: "expected status 200, got \(came)"
        case .wrongBody: "expected a body with '\(Acknowledgement.text)', got \(excerpt)"
        case .emptyBody: "expected the body '\(Acknowledgement.text)', got none"
        case .timeout: "expected an answer, got none within \(duration.seconds)"
        case .refused, .unreachable, .reset, .tlsFailure, .tooLarge, .notHTTP, .interrupted:
            "expected an answer: \(came)"
        }
    }

    /// What came, as a phrase: `401`, `302 to /login` or `the connection was closed …`.
    package var came: String {
        switch outcome {
        case .redirect:
            "\(statusText)\(headers.first("Location").map { " to \($0.oneLine)" } ?? "")"
        case .wrongStatus: statusText
        case .acknowledged, .acknowledgedNotExactly: "an acknowledgement"
        case .wrongBody: "\(statusText) with \(excerpt)"
        case .emptyBody: "\(statusText) with no body"
        default: outcome.phrase + (detail.map { " (\($0.oneLine))" } ?? "")
        }
    }

    /// The start of the body in quotes, on one line; what cannot be seen is written as an escape.
    package var excerpt: String {
        let start = String(decoding: body.prefix(Self.maximumExcerptBytes), as: UTF8.self).visible
        return "'\(start)\(body.count > Self.maximumExcerptBytes ? "…" : "")'"
    }

    private var statusText: String { status.map(String.init) ?? "no status" }
}
