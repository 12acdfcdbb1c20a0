import Checks
import Foundation
import Testing

#if canImport(FoundationXML)
import FoundationXML
#endif

@Suite struct ReportTests {
    /// A card with every kind of verdict and texts that need escaping.
    static let card: ReportCard = {
        func rule(_ id: String) -> Rule {
            Rule.named(id) ?? Rule.standard[0]
        }
        let curl =
            #"curl -sS -H 'User-Agent: HelloSign API' --form-string 'json={"title":"a<b>"}' "#
            + "http://localhost:3000/callbacks?a=1&b=2"
        let suiteCheck = CheckResult(
            id: "archive/nda", group: "archive", groupTitle: "checks/archive.yaml",
            title: "an NDA, 100% signed: archived",
            place: Place(file: "checks/archive.yaml", line: 4),
            verdict: .fail(
                "expected 'stored' in the body, got '<h1>\u{1b}[31m'",
                [
                    Finding(
                        caseName: "answer", text: "expected 'stored' in the body",
                        reproduction: curl)
                ]),
            duration: .milliseconds(3))
        let results = [
            CheckResult(
                rule: rule("answers-in-time"), verdict: .pass, duration: .milliseconds(12)),
            CheckResult(
                rule: rule("answers-exactly"),
                verdict: .warn(
                    "expected exactly 'Hello API Event Received', got '\"Hello…'",
                    [Finding(caseName: "plain", text: "got quotes", reproduction: curl)])),
            CheckResult(
                rule: rule("refuses-wrong-key"),
                verdict: .fail(
                    "expected a refusal, got an acknowledgement: the hash was made with another key",
                    [
                        Finding(
                            caseName: "other-key",
                            text: "expected a refusal such as 401, got an acknowledgement",
                            reproduction: curl)
                    ]), duration: .milliseconds(4)),
            CheckResult(
                rule: rule("altered-body"), verdict: .info("acknowledged: # not covered \\ at all")),
            CheckResult(
                rule: rule("connection-reuse"),
                verdict: .pass("the handler closes its connections after an answer")),
            CheckResult(
                rule: rule("emoji"), verdict: .skipped("not run: 2 rules failed (--max-failures)")),
            suiteCheck,
        ]
        return ReportCard(
            target: "http://localhost:3000/callbacks?a=1&b=2", seed: 7, key: .development,
            results: results, duration: .milliseconds(1203))
    }()

    static let failedRun = ReportCard(
        target: "http://localhost:3000/", seed: 7,
        runError: CheckError(
            code: .unreachable, message: "nobody listens at http://localhost:3000/; start it",
            path: "http://localhost:3000/"))

    @Test(arguments: ReportFormat.allCases)
    func `looks as recorded`(format: ReportFormat) throws {
        try expectSnapshot(format.render(Self.card), "card.\(format.rawValue)")
        try expectSnapshot(format.render(Self.failedRun), "no-run.\(format.rawValue)")
    }

    @Test func `colours are on request`() {
        let plain = ReportFormat.text.render(Self.card)
        let coloured = ReportFormat.text.render(Self.card, usesColour: true)
        #expect(coloured.contains("\u{1b}[31m✗\u{1b}[0m refuses-wrong-key"))
        let parts = coloured.split(separator: "\u{1b}[", omittingEmptySubsequences: false)
        let uncoloured = parts.dropFirst().map { $0.drop { $0 != "m" }.dropFirst() }
        #expect(String(parts[0]) + uncoloured.joined() == plain)
    }

    @Test func `XML is well formed and has the counts of its cases`() throws {
        for card in [Self.card, Self.failedRun] {
            let counter = CaseCounter()
            let parser = XMLParser(data: Data(ReportFormat.junit.render(card).utf8))
            parser.delegate = counter
            #expect(parser.parse())
            #expect(counter.cases == counter.declared)
            #expect(counter.declared == max(1, card.results.count))
        }
    }

    @Test func `JSON is one line with stable names`() throws {
        let text = ReportFormat.json.render(Self.card)
        #expect(text.split(separator: "\n").count == 1)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "type", "target", "exit_code", "summary", "seed", "key", "duration_ms", "error",
                "results",
            ])
        #expect((object["results"] as? [[String: Any]])?.count == 7)
        #expect(object["exit_code"] as? Int == 1)
    }

    @Test func `annotations have one line each`() {
        let lines = ReportFormat.github.render(Self.card).split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("::error ") }.count == 2)
        #expect(lines.filter { $0.hasPrefix("::warning ") }.count == 1)
        #expect(lines.count == 4)
        #expect(
            lines.contains {
                $0.contains(
                    "title=archive/nda%3A an NDA%2C 100%25 signed%3A archived,"
                        + "file=checks/archive.yaml,line=4::")
            })
    }

    @Test func `no text of a handler becomes markup`() {
        var card = Self.card
        card.target = "http://x/\"><script>alert(1)</script>"
        card.results[0].verdict = .warn("<img src=x onerror=alert(1)>")
        let page = ReportFormat.html.render(card)
        #expect(!page.contains("<script") && !page.contains("<img"))
        #expect(!page.contains("http-equiv=\"refresh\""))
    }

    @Test func `the summary counts in words`() {
        #expect(Self.card.summary == "2 passed, 2 failed, 1 warning, 1 note, 1 skipped")
        #expect(Self.card.exitCode == 1 && Self.failedRun.exitCode == 2)
    }
}

private final class CaseCounter: NSObject, XMLParserDelegate {
    var cases = 0
    var declared = 0

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        if name == "testcase" { cases += 1 }
        if name == "testsuite" { declared += attributes["tests"].flatMap { Int($0) } ?? 0 }
    }
}
