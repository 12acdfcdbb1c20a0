package import Journal

/// Decides for one delivery what follows an attempt.
package struct DeliveryPlan: Hashable, Sendable {
    /// The pauses before the retries that are left.
    package private(set) var waits: [Duration]
    /// Attempts that were begun, of all runs of the program.
    package private(set) var attempts: Int
    private var isUnderWay = false

    /// A plan for what is left of a schedule; `attempts` were begun by earlier plans.
    package init(schedule: RetrySchedule, attempts: Int = 0) {
        waits = schedule.delays
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
        guard !waits.isEmpty else { return .giveUp }
        return .retry(at: now + waits.removeFirst().wholeMilliseconds)
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
