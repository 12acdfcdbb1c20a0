import NIOCore
import Synchronization

/// Takes what was forwarded, to keep it or to show it.
package protocol ExchangeSink: Sendable {
    /// Called on an event loop, so it must not block; `finished` is called, from anywhere, when it is kept.
    func take(_ exchange: ForwardedExchange, finished: @escaping @Sendable () -> Void)
}

/// Counts reports that are not kept yet, and their octets: with too many of them no further request is
/// begun, so that neither memory fills nor a report is lost.
final class ReportQueue: Sendable {
    private struct State {
        var waiting = 0
        var waitingBytes = 0
        var resumptions: [@Sendable () -> Void] = []
        var hasEnded = false
    }

    /// For requests under way and for reports that wait.
    let budget: RecordingBudget

    private let state = Mutex(State())
    private let maximum: Int
    /// Half of the budget: the other half is for what is under way.
    private let maximumBytes: Int
    private let sink: any ExchangeSink

    /// `maximum`: reports; `keptBytes`: octets that requests under way and reports may keep.
    init(_ sink: any ExchangeSink, maximum: Int, keptBytes: Int) {
        self.sink = sink
        self.maximum = maximum
        maximumBytes = keptBytes / 2
        budget = RecordingBudget(keptBytes)
    }

    func add(_ exchange: ForwardedExchange) {
        let count = exchange.keptBytes
        state.withLock { state in
            state.waiting += 1
            state.waitingBytes += count
        }
        sink.take(exchange) { self.finished(count) }
    }

    /// Calls `resume` once there is room; returns whether it will, and the caller should pause.
    func isFull(_ resume: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            let isFull = state.waiting >= maximum || state.waitingBytes >= maximumBytes
            guard isFull, !state.hasEnded else { return false }
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

    private func finished(_ count: Int) {
        budget.giveBack(count)
        let resumptions: [@Sendable () -> Void] = state.withLock { state in
            state.waiting -= 1
            state.waitingBytes -= count
            guard state.waiting <= maximum / 2, state.waitingBytes <= maximumBytes / 2 else {
                return []
            }
            defer { state.resumptions = [] }
            return state.resumptions
        }
        for resume in resumptions { resume() }
    }
}

/// The octets that may be kept for reports: of requests under way, and of those whose reports wait.
final class RecordingBudget: Sendable {
    private let left: Atomic<Int>

    init(_ octets: Int) { left = Atomic(octets) }

    func take(_ count: Int) -> Bool {
        if left.subtract(count, ordering: .relaxed).newValue >= 0 { return true }
        giveBack(count)
        return false
    }

    /// Takes what must be kept, also when there is no room.
    func overdraw(_ count: Int) { left.subtract(count, ordering: .relaxed) }

    func giveBack(_ count: Int) { left.add(count, ordering: .relaxed) }
}
