import NIOCore

/// Holds one direction of a sender's connection to the octets a second that its tunnel may move.
///
/// Confined to the connection's event loop.
final class Pacing {
    private(set) var isPaused = false
    private let rate: Int
    private let eventLoop: any EventLoop

    /// `rate`: octets a second, 0 for no limit; there is nothing to hold to then.
    init?(rate: Int, on eventLoop: any EventLoop) {
        guard rate > 0 else { return nil }
        self.rate = rate
        self.eventLoop = eventLoop
    }

    /// Notes octets that were moved; returns how long to pause, if at all, and calls `goOn` behind that.
    func moved(
        _ count: Int, of allowance: Allowance, goOn: @escaping () -> Void
    ) -> TimeAmount? {
        guard let pause = allowance.take(count, rate: rate, now: .now()) else { return nil }
        if !isPaused {
            isPaused = true
            eventLoop.assumeIsolated().scheduleTask(in: pause) {
                self.isPaused = false
                goOn()
            }
        }
        return pause
    }
}
