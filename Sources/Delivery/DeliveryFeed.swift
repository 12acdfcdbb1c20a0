/// Deliveries that come while the program runs, for ``DeliveryEngine/run(_:report:)``.
///
/// Safe to share.
package final class DeliveryFeed: Sendable {
    let queue: DueQueue<Job>

    /// An open feed of deliveries that are due by `clock`.
    ///
    /// `schedule`: The retries of deliveries that have none of their own.
    package init(clock: DeliveryClock, schedule: RetrySchedule) {
        self.schedule = schedule
        queue = DueQueue(clock: clock, readAhead: 0, isOpen: true, key: { $0.order }) { nil }
    }

    private let schedule: RetrySchedule

    /// Deliveries that wait, those of later retries included.
    package var count: Int { queue.count }

    /// Puts deliveries in; those of one subject go in this order.
    package func add(_ deliveries: [DeliveryEngine.Scheduled]) {
        queue.add(deliveries.map { ($0.due, Job($0, schedule: schedule)) })
    }

    /// Ends the engine's run once nothing is left.
    package func close() { queue.close() }

    /// When the next attempt is due, in Unix milliseconds; `nil` when none waits.
    package var nextDue: Int64? { queue.nextDue }

    /// Waits until no attempt is under way and none is due.
    package func settle() async { await queue.settle() }

    /// Waits for the attempts under way, and lets go of what waits and of what comes, until
    /// ``reopen()``.
    package func drain() async { await queue.drain(holds: true) }

    /// Takes deliveries again.
    package func reopen() { queue.reopen() }
}
