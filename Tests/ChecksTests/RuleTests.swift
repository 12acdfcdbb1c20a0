import Callbacks
import Checks
import Testing

/// Every rule can pass and can fail, and says nothing about other defects.
@Suite struct RuleTests {
    /// The time of all events in tests.
    static let now: Int64 = 1_700_000_000

    static func battery(
        apiKey: String? = FakeHandler.key, only: [String] = [], skip: [String] = [],
        maximumFailures: Int? = nil
    ) throws -> Battery {
        try Battery(
            Battery.Configuration(
                target: "http://localhost:3000/callbacks", apiKey: apiKey, now: now, seed: 7,
                selection: Selection(only: only, skip: skip), maximumFailures: maximumFailures))
    }

    /// Rules that only tell what a handler does.
    static let notes: Set = ["altered-body", "raw-json", "urlencoded"]

    /// Rules whose breach is a warning.
    static let warnings: Set = [
        "answers-exactly", "refuses-uppercase-hash", "json-beside-other-field",
        "refuses-malformed-json",
    ]

    /// Defects that are several defects at once, and the rules that see the others.
    static let wider: [String: Set<String>] = [
        "refuses-wrong-key": [
            "refuses-wrong-hash", "refuses-partial-hash", "refuses-uppercase-hash",
            "refuses-hash-of-another-event",
        ],
        "refuses-wrong-hash": [
            "refuses-wrong-key", "refuses-partial-hash", "refuses-hash-of-another-event",
        ],
        "survives-disconnect": ["survives-malformed-json", "refuses-malformed-json"],
        "refuses-partial-hash": [],
    ]

    @Test func `a correct handler gets no failure and no warning`() async throws {
        let card = await (try Self.battery()).run(prober: FakeHandler())
        for result in card.results {
            let expected: Verdict.Status = Self.notes.contains(result.id) ? .info : .pass
            #expect(result.verdict.status == expected, "\(result.id): \(result.verdict.message)")
        }
        #expect(card.results.count == Rule.standard.count)
        #expect(card.exitCode == 0)
    }

    @Test(arguments: Rule.standard.map(\.id).filter { !notes.contains($0) })
    func `finds the defect`(id: String) async throws {
        let card = await (try Self.battery()).run(prober: FakeHandler(breaking: id))
        let result = try #require(card.results.first { $0.id == id })
        #expect(result.verdict.status == (Self.warnings.contains(id) ? .warn : .fail))
        #expect(!result.verdict.message.isEmpty)
        #expect(!result.verdict.findings.isEmpty)
        let others = card.results.filter {
            $0.id != id && ($0.verdict.status == .fail || $0.verdict.status == .warn)
        }
        let unexpected = Set(others.map(\.id)).subtracting(Self.wider[id] ?? [])
        #expect(unexpected.isEmpty)
        #expect(card.exitCode == (Self.warnings.contains(id) ? 0 : 1))
    }

    @Test func `rules have what a report needs`() {
        #expect(Set(Rule.standard.map(\.id)).count == Rule.standard.count)
        for rule in Rule.standard {
            #expect(!rule.title.contains("\n") && !rule.title.hasSuffix("."), "\(rule.id)")
            #expect(rule.requirement.hasSuffix("."), "\(rule.id)")
            #expect(rule.explanation.hasSuffix("."), "\(rule.id)")
            #expect(rule.documentation.hasPrefix("https://developers.hellosign.com/"))
        }
    }

    @Test func `a refusal by an error of the server is a warning`() async throws {
        let handler = ScriptedProber { probe in
            let callback = probe.request.callback
            if callback?.isAuthentic(apiKey: FakeHandler.key) == true { return .answer(200) }
            return callback?.eventHash.isEmpty == true ? .answer(500, "oops") : .answer(401, "")
        }
        let card = await (try Self.battery(only: ["hash"])).run(prober: handler)
        let warned = card.results.filter { $0.verdict.status == .warn }
        #expect(warned.map(\.id) == ["refuses-empty-hash", "refuses-missing-hash"])
        #expect(warned.first?.verdict.message.contains("500") == true)
        #expect(card.exitCode == 0)
    }

    @Test func `many failing types are summarized`() async throws {
        let handler = ScriptedProber { probe in
            probe.request.callback?.eventType == .signatureRequestSent
                ? .answer(200) : .answer(400, "unknown event")
        }
        let rules = try Self.battery(only: ["acknowledges-account-events"])
        let verdict = try #require(await rules.run(prober: handler).results.first?.verdict)
        #expect(
            verdict.message
                == "27 of 28 event types not acknowledged: unknown_error, file_error, "
                + "sign_url_invalid, signature_request_viewed, signature_request_signed and 22 more "
                + "(expected status 200, got 400)")
        #expect(verdict.findings.count == 3)
    }
}

/// A handler that is one function.
struct ScriptedProber: Prober {
    let handle: @Sendable (Probe) -> Observation

    init(_ handle: @escaping @Sendable (Probe) -> Observation) {
        self.handle = handle
    }

    func send(_ probe: Probe) async -> Observation { handle(probe) }
    func sendTogether(_ probes: [Probe]) async -> [Observation] { probes.map(handle) }
}
