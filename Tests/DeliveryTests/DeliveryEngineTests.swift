import Callbacks
import Delivery
import HTTPTransport
import Journal
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct DeliveryEngineTests {
    /// Delivers payloads to a handler; returns the reports and the journal.
    @discardableResult
    private func deliver(
        _ payloads: [String], to address: String, schedule: RetrySchedule = .never,
        concurrency: Int = 1, offsets: [Int64]? = nil, journal: Journal? = nil,
        clock: DeliveryClock = DeliveryClock(.skipping(start: 0))
    ) async throws -> (reports: [AttemptReport], journal: Journal) {
        let journal = try journal ?? Journal(JournalConfiguration(storage: .memory))
        let client = try HTTPClient(
            configuration: HTTPClientConfiguration(timeout: .seconds(20)), group: loops)
        let engine = DeliveryEngine(
            DeliveryEngine.Configuration(
                apiKey: "key", schedule: schedule, concurrency: concurrency),
            client: client, journal: journal, clock: clock)
        let scheduled = payloads.enumerated().map { index, payload in
            DeliveryEngine.Scheduled(
                due: offsets?[index] ?? 0, delivery: .make(payload, to: address))
        }
        let reports = Mutex<[AttemptReport]>([])
        let rest = Mutex(scheduled[...])
        try await engine.run(source: { rest.withLock { $0.popFirst() } }) { report in
            reports.withLock { $0.append(report) }
        }
        await client.shutDown()
        return (reports.withLock { $0 }, journal)
    }

    @Test func `delivers in order, and what is reported is in the journal`() async throws {
        try await Handler.with { handler, address in
            let payloads = (0..<50).map { "{\"number\":\($0)}" }
            let (reports, journal) = try await deliver(payloads, to: address)
            #expect(handler.received.count == 50)
            for (body, payload) in zip(handler.received, payloads) {
                #expect(body.contains(payload))
            }
            for report in reports {
                let attempts = try await journal.attempts(of: report.deliveryID)
                #expect(attempts == [AttemptRecord(start: report.start, result: report.result)])
            }
            let state = try await journal.deliveries(DeliveryFilter(state: .acknowledged))
            #expect(state.count == 50)
        }
    }

    @Test func `the journal has the exact octets of both sides`() async throws {
        try await Handler.with { handler, address in
            let (reports, _) = try await deliver(["{}"], to: address)
            let report = try #require(reports.first)
            let head = String(decoding: report.start.requestHead, as: UTF8.self)
            #expect(head.hasPrefix("POST /callbacks HTTP/1.1\r\n"))
            #expect(head.contains("Content-Length: \(handler.received[0].utf8.count)\r\n"))
            #expect(head.hasSuffix("\r\n\r\n"))
            let answer = String(decoding: report.result.response, as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n\(Acknowledgement.text)"))
        }
    }

    @Test func `a thousand events fail seven times, each at its moment`() async throws {
        try await Handler.with({ _ in "500 No|" }) { handler, address in
            let payloads = (0..<1000).map { "{\"number\":\($0)}" }
            let (reports, journal) = try await deliver(
                payloads, to: address, schedule: .service, concurrency: 16)
            #expect(handler.received.count == 7000)
            let times = Dictionary(grouping: reports, by: \.deliveryID)
                .mapValues { $0.map(\.start.startedAt) }
            #expect(times.count == 1000)
            let seconds: [Int64] = [0, 300, 1200, 3900, 12_000, 36_300, 109_200]
            #expect(times.values.allSatisfy { $0 == seconds.map { $0 * 1000 } })
            #expect(try await journal.deliveries(DeliveryFilter(state: .pending)).isEmpty)
        }
    }

    @Test func `a later attempt can succeed, while others pass it`() async throws {
        try await Handler.with({ $0 == 1 ? "503 Later|" : Handler.acknowledgement }) {
            handler, address in
            let (reports, _) = try await deliver(
                ["{\"a\":1}", "{\"b\":2}"], to: address, schedule: .service)
            #expect(reports.map(\.deliveryID) == [1, 2, 1])
            #expect(
                reports.map(\.result.outcome) == [.wrongStatus, .acknowledged, .acknowledged])
            #expect(reports[2].start.startedAt == 300_000)
            #expect(reports[2].start.number == 2)
            #expect(handler.received[0].contains("{\"a\":1}"))
            #expect(handler.received[2].contains("{\"a\":1}"))
        }
    }

    @Test func `events wait for their time`() async throws {
        try await Handler.with { _, address in
            let (reports, _) = try await deliver(
                ["{}", "{}", "{}"], to: address, offsets: [5000, 100, 3000])
            #expect(reports.map(\.start.startedAt) == [100, 3000, 5000])
        }
    }

    @Test func `nothing is sent without the journal`() async throws {
        try await Handler.with { handler, address in
            let journal = try Journal(JournalConfiguration(storage: .memory))
            try journal.close()
            await #expect(throws: (any Error).self) {
                try await deliver(["{}"], to: address, journal: journal)
            }
            #expect(handler.received.isEmpty)
        }
    }

    @Test func `an interrupted run leaves its delivery to the next`() async throws {
        try await Handler.with({ _ in "500 No|" }) { handler, address in
            let journal = try Journal(JournalConfiguration(storage: .memory))
            let failed = AsyncStream<Void>.makeStream()
            let clock = DeliveryClock(.manual(start: 0))
            let client = try HTTPClient(
                configuration: HTTPClientConfiguration(timeout: .seconds(20)), group: loops)
            let run = Task {
                let engine = DeliveryEngine(
                    DeliveryEngine.Configuration(apiKey: "key", schedule: .service),
                    client: client, journal: journal, clock: clock)
                let once = Mutex(true)
                try await engine.run(
                    source: {
                        once.withLock { isFirst in
                            defer { isFirst = false }
                            return isFirst
                                ? DeliveryEngine.Scheduled(
                                    due: 0, delivery: .make("{}", to: address))
                                : nil
                        }
                    },
                    report: { _ in failed.continuation.yield() })
            }
            var failures = failed.stream.makeAsyncIterator()
            await failures.next()
            run.cancel()
            try await run.value
            await client.shutDown()
            let left = try await journal.adoptUnfinished(now: clock.now)
            #expect(left.map(\.nextAttemptAt) == [300_000])
            #expect(handler.received.count == 1)
        }
    }
}

extension NewDelivery {
    static func make(_ payload: String, to address: String) -> NewDelivery {
        NewDelivery(
            event: NewEvent(
                type: .signatureRequestSent, time: "1760000000", kind: .account, origin: "test",
                payload: Array(payload.utf8)),
            destination: address, form: .multipart, boundary: "----boundary")
    }
}
