package import Journal

/// Decides for one delivery what follows an attempt.
package struct DeliveryPlan: Hashable, Sendable {
    private let schedule: RetrySchedule
    /// Attempts that were begun, of all runs of the program.
    package private(set) var attempts: Int
    private var isUnderWay = false
    /// Attempts that count against the schedule: it starts anew when a delivery is taken up again.
    private var failures = 0

    /// A plan; `attempts` were begun by earlier ones.
    package init(schedule: RetrySchedule, attempts: Int = 0) {
        self.schedule = schedule
        self.attempts = attempts
    }

    /// Begins an attempt and numbers it, from 1.
    package mutating func begin() -> Int {
        precondition(!isUnderWay, "the last attempt has not finished")
        isUnderWay = true
        attempts += 1
        return attempts
    }

    /// Ends the attempt at hand.
    ///
    /// - Parameters:
    ///   - accepted: Whether the handler acknowledged.
    ///   - now: Unix milliseconds.
    /// - Returns: What the journal is told and the engine does.
    package mutating func finish(accepted: Bool, now: Int64) -> AfterAttempt {
        precondition(isUnderWay, "no attempt was begun")
        isUnderWay = false
        if accepted { return .acknowledged }
        guard failures < schedule.delays.count else { return .giveUp }
        defer { failures += 1 }
        return .retry(at: now + schedule.delays[failures].wholeMilliseconds)
    }
}

extension Duration {
    /// Milliseconds, rounded down.
    package var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// Microseconds, rounded down.
    package var wholeMicroseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
