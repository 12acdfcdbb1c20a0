import Callbacks

/// The report as one JSON object on one line; the names of its members do not change.
package enum JSONReport {
    package static func render(_ card: ReportCard) -> String {
        value(card).text(.plain) + "\n"
    }

    /// One result as an object of its own on one line, for a display that follows a run.
    package static func line(_ result: CheckResult) -> String {
        var members: [(String, JSONValue)] = [("type", "result")]
        members += self.members(of: result)
        return JSONValue.object(JSONObject(members)).text(.plain) + "\n"
    }

    private static func value(_ card: ReportCard) -> JSONValue {
        [
            "type": "report", "target": .string(card.target),
            "exit_code": JSONValue(Int(card.exitCode)), "summary": summary(of: card),
            "seed": .number(String(card.seed)), "key": text(card.key?.rawValue),
            "duration_ms": JSONValue(Int(card.duration.milliseconds)),
            "error": card.runError.map { error in
                ["code": .string("\(error.code)"), "message": .string(error.message)]
            } ?? .null,
            "results": .array(card.results.map { .object(JSONObject(members(of: $0))) }),
        ]
    }

    private static func summary(of card: ReportCard) -> JSONValue {
        .object(
            JSONObject(
                Verdict.Status.allCases.map { ($0.rawValue, JSONValue(card.count($0))) }))
    }

    private static func members(of result: CheckResult) -> [(String, JSONValue)] {
        [
            ("id", .string(result.id)), ("group", .string(result.group)),
            ("title", .string(result.title)), ("status", .string(result.verdict.status.rawValue)),
            ("message", .string(result.verdict.message)),
            ("findings", .array(result.verdict.findings.map(value))),
            ("documentation", text(result.documentation)),
            ("file", text(result.place?.file)),
            ("line", result.place.map { JSONValue($0.line) } ?? .null),
            ("duration_ms", JSONValue(Int(result.duration.milliseconds))),
        ]
    }

    private static func value(_ finding: Finding) -> JSONValue {
        [
            "case": .string(finding.caseName), "text": .string(finding.text),
            "reproduction": text(finding.reproduction),
        ]
    }

    private static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}
