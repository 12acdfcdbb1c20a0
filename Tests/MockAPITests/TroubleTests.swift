import Callbacks
import Fixtures
import Testing

@testable import MockAPI

@Suite struct TroubleTests {
    @Test(arguments: [
        ("*", "signatureRequestSend", true), ("signatureRequest*", "signatureRequestSend", true),
        ("signatureRequest*", "teamGet", false), ("teamGet", "teamGet", true),
        ("teamGet", "teamGetX", false), ("team", "teamGet", false), ("teamGet*", "teamGet", true),
        ("", "teamGet", false), ("*Get", "teamGet", false),
    ])
    func `a rule covers one operation, or those that begin so`(
        _ pattern: String, _ operation: String, _ isCovered: Bool
    ) {
        #expect(FaultRule<Trouble>(pattern: pattern, effect: .reset).covers(operation) == isCovered)
    }

    @Test func `a rule with a count hits that many of its own calls`() throws {
        var trouble = FaultBook<Trouble>()
        let added = trouble.add(
            FaultRule<Trouble>(pattern: "team*", effect: .error(.unavailable), count: 2))
        let rule = try #require(added)
        #expect(rule.id == 1)
        #expect(trouble.hits(on: "accountGet").isEmpty)
        #expect(trouble.hits(on: "teamGet").map(\.effect) == [.error(.unavailable)])
        #expect(trouble.hits(on: "teamInfo").map(\.effect) == [.error(.unavailable)])
        #expect(trouble.hits(on: "teamGet").isEmpty)
        #expect(trouble.rules.map(\.count) == [0])
    }

    @Test func `rules work together, in their order, until they are dropped`() throws {
        var trouble = FaultBook<Trouble>()
        let added = [
            trouble.add(FaultRule<Trouble>(effect: .delay(10))),
            trouble.add(FaultRule<Trouble>(pattern: "team*", effect: .reset)),
        ]
        let (first, second) = (try #require(added[0]), try #require(added[1]))
        #expect(trouble.hits(on: "teamGet").map(\.effect) == [.delay(10), .reset])
        #expect([trouble.remove(first.id), trouble.remove(first.id)] == [true, false])
        #expect(trouble.hits(on: "teamGet").map(\.effect) == [.reset])
        #expect(trouble.hits(on: "accountGet").isEmpty)
        #expect(trouble.rules == [second])
        #expect([trouble.remove(nil), trouble.remove(nil)] == [true, false])
        // An id means one rule for ever.
        let third = trouble.add(FaultRule<Trouble>(effect: .reset))
        #expect(third?.id == 3)
    }

    /// Which of 1,000 calls are hit.
    private func hits(_ probability: Double, seed: UInt64) -> [Bool] {
        var trouble = FaultBook<Trouble>()
        _ = trouble.add(
            FaultRule<Trouble>(effect: .reset, probability: probability, seed: seed))
        return (0..<1000).map { _ in !trouble.hits(on: "teamGet").isEmpty }
    }

    @Test func `a probability hits about as many, and for a seed the same ones`() {
        let some = hits(0.3, seed: 7)
        #expect((250...350).contains(some.count { $0 }))
        #expect(hits(0.3, seed: 7) == some)
        #expect(hits(0.3, seed: 8) != some)
        #expect(!hits(0, seed: 7).contains(true))
        #expect(!hits(1, seed: 7).contains(false))
    }

    @Test func `a call that is passed over is not counted`() {
        var trouble = FaultBook<Trouble>()
        _ = trouble.add(FaultRule<Trouble>(effect: .reset, count: 3, probability: 0.1, seed: 1))
        let hits = (0..<1000).count { _ in !trouble.hits(on: "teamGet").isEmpty }
        #expect(hits == 3)
    }

    @Test func `rules have a limit`() {
        var trouble = FaultBook<Trouble>()
        for _ in 0..<FaultBook<Trouble>.maximumRules {
            _ = trouble.add(FaultRule<Trouble>(effect: .reset))
        }
        let extra = trouble.add(FaultRule<Trouble>(effect: .reset))
        #expect(extra == nil)
        _ = trouble.remove(1)
        let again = trouble.add(FaultRule<Trouble>(effect: .reset))
        #expect(again != nil)
    }

    @Test func `a call asks for trouble by its headers`() throws {
        let asked = try RequestedTrouble([
            HeaderField("Content-Type", "x"), HeaderField("x-countersign-ERROR", "max_faxes"),
            HeaderField("X-Countersign-Outcome", "file_error"),
        ])
        #expect(asked.error?.name == .maximumFaxes)
        #expect(asked.outcome == "file_error")
        #expect(try RequestedTrouble([]).error == nil)
        for name in APIError.Name.all {
            let asked = try RequestedTrouble([HeaderField("X-Countersign-Error", name.text)])
            #expect(asked.error?.name.text == name.text)
        }
        for header in [
            HeaderField("X-Countersign-Error", "oops"), HeaderField("X-Countersign-Error", ""),
            HeaderField("X-Countersign-Outcome", "signature_request_sent"),
        ] {
            let error = #expect(throws: APIError.self) { try RequestedTrouble([header]) }
            #expect(error?.name == .badRequest)
        }
    }
}
