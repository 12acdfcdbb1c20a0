package import Callbacks
package import HTTPTransport
package import Journal

/// Sends deliveries and tries again, as the service does; every attempt is in the journal before its
/// first octet is sent, and its end before it is reported.
package struct DeliveryEngine: Sendable {
    package struct Configuration: Sendable {
        package var wire: WireFormat
        /// Makes the header hashes; never stored.
        package var apiKey: String
        /// The retries of new deliveries; one that was begun before has its own.
        package var schedule: RetrySchedule
        /// Whether a run goes on until the last retry is over.
        ///
        /// Otherwise what is to be tried again later stays in the journal.
        package var waitsForRetries: Bool
        /// Deliveries that are under way at once.
        ///
        /// With 1 they go in order.
        package var concurrency: Int

        package init(
            wire: WireFormat = .init(), apiKey: String, schedule: RetrySchedule = .never,
            waitsForRetries: Bool = true, concurrency: Int = 1
        ) {
            precondition(concurrency > 0, "nobody would deliver")
            self.wire = wire
            self.apiKey = apiKey
            self.schedule = schedule
            self.waitsForRetries = waitsForRetries
            self.concurrency = concurrency
        }
    }

    /// A delivery and when it is due.
    package struct Scheduled: Sendable {
        /// Unix milliseconds on the engine's clock.
        package var due: Int64
        package var delivery: NewDelivery
        /// Its id and its attempts so far, when it is in the journal already.
        package var existing: Existing?
        /// Makes the header hashes in place of the engine's key; never stored.
        package var apiKey: String?
        /// What it is about: those about one thing go one after another, each attempt of its own.
        package var subject: String?
        /// What is wrong with its first attempt.
        package var manner = Manner.ordinary

        /// How the first attempt goes.
        package enum Manner: Hashable, Sendable {
            case ordinary
            /// It is not made, and no other; the reason is in the record.
            case dropped(String)
            /// The connection ends after so many octets of the body.
            case cut(afterBodyBytes: Int)
        }

        package struct Existing: Hashable, Sendable {
            package var id: Int64
            package var attempts: Int
            /// What is left of its schedule.
            package var schedule: RetrySchedule

            package init(id: Int64, attempts: Int, schedule: RetrySchedule) {
                self.id = id
                self.attempts = attempts
                self.schedule = schedule
            }
        }

        package init(
            due: Int64, delivery: NewDelivery, existing: Existing? = nil, apiKey: String? = nil,
            subject: String? = nil
        ) {
            self.due = due
            self.delivery = delivery
            self.existing = existing
            self.apiKey = apiKey
            self.subject = subject
        }

        /// A delivery of the journal that is to go on, at its time or at once.
        package init(resuming record: DeliveryRecord, now: Int64) {
            self.init(
                due: record.nextAttemptAt ?? now, delivery: record.delivery,
                existing: Existing(
                    id: record.id, attempts: record.attempts,
                    schedule: RetrySchedule(milliseconds: record.waits)))
        }
    }

    private let configuration: Configuration
    private let client: HTTPClient
    private let journal: Journal
    private let clock: DeliveryClock

    package init(
        _ configuration: Configuration, client: HTTPClient, journal: Journal, clock: DeliveryClock
    ) {
        self.configuration = configuration
        self.client = client
        self.journal = journal
        self.clock = clock
    }

    /// Delivers what `source` gives, with all further attempts, until it gives `nil` and all is done.
    ///
    /// Cancelling the task stops it: what is unfinished stays so in the journal.
    ///
    /// - Parameters:
    ///   - source: Asked a little ahead of need, by one task at a time.
    ///   - report: Called after each attempt is durable.
    /// - Throws: ``JournalError`` when the journal fails; nothing is sent without it.
    package func run(
        source: @escaping @Sendable () -> Scheduled?,
        report: @escaping @Sendable (AttemptReport) -> Void
    ) async throws {
        let queue = DueQueue(clock: clock, readAhead: 2 * configuration.concurrency) {
            source().map { ($0.due, Job($0, schedule: configuration.schedule)) }
        }
        try await run(queue, report)
    }

    /// Delivers what is added to `feed`, with all further attempts, until that is closed.
    ///
    /// `report`: Called after each attempt is durable.
    /// - Throws: ``JournalError`` when the journal fails; nothing is sent without it.
    package func run(
        _ feed: DeliveryFeed, report: @escaping @Sendable (AttemptReport) -> Void
    ) async throws {
        try await run(feed.queue, report)
    }

    private func run(
        _ queue: DueQueue<Job>, _ report: @escaping @Sendable (AttemptReport) -> Void
    ) async throws {
        try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<configuration.concurrency {
                    group.addTask(executorPreference: client.executor) {
                        defer { queue.stop() }  // after an error the others end too
                        try await work(queue, report)
                    }
                }
                try await group.waitForAll()
            }
        } onCancel: {
            queue.stop()
        }
    }

    private func work(
        _ queue: DueQueue<Job>, _ report: @Sendable (AttemptReport) -> Void
    ) async throws {
        var desk = Desk(configuration)
        while var job = await queue.next() {
            let again = try await attempt(&job, &desk, report)
            queue.finish(job, again: again)
        }
    }

    /// Makes one attempt; returns when the next is due, if there is one.
    private func attempt(
        _ job: inout Job, _ desk: inout Desk, _ report: @Sendable (AttemptReport) -> Void
    ) async throws -> Int64? {
        let manner = job.takeManner()
        if case .dropped(let reason) = manner {
            try await refuse(&job, .interrupted, reason, report)
            return nil
        }
        let request: OutgoingRequest
        let destination: Destination
        do { (request, destination) = try desk.request(for: job) } catch {
            try await refuse(&job, .unreachable, error.description, report)
            return nil
        }
        let start = AttemptStart(
            number: job.plan.begin(), startedAt: clock.now, requestHead: request.recordedHead)
        let attempt = try await record(start, of: job)
        job.id = attempt.delivery

        var options = SendOptions()
        if case .cut(let count) = manner {
            options = SendOptions(
                connection: .fresh, manner: .abandon(afterBodyBytes: count))
        }
        let exchange = await client.send(request, to: destination, options: options)

        let result = AttemptResult(exchange)
        if result.outcome == .interrupted, manner == .ordinary { throw CancellationError() }
        let next = job.plan.finish(accepted: result.outcome.isAccepted, now: clock.now)
        try await journal.finish(attempt, result, then: next)
        report(
            AttemptReport(
                deliveryID: attempt.delivery, delivery: job.delivery, start: start,
                result: result, next: next))
        guard configuration.waitsForRetries, case .retry(let time) = next else { return nil }
        return time
    }

    /// Ends a delivery that is not to be sent: its address cannot be used, or a rule drops it.
    private func refuse(
        _ job: inout Job, _ outcome: Outcome, _ reason: String,
        _ report: @Sendable (AttemptReport) -> Void
    ) async throws {
        let start = AttemptStart(number: job.plan.begin(), startedAt: clock.now, requestHead: [])
        let attempt = try await record(start, of: job)
        let result = AttemptResult(
            outcome: outcome, detail: reason, totalMicroseconds: 0)
        try await journal.finish(attempt, result, then: .giveUp)
        report(
            AttemptReport(
                deliveryID: attempt.delivery, delivery: job.delivery, start: start,
                result: result, next: .giveUp))
    }

    private func record(
        _ start: AttemptStart, of job: Job
    ) async throws(JournalError) -> AttemptUnderWay {
        if let id = job.id { return try await journal.begin(start, of: id) }
        return try await journal.append(
            job.delivery, starting: start, waits: job.plan.waits.map(\.wholeMilliseconds))
    }
}

