import NIOCore
import Synchronization

/// The octets a second that a tunnel may move: a bucket that fills again over time.
final class Allowance: Sendable {
    private struct State {
        /// May be negative: what was taken on credit has to be waited for.
        var octets = 0.0
        var at: NIODeadline?
    }

    private let state = Mutex(State())

    /// Takes octets; returns how long to take no more, if at all.
    ///
    /// `rate`: octets a second; a second's worth may be taken at once.
    func take(_ count: Int, rate: Int, now: NIODeadline) -> TimeAmount? {
        state.withLock { state in
            let rate = Double(rate)
            if let at = state.at {
                let seconds = Double((now - at).nanoseconds) / 1e9
                state.octets = min(rate, state.octets + max(0, seconds) * rate)
            } else {
                state.octets = rate
            }
            state.at = now
            state.octets -= Double(count)
            guard state.octets < 0 else { return nil }
            return .nanoseconds(Int64(-state.octets / rate * 1e9))
        }
    }
}
