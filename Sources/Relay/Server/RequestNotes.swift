import NIOCore

/// What is noted of a connection's requests: in the loop's counts, and in the access log where there is one.
struct RequestNotes {
    /// Reasons of the relay's why an answer was cut, beside those of ``OwnAnswer``.
    static let senderGone = "sender-gone"
    static let relayEnded = "relay-ended"

    private let loop: RelayLoop
    private let log: AccessLog?
    private var exchange: AccessLog.Exchange?

    init(_ loop: RelayLoop) {
        self.loop = loop
        log = loop.core.log
    }

    /// Begins with a request; `exchange` makes what the log has of it.
    mutating func begin(_ exchange: @autoclosure () -> AccessLog.Exchange) {
        loop.counts.requests += 1
        if log != nil { self.exchange = exchange() }
    }

    /// The handler's answer is whole.
    mutating func answered(status: Int, requestBytes: Int) {
        loop.counts.answers[min(status / 100, 5)] += 1
        write(status: status, requestBytes)
    }

    /// The relay has answered itself.
    mutating func refused(with answer: OwnAnswer, requestBytes: Int) {
        loop.counts.own[answer.reason, default: 0] += 1
        exchange?.reason = answer.reason
        answered(status: answer.status, requestBytes: requestBytes)
    }

    /// The request has no whole answer; `status`: of the one that had begun.
    mutating func cut(_ reason: String, status: Int?, requestBytes: Int) {
        loop.counts.cut[reason, default: 0] += 1
        exchange?.reason = reason
        write(status: status, requestBytes)
    }

    private mutating func write(status: Int?, _ requestBytes: Int) {
        guard let exchange else { return }
        log?.note(exchange, status: status, requestBytes: requestBytes)
        self.exchange = nil
    }
}
