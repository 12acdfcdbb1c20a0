import Dispatch
import Foundation
import Synchronization

/// The time by which deliveries are due: real, faster than real, or moved by hand.
package final class DeliveryClock: Sendable {
    package enum Mode: Hashable, Sendable {
        case real
        /// Runs that many times as fast as real time; the factor is above zero.
        case scaled(Double)
        /// Stands still until it is moved.
        case manual(start: Int64)
        /// Stands still until nothing is due, and then skips to the next alarm: days of retries in no
        /// time, each at its exact moment.
        case skipping(start: Int64)

        /// How many times as fast as real time; 0 for a clock that stands.
        var pace: Double {
            switch self {
            case .real: 1
            case .scaled(let factor): factor
            case .manual, .skipping: 0
            }
        }
    }

    private struct Alarm {
        let time: Int64
        let body: @Sendable () -> Void
    }

    private struct Hand {
        var mode: Mode
        /// Unix milliseconds that the clock showed at ``instant``.
        var time: Int64
        var instant: ContinuousClock.Instant
        /// By number, which is their order.
        var alarms: [UInt64: Alarm] = [:]
        var nextNumber: UInt64 = 0

        var now: Int64 {
            mode.pace == 0
                ? time : time + (instant.duration(to: .now) * mode.pace).wholeMilliseconds
        }

        mutating func set(_ time: Int64) {
            self.time = time
            instant = .now
        }

        /// Takes the alarms out whose time has come, in their order.
        mutating func takeDue() -> [Alarm] {
            let now = now
            let due = alarms.filter { $0.value.time <= now }
                .sorted { ($0.value.time, $0.key) < ($1.value.time, $1.key) }
            for (number, _) in due { alarms[number] = nil }
            return due.map(\.value)
        }
    }

    private let hand: Mutex<Hand>

    package init(_ mode: Mode) {
        let time: Int64 =
            switch mode {
            case .manual(let start), .skipping(let start): start
            case .real, .scaled: Int64(Date().timeIntervalSince1970 * 1000)
            }
        hand = Mutex(Hand(mode: mode, time: time, instant: .now))
    }

    /// How the time goes.
    package var mode: Mode { hand.withLock { $0.mode } }

    /// Whether an alarm moves the time.
    var isSkipping: Bool { if case .skipping = mode { true } else { false } }

    /// Unix milliseconds.
    package var now: Int64 { hand.withLock { $0.now } }

    /// Calls `body` once when `time` has come; at once when it has come already.
    package func alarm(at time: Int64, _ body: @escaping @Sendable () -> Void) {
        let waiting: (number: UInt64, wait: Double)? = hand.withLock { hand in
            if case .skipping = hand.mode { hand.set(max(hand.now, time)) }
            let now = hand.now
            guard time > now else { return nil }
            let number = hand.nextNumber
            hand.nextNumber += 1
            hand.alarms[number] = Alarm(time: time, body: body)
            return (number, hand.mode.pace == 0 ? .infinity : Double(time - now) / hand.mode.pace)
        }
        if let waiting { ring(waiting.number, after: waiting.wait) } else { body() }
    }

    /// Moves the clock on to `time`; the alarms on the way go off in their order.
    package func advance(to time: Int64) {
        let due = hand.withLock { hand in
            hand.set(max(hand.now, time))
            return hand.takeDue()
        }
        for alarm in due { alarm.body() }
        rearm()
    }

    /// Lets the time go in another way from now on; it does not jump.
    ///
    /// The start of a manual clock counts only when the clock is made.
    package func change(to mode: Mode) {
        hand.withLock { hand in
            hand.set(hand.now)
            hand.mode = mode
        }
        rearm()
    }

    /// Sets timers for what waits: the old ones may be wrong since the clock was moved.
    private func rearm() {
        let waits = hand.withLock { hand in
            let now = hand.now
            return hand.mode.pace == 0
                ? [] : hand.alarms.map { ($0.key, Double($0.value.time - now) / hand.mode.pace) }
        }
        for (number, wait) in waits { ring(number, after: wait) }
    }

    /// Has an alarm go off after so many real milliseconds, if it is still there and due then.
    private func ring(_ number: UInt64, after milliseconds: Double) {
        // A clock that stands, or an alarm in years, needs no timer: moving the clock sets new ones.
        guard milliseconds < 1e11 else { return }
        // A millisecond is rounded up, as the timer must not come before its time.
        DispatchQueue.global().asyncAfter(deadline: .now() + (max(0, milliseconds) + 1) / 1000) {
            let alarm: Alarm? = self.hand.withLock { hand in
                guard let alarm = hand.alarms[number], alarm.time <= hand.now else { return nil }
                hand.alarms[number] = nil
                return alarm
            }
            alarm?.body()
        }
    }
}
