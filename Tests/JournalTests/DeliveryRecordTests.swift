import Callbacks
import Journal
import Testing

@Suite struct DeliveryRecordTests {
    @Test func `what goes in comes out, byte for byte`() async throws {
        let journal = try Journal.inMemory()
        var delivery = NewDelivery.make(.faxSent, payload: "{\"a\":\"\\u00e9\u{0}\"}", request: "r")
        delivery.event.payload += [0xff, 0x00]  // no UTF-8: the journal does not care
        let attempt = try await journal.append(delivery, starting: .make())

        let pending = try #require(try await journal.delivery(attempt.delivery))
        #expect(pending.delivery == delivery)
        #expect(pending.state == .pending)
        #expect(pending.attempts == 1)
        #expect(pending.lastOutcome == nil)

        try await journal.finish(attempt, .acknowledged, then: .acknowledged)
        let record = try #require(try await journal.delivery(attempt.delivery))
        #expect(record.delivery == delivery)
        #expect(record.state == .acknowledged)
        #expect(record.nextAttemptAt == nil)
        let attempts = try await journal.attempts(of: record.id)
        #expect(attempts == [AttemptRecord(start: .make(), result: .acknowledged)])
    }

    @Test func `each attempt keeps the head that it had`() async throws {
        let journal = try Journal.inMemory()
        let first = try await journal.append(.make(), starting: .make(1, head: "one"))
        try await journal.finish(first, .refused, then: .retry(at: now + 300_000))
        let waiting = try #require(try await journal.delivery(first.delivery))
        #expect(waiting.state == .pending)
        #expect(waiting.nextAttemptAt == now + 300_000)
        #expect(waiting.lastOutcome == .refused)

        let second = try await journal.begin(.make(2, head: "two"), of: first.delivery)
        try await journal.finish(second, .acknowledged, then: .acknowledged)
        let heads = try await journal.attempts(of: first.delivery).map(\.start.requestHead)
        #expect(heads == [Array("one".utf8), Array("two".utf8)])
        #expect(try await journal.delivery(first.delivery)?.attempts == 2)
    }

    @Test func `lists the newest that pass the filter, oldest first`() async throws {
        let journal = try Journal.inMemory()
        let acknowledged = try await journal.attempt(.make(.faxSent))
        let failed = try await journal.attempt(.make(.callbackTest), .refused, then: .giveUp)
        let pending = try await journal.append([.make(.faxSent, request: "r")], now: now)[0]
        func ids(_ filter: DeliveryFilter) async throws -> [Int64] {
            try await journal.deliveries(filter).map(\.id)
        }
        #expect(try await ids(DeliveryFilter()) == [acknowledged, failed, pending])
        #expect(try await ids(DeliveryFilter(limit: 2)) == [failed, pending])
        #expect(try await ids(DeliveryFilter(eventType: .faxSent)) == [acknowledged, pending])
        #expect(try await ids(DeliveryFilter(state: .acknowledged)) == [acknowledged])
        #expect(try await ids(DeliveryFilter(state: .failed)) == [failed])
        #expect(try await ids(DeliveryFilter(state: .pending)) == [pending])
        #expect(try await ids(DeliveryFilter(signatureRequestID: "r")) == [pending])
        #expect(try await ids(DeliveryFilter(after: failed)) == [pending])
        #expect(try await journal.delivery(99) == nil)
    }

    @Test func `a finished delivery can have another life`() async throws {
        let journal = try Journal.inMemory()
        let id = try await journal.attempt(.make(), .refused, then: .giveUp)
        try await journal.reopen(delivery: id, now: now + 5)
        let record = try #require(try await journal.delivery(id))
        #expect(record.state == .pending)
        #expect(record.attempts == 1)
        #expect(record.nextAttemptAt == now + 5)
    }

    @Test func `many writers get their own ids`() async throws {
        let journal = try Journal.inMemory()
        let ids = try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
            for number in 0..<200 {
                group.addTask {
                    let delivery = NewDelivery.make(payload: "\(number)")
                    return (number, try await journal.append(delivery, starting: .make()).delivery)
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for (number, id) in ids {
            let payload = try await journal.delivery(id)?.delivery.event.payload
            #expect(payload == Array("\(number)".utf8))
        }
    }
}
