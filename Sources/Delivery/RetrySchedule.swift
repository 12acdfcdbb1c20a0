/// How long the sender waits before it tries again.
package struct RetrySchedule: Hashable, Sendable {
    /// The waits behind the first, second, … failed attempt.
    package let delays: [Duration]

    package init(delays: [Duration]) {
        self.delays = delays
    }

    /// What is left of a schedule, in milliseconds, as the journal has it.
    package init(milliseconds: [Int64]) {
        delays = milliseconds.map { .milliseconds($0) }
    }

    /// The pauses in milliseconds, as the journal keeps them.
    package var milliseconds: [Int64] { delays.map(\.wholeMilliseconds) }

    /// One attempt and no more.
    package static let never = RetrySchedule(delays: [])

    /// What Dropbox Sign documents: six more attempts, each wait three times the last, from 5 minutes.
    ///
    /// - SeeAlso: faq.hellosign.com, article 115007086247.
    package static let service = RetrySchedule(delays: exponential(first: 300, factor: 3, count: 6))

    private static func exponential(first: Int, factor: Int, count: Int) -> [Duration] {
        sequence(first: first) { $0 * factor }.prefix(count).map { .seconds($0) }
    }
}
