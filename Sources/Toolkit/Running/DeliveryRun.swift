import Callbacks
package import Delivery
import Fixtures
import HTTPTransport
package import Journal
import Synchronization

/// Delivers events to a handler and records everything.
package struct DeliveryRun: Sendable {
    /// How events are sent.
    package struct Plan: Sendable {
        package var schedule: RetrySchedule
        package var concurrency: Int
        package var clock: DeliveryClock.Mode

        package init(
            schedule: RetrySchedule = .never, concurrency: Int = 1,
            clock: DeliveryClock.Mode = .real
        ) {
            self.schedule = schedule
            self.concurrency = concurrency
            self.clock = clock
        }
    }

    /// What happens, for a display.
    package enum Report: Sendable {
        /// So many deliveries of an earlier run go on.
        case adopted(Int)
        case attempt(AttemptReport)
    }

    /// How many deliveries ended in which way; those of an earlier run count apart.
    package struct Summary: Hashable, Sendable {
        package var acknowledged = 0
        package var failed = 0
        /// Deliveries of an earlier run that were not acknowledged now.
        package var adoptedFailed = 0
        /// Attempts, those of retries included.
        package var attempts = 0

        /// 0 when everything was acknowledged, 1 otherwise.
        package var exitCode: Int32 { failed == 0 ? 0 : 1 }
    }

    private let services: Services
    private let plan: Plan

    package init(_ services: Services, _ plan: Plan) {
        self.services = services
        self.plan = plan
    }

    /// Delivers `deliveries`, each so long after the start, behind what an earlier run left.
    ///
    /// An earlier run's delivery goes on by its own schedule; one that is not due yet stays where it is,
    /// unless this run waits for retries too.
    ///
    /// - Parameters:
    ///   - deliveries: In order.
    ///   - report: Called after each attempt is durable.
    /// - Returns: How it ended.
    /// - Throws: ``JournalError``, or `CancellationError`.
    package func run(
        _ deliveries: some Sequence<(offset: Duration, delivery: NewDelivery)>,
        report: @escaping @Sendable (Report) -> Void
    ) async throws -> Summary {
        let clock = DeliveryClock(plan.clock)
        let now = clock.now
        _ = try await services.journal.prune(now: now)
        let adopted = try await services.journal.adoptUnfinished(now: now)
            .filter { plan.schedule != .never || ($0.nextAttemptAt ?? now) <= now }
        if !adopted.isEmpty { report(.adopted(adopted.count)) }
        let old = adopted.map { DeliveryEngine.Scheduled(resuming: $0, now: now) }
        let adoptedIDs = Set(adopted.map(\.id))
        let new = deliveries.lazy.map { offset, delivery in
            DeliveryEngine.Scheduled(due: now + offset.wholeMilliseconds, delivery: delivery)
        }
        return try await run(old, then: new, adopted: adoptedIDs, clock: clock, report: report)
    }

    /// Sends a delivery of the journal once more.
    package func resend(
        _ record: DeliveryRecord, report: @escaping @Sendable (Report) -> Void
    ) async throws -> Summary {
        guard record.delivery.event.type != Traffic.notKept else {
            throw Problem(
                .wrongUse, "its body is not kept, so it cannot be sent again",
                at: "delivery \(record.id)")
        }
        let clock = DeliveryClock(plan.clock)
        try await services.journal.reopen(
            delivery: record.id, waits: plan.schedule.milliseconds, now: clock.now)
        var record = record
        record.nextAttemptAt = clock.now
        record.waits = plan.schedule.milliseconds
        let again = DeliveryEngine.Scheduled(resuming: record, now: clock.now)
        return try await run(
            [again], then: EmptyCollection<DeliveryEngine.Scheduled>(), adopted: [], clock: clock,
            report: report)
    }

    private func run(
        _ old: [DeliveryEngine.Scheduled], then new: some Sequence<DeliveryEngine.Scheduled>,
        adopted: Set<Int64>, clock: DeliveryClock, report: @escaping @Sendable (Report) -> Void
    ) async throws -> Summary {
        let settings = services.settings
        let engine = DeliveryEngine(
            DeliveryEngine.Configuration(
                wire: settings.wire, apiKey: settings.signingKey, schedule: plan.schedule,
                waitsForRetries: plan.schedule != .never, concurrency: plan.concurrency),
            client: services.client, journal: services.journal, clock: clock)
        let source = Source(old, new)
        let summary = Mutex(Summary())
        try await engine.run(source: { source.next() }) { attempt in
            summary.withLock { summary in
                summary.attempts += 1
                let isAdopted = adopted.contains(attempt.deliveryID)
                switch attempt.next {
                case .acknowledged: summary.acknowledged += isAdopted ? 0 : 1
                case .giveUp where isAdopted: summary.adoptedFailed += 1
                case .giveUp: summary.failed += 1
                case .retry: break
                }
            }
            report(.attempt(attempt))
        }
        return summary.withLock { $0 }
    }
}

/// What is to be delivered, one after another.
///
/// `@unchecked Sendable`: the engine asks from one task at a time.
private final class Source: @unchecked Sendable {
    private var rest: [DeliveryEngine.Scheduled].Iterator
    private var more: () -> DeliveryEngine.Scheduled?

    init(_ old: [DeliveryEngine.Scheduled], _ new: some Sequence<DeliveryEngine.Scheduled>) {
        rest = old.makeIterator()
        var iterator = new.makeIterator()
        more = { iterator.next() }
    }

    func next() -> DeliveryEngine.Scheduled? { rest.next() ?? more() }
}
