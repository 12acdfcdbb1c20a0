import NIOCore
import Synchronization
import Yamux

/// A clock that stands until it is moved.
final class TestClock: Sendable {
    private let time = Mutex(NIODeadline.uptimeNanoseconds(1_000_000_000))

    var now: NIODeadline { time.withLock { $0 } }

    func advance(by amount: TimeAmount) { time.withLock { $0 = $0 + amount } }
}

extension YamuxConfiguration {
    /// The defaults, changed as `change` does, on that clock.
    static func make(
        clock: TestClock = TestClock(), _ change: (inout YamuxConfiguration) -> Void = { _ in }
    ) -> YamuxConfiguration {
        var configuration = YamuxConfiguration()
        configuration.clock = { clock.now }
        change(&configuration)
        return configuration
    }
}
