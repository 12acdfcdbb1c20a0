package import Callbacks
package import OpenSSL

/// One request and what became of it.
package struct HTTPExchange: Sendable {
    /// The head of the request as it was written; the body is the caller's own.
    package var requestHead: [UInt8]
    /// The answer, or why there is none.
    package var result: Result<HTTPAnswer, TransportFailure>
    /// What was received, up to the limit, byte for byte: also of an answer that could not be read.
    package var received: [UInt8]
    package var timings: Timings
    /// Whether the connection had carried a request before.
    package var connectionWasReused: Bool
    /// Whether `100 Continue` came before the answer.
    package var continueWasSent: Bool

    /// When things happened, counted from the start of the exchange.
    package struct Timings: Hashable, Sendable {
        /// The connection stood, TLS included; `nil` when it stood before or never.
        package var connected: Duration?
        /// The first octet of the answer came.
        package var firstByte: Duration?
        /// The answer was complete, or the exchange had failed.
        package var total: Duration

        package init(connected: Duration? = nil, firstByte: Duration? = nil, total: Duration) {
            self.connected = connected
            self.firstByte = firstByte
            self.total = total
        }
    }
}

/// A complete answer.
package struct HTTPAnswer: Hashable, Sendable {
    package var status: Int
    package var headers: [HeaderField]
    /// The body without its transfer coding.
    package var body: [UInt8]
    /// Whether the connection may carry another request.
    package var keepsConnection: Bool
}

/// Why an exchange has no answer.
package enum TransportFailure: Error, Hashable, Sendable {
    /// Nobody listens there.
    case refused
    /// The name is not known, or no way leads there; the system's reason.
    case unreachable(String)
    /// The time was over; what was waited for.
    case timeout(String)
    /// The connection ended before the answer did.
    case reset(String)
    case tls(OpenSSLError)
    /// The answer is over the limit, in octets.
    case tooLarge(limit: Int)
    /// What came is not HTTP; the parser's reason.
    case notHTTP(String)
    /// We went away ourselves, as asked.
    case abandoned
    /// The client was shut down.
    case shutDown
}

extension HTTPExchange {
    /// The outcome that the exchange means for a callback, and more words where there are any.
    package var judged: (outcome: Outcome, detail: String?) {
        switch result {
        case .success(let answer):
            let outcome = Outcome(Acknowledgement(status: answer.status, body: answer.body))
            return (outcome, Self.detail(of: answer, outcome))
        case .failure(.refused): return (.refused, nil)
        case .failure(.unreachable(let reason)): return (.unreachable, reason)
        case .failure(.timeout(let phase)): return (.timeout, phase)
        case .failure(.reset(let reason)): return (.reset, reason)
        case .failure(.tls(let error)): return (.tlsFailure, error.message)
        case .failure(.tooLarge(let limit)): return (.tooLarge, "over \(limit) octets")
        case .failure(.notHTTP(let reason)): return (.notHTTP, reason)
        case .failure(.abandoned): return (.interrupted, "we went away in the middle of the body")
        case .failure(.shutDown): return (.interrupted, "the client was shut down")
        }
    }

    private static func detail(of answer: HTTPAnswer, _ outcome: Outcome) -> String? {
        switch outcome {
        case .wrongStatus: "status \(answer.status)"
        case .redirect:
            "status \(answer.status)" + (answer.headers.first("Location").map { " to \($0)" } ?? "")
        default: nil
        }
    }
}
