import Callbacks
import Checks
import Foundation
import Testing

@Suite struct SuiteTests {
    private static let configuration = Battery.Configuration(
        target: "http://localhost:3000/callbacks", apiKey: FakeHandler.key, now: RuleTests.now,
        seed: 7)

    private func read(_ text: String) throws -> Suite {
        let (suite, diagnostics) = Suite.read(text, file: "checks/a.yaml")
        #expect(diagnostics.map(\.description) == [])
        return suite
    }

    private func run(_ text: String, breaking defect: String? = nil) async throws -> ReportCard {
        await (try read(text)).run(Self.configuration, prober: FakeHandler(breaking: defect))
    }

    @Test func `reads all that a check can say`() throws {
        let suite = try read(
            """
            target: http://localhost:3000/callbacks
            rules: [hash, emoji]
            checks:
              - name: signed contract reaches the archive
                send: signature_request_all_signed
                as: app
                form: urlencoded
                hash: right
                override: { signature_request.title: NDA, signature_request.test_mode: true }
                add: { signature_request.metadata.case: 17 }
                remove: [signature_request.message]
                count: 2
                expect:
                  acknowledged: true
                  status: 200
                  body: { contains: Received, matches: '^Hello' }
                  headers: { Content-Type: { contains: text/plain } }
                  within: 1.5s
            """)
        #expect(suite.target == "http://localhost:3000/callbacks")
        #expect(suite.rules == Selection(only: ["hash", "emoji"]))
        let check = try #require(suite.checks.first)
        #expect(check.place == Place(file: "checks/a.yaml", line: 4))
        #expect(check.kind == .app && check.form == .urlencoded && check.count == 2)
        #expect(
            check.edits.map(\.path) == [
                "signature_request.title", "signature_request.test_mode",
                "signature_request.metadata.case", "signature_request.message",
            ])
        #expect(check.edits[1].action == .override(true) && check.edits[2].action == .add(17))
        #expect(
            check.expectation
                == Expectation(
                    isAcknowledged: true, status: 200,
                    body: [.contains("Received"), .matches("^Hello")],
                    headers: [
                        .init(name: "Content-Type", expectations: [.contains("text/plain")])
                    ], within: .milliseconds(1500)))
    }

    @Test func `a check without expectations expects an acknowledgement`() async throws {
        let text = """
            checks:
              - send: signature_request_sent
              - { name: forged, send: callback_test, hash: wrong }
              - { name: unsigned, send: callback_test, hash: missing }
            """
        #expect(try await run(text).exitCode == 0)
        let card = try await run(text, breaking: "answers-status-200")
        #expect(card.results.map(\.verdict.status) == [.fail, .pass, .pass])
        #expect(card.results[0].verdict.message == "expected status 200, got 201")
        #expect(card.results[0].id == "a/signature-request-sent")
        #expect(card.results[0].verdict.findings.first?.reproduction?.hasPrefix("curl ") == true)
    }

    @Test func `says every expectation that was not met`() async throws {
        let card = try await run(
            """
            checks:
              - send: callback_test
                expect:
                  status: 202
                  acknowledged: false
                  body: { equals: OK, lacks: Event }
                  headers: { X-Archive: stored }
                  within: 1ms
            """)
        #expect(
            card.results.first?.verdict.findings.map(\.text) == [
                "expected status 202, got 200",
                "expected no acknowledgement, got an acknowledgement",
                "expected the body 'OK', got 'Hello API Event Received'",
                "expected no 'Event' in the body, got 'Hello API Event Received'",
                "expected a header X-Archive, got none",
                "expected an answer within 0.001 s, got it after 0.002 s",
            ])
        #expect(card.results.first?.place?.line == 2)
    }

    @Test func `runs standard rules before its own checks`() async throws {
        let card = try await run(
            """
            rules: [emoji]
            checks:
              - send: callback_test
            """)
        #expect(card.results.map(\.id) == ["emoji", "a/callback-test"])
        #expect(card.key == .given)
    }

    @Test func `edits are in what is sent`() throws {
        let suite = try read(
            """
            checks:
              - send: signature_request_sent
                override: { signature_request.title: NDA }
                remove: [signature_request.subject]
            """)
        let check = try #require(suite.checks.first)
        let callback = try #require(try suite.request(check, Self.configuration).callback)
        #expect(callback.signatureRequest?["title"] == "NDA")
        #expect(callback.signatureRequest?["subject"] == nil)
        #expect(callback.isAuthentic(apiKey: FakeHandler.key))
    }

    @Test(arguments: [
        ("", "1: error: the file is empty; 'checks:' is expected"),
        ("target: x", "1: error: 'checks' or 'rules' is expected"),
        ("[1", "error: no YAML: "),
        ("cheks: []", "1: error: unknown key 'cheks' in the suite; did you mean checks?"),
        (
            "checks:\n  - send: callback_tset",
            "2: error: unknown type of event 'callback_tset' in 'send'; did you mean callback_test"
        ),
        ("checks:\n  - name: x", "2: error: 'send' is missing: the type of event"),
        (
            "checks:\n  - sned: callback_test",
            "2: error: unknown key 'sned' in the check; did you mean send?"
        ),
        (
            "checks:\n  - send: callback_test\n    as: ap",
            "3: error: unknown value 'ap' in 'as'; did you mean app?"
        ),
        (
            "checks:\n  - send: callback_test\n    count: many",
            "3: error: 'count' must be a whole number from 1 to 1000"
        ),
        (
            "checks:\n  - send: callback_test\n    expect: { status: ok }",
            "3: error: 'status' must be a whole number from 100 to 599"
        ),
        (
            "checks:\n  - send: callback_test\n    expect: { within: fast }",
            "3: error: 'within' must be a time such as 2s or 500ms"
        ),
        (
            "checks:\n  - send: callback_test\n    expect: { acknowledged: perhaps }",
            "3: error: 'acknowledged' must be true or false"
        ),
        (
            "checks:\n  - send: callback_test\n    expect: { body: { matches: '(' } }",
            "3: error: 'matches' is no regular expression"
        ),
        ("checks:\n  - send: callback_test\n    expect: {}", "3: error: 'expect' expects nothing"),
        (
            "checks:\n  - send: callback_test\n  - send: callback_test",
            "3: error: the name 'callback_test' is taken on line 2"
        ),
        ("checks: 3", "1: error: 'checks' must be a list"),
        (
            "rules: [hash, refuses-wrong-kee]",
            "1: error: there is no rule and no group 'refuses-wrong-kee'; did you mean refuses-wrong-key"
        ),
        ("rules: all", "1: error: 'rules' must be 'standard' or a list"),
        ("checks:\n  - send: callback_test\n    send: x", "error: the key 'send' is there twice"),
    ])
    func `tells where a file is wrong`(text: String, expected: String) {
        let diagnostics = Suite.read(text, file: "a.yaml").diagnostics
        #expect(diagnostics.count == 1)
        #expect(diagnostics.first?.description.contains(expected) == true, "\(diagnostics)")
    }

    @Test func `all that is wrong is found at once`() {
        let diagnostics = Suite.read(
            """
            checks:
              - send: nothing_known
                whatever: 1
              - send: callback_test
                count: 0
            """, file: "a.yaml"
        ).diagnostics
        #expect(diagnostics.map(\.place.line).sorted() == [2, 3, 5])
    }

    @Test func `the example suites can be read and hold for a correct handler`() async throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("fixtures/suites")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 3)
        for name in names {
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            let (suite, diagnostics) = Suite.read(text, file: name)
            #expect(diagnostics.map(\.description) == [])
            let card = await suite.run(Self.configuration, prober: FakeHandler())
            #expect(card.exitCode == 0, "\(name): \(ReportFormat.compact.render(card))")
        }
    }
}
