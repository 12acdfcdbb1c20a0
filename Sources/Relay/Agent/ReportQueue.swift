import NIOCore
import Synchronization

/// Takes what was forwarded, to keep it or to show it.
package protocol ExchangeSink: Sendable {
    /// Called on an event loop, so it must not block; `finished` is called, from anywhere, when it is kept.
    func take(_ exchange: ForwardedExchange, finished: @escaping @Sendable () -> Void)
}

/// Counts reports that are not kept yet: with too many of them the tunnel is not read, so that neither
/// memory fills nor a report is lost.
final class ReportQueue: Sendable {
    private struct State {
        var waiting = 0
        var resumptions: [@Sendable () -> Void] = []
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let maximum: Int
    private let sink: any ExchangeSink

    init(_ sink: any ExchangeSink, maximum: Int) {
        self.sink = sink
        self.maximum = maximum
    }

    func add(_ exchange: ForwardedExchange) {
        state.withLock { $0.waiting += 1 }
        sink.take(exchange) { self.finished() }
    }

    /// Calls `resume` once there is room; returns whether it will, and the caller should pause.
    func isFull(_ resume: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.waiting >= maximum, !state.hasEnded else { return false }
            state.resumptions.append(resume)
            return true
        }
    }

    /// Resumes nobody any more: the event loops come to their end.
    func end() {
        state.withLock { state in
            state.hasEnded = true
            state.resumptions = []
        }
    }

    private func finished() {
        let resumptions: [@Sendable () -> Void] = state.withLock { state in
            state.waiting -= 1
            guard state.waiting <= maximum / 2 else { return [] }
            defer { state.resumptions = [] }
            return state.resumptions
        }
        for resume in resumptions { resume() }
    }
}
