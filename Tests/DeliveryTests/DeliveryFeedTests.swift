import Callbacks
import Delivery
import HTTPTransport
import Journal
import Synchronization
import Testing

/// An engine that is fed while it runs: whose key signs, what keeps its order, and what goes wrong.
@Suite(.timeLimit(.minutes(1))) struct DeliveryFeedTests {
    private let clock = DeliveryClock(.skipping(start: 0))

    /// Delivers what comes in by a feed until all is done; returns the reports and the journal.
    private func deliver(
        _ deliveries: [DeliveryEngine.Scheduled], schedule: RetrySchedule = .never,
        concurrency: Int = 1
    ) async throws -> (reports: [AttemptReport], journal: Journal) {
        let journal = try Journal(JournalConfiguration(storage: .memory))
        let client = try HTTPClient(
            configuration: HTTPClientConfiguration(timeout: .seconds(20)), group: loops)
        let engine = DeliveryEngine(
            DeliveryEngine.Configuration(
                apiKey: "key", schedule: schedule, concurrency: concurrency),
            client: client, journal: journal, clock: clock)
        let feed = DeliveryFeed(clock: clock, schedule: schedule)
        feed.add(deliveries)
        feed.close()
        let reports = Mutex<[AttemptReport]>([])
        try await engine.run(feed) { report in reports.withLock { $0.append(report) } }
        await client.shutDown()
        #expect(feed.count == 0)
        return (reports.withLock { $0 }, journal)
    }

    @Test func `a delivery is signed with its own key, and with the engine's without`() async throws
    {
        try await Handler.with { _, address in
            let keys: [String?] = [nil, "other", "other", nil, "third"]
            let (reports, _) = try await deliver(
                keys.enumerated().map { index, key in
                    DeliveryEngine.Scheduled(
                        due: 0, delivery: .make("{\"n\":\(index)}", to: address), apiKey: key)
                })
            #expect(reports.count == keys.count)
            for (report, key) in zip(reports, keys) {
                let hashes = HeaderHashes(
                    json: report.delivery.event.payload, apiKey: key ?? "key")
                let head = String(decoding: report.start.requestHead, as: UTF8.self)
                #expect(head.contains("\r\nContent-MD5: \(hashes.contentMD5)\r\n"))
                #expect(head.contains("\r\nContent-Sha256: \(hashes.contentSHA256)\r\n"))
                #expect(report.result.outcome == .acknowledged)
            }
        }
    }

    @Test func `those about one thing go in their order, beside all others`() async throws {
        try await Handler.with { handler, address in
            let deliveries = (0..<100).map { number in
                DeliveryEngine.Scheduled(
                    due: 0,
                    delivery: .make("{\"of\":\(number % 10),\"n\":\(number / 10)}", to: address),
                    subject: "\(number % 10)")
            }
            let (reports, _) = try await deliver(deliveries, concurrency: 8)
            #expect(reports.count == 100)
            for subject in 0..<10 {
                let own = handler.received.filter { $0.contains("{\"of\":\(subject),") }
                #expect(own.count == 10)
                for (number, body) in own.enumerated() {
                    #expect(body.contains("\"n\":\(number)}"))
                }
            }
        }
    }

    @Test func `a retry does not hold up the next about the same thing`() async throws {
        try await Handler.with({ $0 == 1 ? "503 Later|" : Handler.acknowledgement }) {
            _, address in
            let deliveries = ["{\"n\":1}", "{\"n\":2}"].map {
                DeliveryEngine.Scheduled(
                    due: 0, delivery: .make($0, to: address), subject: "request")
            }
            let (reports, _) = try await deliver(deliveries, schedule: .service, concurrency: 4)
            #expect(reports.map(\.deliveryID) == [1, 2, 1])
            #expect(reports.map(\.start.startedAt) == [0, 0, 300_000])
        }
    }

    @Test func `a dropped delivery is not sent, and its record has the reason`() async throws {
        try await Handler.with { handler, address in
            var dropped = DeliveryEngine.Scheduled(due: 0, delivery: .make("{}", to: address))
            dropped.manner = .dropped("dropped by rule 1")
            let sent = DeliveryEngine.Scheduled(due: 0, delivery: .make("[]", to: address))
            let (reports, journal) = try await deliver([dropped, sent], schedule: .service)
            #expect(reports.map(\.result.outcome) == [.interrupted, .acknowledged])
            #expect(reports[0].result.detail == "dropped by rule 1")
            #expect(reports[0].next == .giveUp)
            #expect(handler.received.count == 1)
            #expect(try await journal.deliveries().map(\.state) == [.failed, .acknowledged])
            let attempts = try await journal.attempts(of: 1)
            #expect(attempts == [AttemptRecord(start: reports[0].start, result: reports[0].result)])
        }
    }

    @Test func `a cut delivery ends in its body, and is tried again as usual`() async throws {
        try await Handler.with { handler, address in
            var cut = DeliveryEngine.Scheduled(due: 0, delivery: .make("{}", to: address))
            cut.manner = .cut(afterBodyBytes: 5)
            let (reports, journal) = try await deliver([cut], schedule: .service)
            #expect(reports.map(\.result.outcome) == [.interrupted, .acknowledged])
            #expect(reports[0].next == .retry(at: 300_000))
            #expect(reports.map(\.start.number) == [1, 2])
            #expect(handler.received.count == 1, "a cut body is no request")
            #expect(try await journal.delivery(1)?.state == .acknowledged)
        }
    }

    @Test func `an address that cannot be used fails alone`() async throws {
        try await Handler.with { handler, address in
            let places = [address, "http://", "ftp://a/", address]
            let (reports, journal) = try await deliver(
                places.map { DeliveryEngine.Scheduled(due: 0, delivery: .make("{}", to: $0)) },
                schedule: .service)
            #expect(
                reports.map(\.result.outcome)
                    == [.acknowledged, .unreachable, .unreachable, .acknowledged])
            #expect(reports.map(\.next) == [.acknowledged, .giveUp, .giveUp, .acknowledged])
            #expect(reports[1].result.detail?.contains("has no host") == true)
            #expect(reports[2].result.detail?.contains("scheme 'ftp'") == true)
            #expect(handler.received.count == 2)
            #expect(try await journal.deliveries(DeliveryFilter(state: .failed)).count == 2)
        }
    }

    @Test func `what is in the journal already goes on from there`() async throws {
        try await Handler.with({ _ in "500 No|" }) { _, address in
            let existing = DeliveryEngine.Scheduled.Existing(
                id: 1, attempts: 4, schedule: RetrySchedule(milliseconds: [1000]))
            let journal = try Journal(JournalConfiguration(storage: .memory))
            let delivery = NewDelivery.make("{}", to: address)
            _ = try await journal.append([delivery], now: 0)
            let client = try HTTPClient(
                configuration: HTTPClientConfiguration(timeout: .seconds(20)), group: loops)
            let engine = DeliveryEngine(
                DeliveryEngine.Configuration(apiKey: "key", schedule: .service), client: client,
                journal: journal, clock: clock)
            let feed = DeliveryFeed(clock: clock, schedule: .service)
            feed.add([DeliveryEngine.Scheduled(due: 0, delivery: delivery, existing: existing)])
            feed.close()
            try await engine.run(feed) { _ in }
            await client.shutDown()
            #expect(try await journal.attempts(of: 1).map(\.start.number) == [5, 6])
            #expect(try await journal.attempts(of: 1).map(\.start.startedAt) == [0, 1000])
        }
    }
}