/// Makes the requests of one worker.
private struct Desk: ~Copyable {
    private let wire: WireFormat
    private let apiKey: String
    private var signer: HeaderSigner
    /// The key that ``signer`` has: most deliveries have that of the one before.
    private var signersKey: String
    /// The last destination: most deliveries go where the one before went.
    private var last: (text: String, destination: Destination)?

    init(_ configuration: DeliveryEngine.Configuration) {
        wire = configuration.wire
        apiKey = configuration.apiKey
        signersKey = configuration.apiKey
        signer = HeaderSigner(apiKey: configuration.apiKey)
    }

    mutating func request(
        for job: Job
    ) throws(DestinationError) -> (OutgoingRequest, Destination) {
        let delivery = job.delivery
        let key = job.apiKey ?? apiKey
        if key != signersKey {
            signer = HeaderSigner(apiKey: key)
            signersKey = key
        }
        let destination =
            if let last, last.text == delivery.destination { last.destination } else {
                try Destination(parsing: delivery.destination)
            }
        last = (delivery.destination, destination)
        let json = delivery.event.payload
        let request = wire.request(
            json: json, hashes: signer.hashes(of: json), form: delivery.form,
            boundary: delivery.boundary)
        return (OutgoingRequest(request, to: destination), destination)
    }
}

/// A delivery on its way through the engine.
struct Job: Sendable {
    let delivery: NewDelivery
    let apiKey: String?
    /// Deliveries of one subject to one URL are under way one at a time.
    let order: String?
    var plan: DeliveryPlan
    var id: Int64?
    private var manner: DeliveryEngine.Scheduled.Manner

    init(_ scheduled: DeliveryEngine.Scheduled, schedule: RetrySchedule) {
        delivery = scheduled.delivery
        apiKey = scheduled.apiKey
        order = scheduled.subject.map { "\($0) \(scheduled.delivery.destination)" }
        plan = DeliveryPlan(
            schedule: scheduled.existing?.schedule ?? schedule,
            attempts: scheduled.existing?.attempts ?? 0)
        id = scheduled.existing?.id
        manner = scheduled.manner
    }

    /// How the next attempt goes; those behind it are ordinary.
    mutating func takeManner() -> DeliveryEngine.Scheduled.Manner {
        defer { manner = .ordinary }
        return manner
    }
}

extension AttemptResult {
    /// What the journal keeps of an exchange.
    init(_ exchange: HTTPExchange) {
        let (outcome, detail) = exchange.judged
        var status: Int?
        if case .success(let answer) = exchange.result { status = answer.status }
        self.init(
            outcome: outcome, detail: detail, status: status, response: exchange.received,
            connectMicroseconds: exchange.timings.connected?.wholeMicroseconds,
            firstByteMicroseconds: exchange.timings.firstByte?.wholeMicroseconds,
            totalMicroseconds: exchange.timings.total.wholeMicroseconds)
    }
}
