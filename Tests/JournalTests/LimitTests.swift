import Journal
import Testing

@Suite struct LimitTests {
    @Test func `a payload over the limit is refused, and nothing is kept of it`() async throws {
        var limits = JournalConfiguration.Limits()
        limits.payloadBytes = 4
        let journal = try Journal.inMemory(limits)
        try await journal.attempt(.make(payload: "four"))
        await #expect(throws: JournalError.self) {
            try await journal.append(.make(payload: "fives"), starting: .make())
        }
        await #expect(throws: JournalError.self) {
            try await journal.append([.make(), .make(payload: "fives")], now: now)
        }
        #expect(try await journal.deliveries().count == 1)
    }

    @Test func `an answer is cut at the limit, and its row tells its length`() async throws {
        var limits = JournalConfiguration.Limits()
        limits.responseBytes = 3
        let journal = try Journal.inMemory(limits)
        let id = try await journal.attempt()
        let result = try #require(try await journal.attempts(of: id).first?.result)
        #expect(result.response == Array("HTT".utf8))
        #expect(result.responseBytes == AttemptResult.acknowledged.response.count)
    }

    @Test func `old and surplus deliveries go, unfinished ones stay`() async throws {
        var limits = JournalConfiguration.Limits()
        limits.deliveries = 3
        limits.days = 1
        let journal = try Journal.inMemory(limits)
        let unfinished = try await journal.append([.make()], now: now)[0]
        for _ in 0..<5 { try await journal.attempt() }
        #expect(try await journal.prune(now: now) == 2)
        #expect(try await journal.deliveries().map(\.id) == [unfinished, 4, 5, 6])
        #expect(try await journal.attempts(of: 2).isEmpty)
        #expect(try await journal.attempts(of: 4).count == 1)

        #expect(try await journal.prune(now: now + 2 * 86_400_000) == 3)
        #expect(try await journal.deliveries().map(\.id) == [unfinished])
    }
}
