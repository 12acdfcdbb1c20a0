import Callbacks
import Checks
import Synchronization
import Testing

@Suite struct BatteryTests {
    @Test func `equal seeds send equal requests`() async throws {
        let (first, second) = (FakeHandler(), FakeHandler())
        _ = await (try RuleTests.battery()).run(prober: first)
        _ = await (try RuleTests.battery()).run(prober: second)
        #expect(first.requests == second.requests)
    }

    @Test func `every case can be had by its name`() async throws {
        let handler = FakeHandler()
        let battery = try RuleTests.battery(only: ["emoji"])
        _ = await battery.run(prober: handler)
        let request = try battery.request(ruleID: "emoji", caseName: "raw-utf-8")
        #expect(handler.requests.contains(request))
        let error = #expect(throws: CheckError.self) {
            try battery.request(ruleID: "emoji", caseName: "raw")
        }
        #expect(error?.code == .unknownCase)
        #expect(error?.message.contains("raw-utf-8, escaped") == true)
    }

    @Test func `rules are chosen by id and by group`() throws {
        let rules = try RuleTests.battery(only: ["hash", "emoji"], skip: ["altered-body"]).rules
        #expect(rules.count == 8)
        #expect(rules.first?.id == "refuses-wrong-key" && rules.last?.id == "emoji")
    }

    @Test func `an unknown rule is answered with the nearest`() {
        let error = #expect(throws: CheckError.self) {
            try RuleTests.battery(only: ["refuses-wrong-kee"])
        }
        #expect(error?.code == .unknownRule)
        #expect(error?.message.contains("did you mean refuses-wrong-key") == true)
    }

    @Test func `ends after so many failures`() async throws {
        let handler = ScriptedProber { probe in
            probe.request.callback?.eventType == .signatureRequestSent
                ? .answer(200) : .answer(400, "")
        }
        let battery = try RuleTests.battery(only: ["events"], maximumFailures: 2)
        let card = await battery.run(prober: handler)
        #expect(card.count(.fail) == 2)
        #expect(
            card.results.last?.verdict.message == "not run: 2 rules failed (--max-failures)")
    }

    @Test func `a handler that died is asked no more`() async throws {
        let isDead = Mutex(false)
        let handler = ScriptedProber { probe in
            if isDead.withLock({ $0 }) { return Observation(outcome: .refused) }
            guard probe.request.body.count > 100_000 else {
                return probe.request.callback == nil ? .answer(400, "") : .answer(200)
            }
            isDead.withLock { $0 = true }
            return Observation(outcome: .reset)
        }
        let card = await (try RuleTests.battery(only: ["payload"])).run(prober: handler)
        let later = card.results.drop { $0.id != "emoji" }
        #expect(later.first?.verdict.status == .fail)
        #expect(
            later.dropFirst().allSatisfy {
                $0.verdict.message == "nobody listens any more, see emoji"
            })
    }

    @Test func `progress is told in order`() async throws {
        var lines: [String] = []
        let battery = try RuleTests.battery(only: ["emoji", "many-signers"])
        _ = await battery.run(prober: FakeHandler()) { event in
            switch event {
            case .started(let total): lines.append("\(total)")
            case .began(let id): lines.append("> \(id)")
            case .finished(let result): lines.append("\(result.id) \(result.verdict.status)")
            }
        }
        #expect(lines == ["2", "> many-signers", "many-signers pass", "> emoji", "emoji pass"])
    }

    @Test func `a run in which all is skipped is no success`() async throws {
        let handler = ScriptedProber { _ in .answer(401, "") }
        let battery = try RuleTests.battery(apiKey: nil, only: ["hash"])
        let card = await battery.run(prober: handler)
        #expect(card.exitCode == 1)
        #expect(card.summary == "0 passed, 8 skipped: nothing could be judged")
    }

    @Test func `no key gets into a report`() async throws {
        let key = "b9f2f0b5d3f54d1bb8f5secret"
        let handler = ScriptedProber { probe in
            probe.request.callback?.isAuthentic(apiKey: key) == true
                && probe.request.callback?.eventType == .signatureRequestSent
                ? .answer(200) : .answer(400, "")
        }
        let card = await (try RuleTests.battery(apiKey: key)).run(prober: handler)
        #expect(card.count(.fail) > 0)
        for format in ReportFormat.allCases {
            #expect(!format.render(card).contains(key))
        }
    }
}
