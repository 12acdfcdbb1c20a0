import Dispatch
import Foundation
import Synchronization

/// The time by which deliveries are due: real, faster than real, or moved by hand.
package final class DeliveryClock: Sendable {
    package enum Mode: Hashable, Sendable {
        case real
        /// Runs that many times as fast as real time.
        case scaled(Double)
        /// Stands still until it is moved.
        case manual(start: Int64)
        /// Stands still until nothing is due, and then skips to the next alarm: days of retries in no
        /// time, each at its exact moment.
        case skipping(start: Int64)
    }

    private struct Alarm {
        let time: Int64
        let body: @Sendable () -> Void
    }

    private struct Hand {
        var now: Int64
        var alarms: [Alarm] = []
    }

    package let mode: Mode
    private let startMilliseconds: Int64
    private let startInstant = ContinuousClock.now
    private let hand: Mutex<Hand>

    package init(_ mode: Mode) {
        self.mode = mode
        startMilliseconds = Int64(Date().timeIntervalSince1970 * 1000)
        hand =
            switch mode {
            case .manual(let start), .skipping(let start): Mutex(Hand(now: start))
            case .real, .scaled: Mutex(Hand(now: 0))
            }
    }

    /// Whether an alarm moves the time.
    var isSkipping: Bool { if case .skipping = mode { true } else { false } }

    /// Unix milliseconds.
    package var now: Int64 {
        switch mode {
        case .real: startMilliseconds + elapsed.wholeMilliseconds
        case .scaled(let factor): startMilliseconds + (elapsed * factor).wholeMilliseconds
        case .manual, .skipping: hand.withLock { $0.now }
        }
    }

    /// Calls `body` once when `time` has come; at once when it has come already.
    package func alarm(at time: Int64, _ body: @escaping @Sendable () -> Void) {
        switch mode {
        case .real: wait(Double(time - now), body)
        case .scaled(let factor): wait(Double(time - now) / factor, body)
        case .manual:
            let isDue = hand.withLock { hand in
                if time > hand.now { hand.alarms.append(Alarm(time: time, body: body)) }
                return time <= hand.now
            }
            if isDue { body() }
        case .skipping:
            hand.withLock { $0.now = max($0.now, time) }
            body()
        }
    }

    /// Moves a manual clock to `time`; the alarms on the way go off in their order.
    package func advance(to time: Int64) {
        let due = hand.withLock { hand in
            hand.now = max(hand.now, time)
            let due = hand.alarms.filter { $0.time <= hand.now }
            hand.alarms.removeAll { $0.time <= hand.now }
            return due.sorted { $0.time < $1.time }
        }
        for alarm in due { alarm.body() }
    }

    private var elapsed: Duration { startInstant.duration(to: .now) }

    private func wait(_ milliseconds: Double, _ body: @escaping @Sendable () -> Void) {
        DispatchQueue.global().asyncAfter(
            deadline: .now() + max(0, milliseconds) / 1000, execute: body)
    }
}
