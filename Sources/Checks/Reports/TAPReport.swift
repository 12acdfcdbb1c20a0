import Callbacks

/// The report in TAP, version 14.
///
/// - SeeAlso: testanything.org, TAP 14 specification.
package enum TAPReport {
    package static func render(_ card: ReportCard) -> String {
        var lines = ["TAP version 14"]
        if let error = card.runError {
            return (lines + ["Bail out! \(error.message.oneLine)", ""]).joined(separator: "\n")
        }
        lines.append("1..\(card.results.count)")
        for (index, result) in card.results.enumerated() {
            lines += point(index + 1, result)
        }
        return (lines + ["# \(card.summary)", ""]).joined(separator: "\n")
    }

    private static func point(_ number: Int, _ result: CheckResult) -> [String] {
        let verdict = result.verdict
        let word = verdict.status == .fail ? "not ok" : "ok"
        let line = "\(word) \(number) - \(escaped("\(result.id): \(result.title)"))"
        if verdict.status == .skipped { return [line + " # SKIP \(escaped(verdict.message))"] }
        return verdict.message.isEmpty ? [line] : [line, "  ---"] + block(result) + ["  ..."]
    }

    /// YAML, with every text as a JSON string, which YAML takes as it is.
    private static func block(_ result: CheckResult) -> [String] {
        var lines = [
            "  message: \(quoted(result.verdict.message))",
            "  severity: \(result.verdict.status.rawValue)",
        ]
        if let place = result.place { lines.append("  at: \(quoted(place.description))") }
        if !result.verdict.findings.isEmpty { lines.append("  findings:") }
        for finding in result.verdict.findings {
            lines.append("    - case: \(quoted(finding.caseName))")
            lines.append("      text: \(quoted(finding.text))")
            if let line = finding.reproduction {
                lines.append("      reproduction: \(quoted(line))")
            }
        }
        return lines
    }

    private static func quoted(_ text: String) -> String { JSONValue.string(text).text(.plain) }

    private static func escaped(_ text: String) -> String {
        text.oneLine.reduce(into: "") { output, character in
            if character == "#" || character == "\\" { output.append("\\") }
            output.append(character)
        }
    }
}
