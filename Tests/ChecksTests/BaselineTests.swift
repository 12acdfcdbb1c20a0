import Callbacks
import Checks
import Testing

@Suite struct BaselineTests {
    private func statuses(_ card: ReportCard) -> [String: Verdict.Status] {
        Dictionary(uniqueKeysWithValues: card.results.map { ($0.id, $0.verdict.status) })
    }

    @Test func `finds out that the handler has the published key`() async throws {
        let card = await (try RuleTests.battery(apiKey: nil)).run(prober: FakeHandler())
        #expect(card.key == .development)
        #expect(card.count(.fail) == 0 && card.count(.skipped) == 0)
    }

    @Test func `a handler that takes any key fails the rules on refusal`() async throws {
        let handler = ScriptedProber { probe in
            probe.request.callback.map { _ in .answer(200) } ?? .answer(400, "")
        }
        let card = await (try RuleTests.battery(apiKey: nil)).run(prober: handler)
        #expect(card.key == .any)
        let failed = card.results.filter { $0.verdict.status == .fail }.map(\.id)
        #expect(
            failed == [
                "refuses-wrong-key", "refuses-wrong-hash", "refuses-partial-hash",
                "refuses-empty-hash", "refuses-missing-hash", "refuses-hash-of-another-event",
            ])
        #expect(card.count(.skipped) == 0)
    }

    @Test(arguments: [400, 401, 403, 422])
    func `without the key nothing that needs it is judged`(status: Int) async throws {
        let handler = ScriptedProber { probe in
            probe.request.callback?.isAuthentic(apiKey: "mine") == true
                ? .answer(200) : .answer(status, "bad hash")
        }
        let card = await (try RuleTests.battery(apiKey: nil)).run(prober: handler)
        #expect(card.key == .unknown)
        #expect(card.count(.fail) == 0)
        let verdicts = statuses(card)
        #expect(verdicts["answers-every-request"] == .pass)
        #expect(verdicts["answers-status-200"] == .skipped)
        #expect(verdicts["refuses-wrong-key"] == .skipped)
        let reason = card.results.first { $0.id == "refuses-wrong-key" }?.verdict.message
        #expect(reason == "needs the handler's API key: --api-key or COUNTERSIGN_API_KEY")
        let whole = await (try RuleTests.battery(apiKey: "mine")).run(prober: handler)
        #expect(whole.key == .given && whole.count(.fail) == 0)
    }

    @Test func `a wrong path is no missing key`() async throws {
        let handler = ScriptedProber { _ in .answer(404, "nothing here") }
        let card = await (try RuleTests.battery(apiKey: nil)).run(prober: handler)
        let failed = card.results.filter { $0.verdict.status == .fail }
        #expect(failed.map(\.id) == ["answers-status-200"])
        #expect(
            failed.first?.verdict.message
                == "expected status 200, got 404; is this the handler's path?"
                + "; if the handler has a key of its own, name it with --api-key")
        #expect(card.exitCode == 1)
    }

    @Test func `a wrong key that was given is a failure with a hint`() async throws {
        let card = await (try RuleTests.battery(apiKey: "other")).run(prober: FakeHandler())
        let failed = card.results.filter { $0.verdict.status == .fail }
        #expect(failed.map(\.id) == ["answers-status-200"])
        #expect(failed.first?.verdict.message.contains("is the key the handler's?") == true)
    }

    @Test func `what lacks an acknowledging handler is skipped and says where to look`()
        async throws
    {
        let handler = FakeHandler(breaking: "answers-with-text")
        let card = await (try RuleTests.battery()).run(prober: handler)
        let skipped = card.results.filter { $0.verdict.status == .skipped }
        #expect(skipped.count == 36)
        #expect(skipped.allSatisfy { $0.verdict.message.hasSuffix("see answers-with-text") })
        #expect(handler.requests.count < 10)
    }

    @Test(arguments: [
        (Outcome.refused, "nobody listens at http://localhost:3000/callbacks"),
        (.unreachable, "http://localhost:3000/callbacks cannot be reached"),
        (.tlsFailure, "TLS with http://localhost:3000/callbacks failed"),
    ])
    func `a run against nobody is an error and no failure`(
        outcome: Outcome, text: String
    )
        async throws
    {
        let prober = ScriptedProber { _ in Observation(outcome: outcome, detail: "some\nreason") }
        let card = await (try RuleTests.battery()).run(prober: prober)
        #expect(card.exitCode == 2)
        #expect(card.results.isEmpty)
        #expect(card.runError?.message.hasPrefix(text) == true)
        #expect(card.runError?.message.hasSuffix("(some reason)") == true)
    }
}
