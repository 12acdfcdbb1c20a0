/// The report as JUnit XML, one test suite for each group; warnings and notes are output of tests.
package enum JUnitReport {
    package static func render(_ card: ReportCard) -> String {
        let groups = card.groups
        let errors = card.runError == nil ? 0 : 1
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            "<testsuites"
                + attributes([
                    ("name", "countersign check \(card.target)"),
                    ("tests", "\(card.results.count + errors)"),
                    ("failures", "\(card.count(.fail))"), ("errors", "\(errors)"),
                    ("time", card.duration.decimalSeconds),
                ]) + ">",
        ]
        if let error = card.runError { lines += suite(of: error, target: card.target) }
        for group in groups { lines += suite(group.title, group.results) }
        return (lines + ["</testsuites>", ""]).joined(separator: "\n")
    }

    private static func suite(of error: CheckError, target: String) -> [String] {
        [
            "  <testsuite"
                + attributes([
                    ("name", "countersign check"), ("tests", "1"), ("failures", "0"),
                    ("errors", "1"), ("skipped", "0"), ("time", "0"),
                ]) + ">",
            "    <testcase"
                + attributes([("name", target), ("classname", "countersign"), ("time", "0")])
                + ">",
            "      <error"
                + attributes([("message", error.message), ("type", error.code.description)]) + "/>",
            "    </testcase>", "  </testsuite>",
        ]
    }

    private static func suite(_ title: String, _ results: [CheckResult]) -> [String] {
        let time = results.reduce(Duration.zero) { $0 + $1.duration }
        let head =
            "  <testsuite"
            + attributes([
                ("name", title), ("tests", "\(results.count)"),
                ("failures", "\(results.count { $0.verdict.status == .fail })"), ("errors", "0"),
                ("skipped", "\(results.count { $0.verdict.status == .skipped })"),
                ("time", time.decimalSeconds),
            ]) + ">"
        return [head] + results.flatMap(testCase) + ["  </testsuite>"]
    }

    private static func testCase(_ result: CheckResult) -> [String] {
        var names = [
            ("name", "\(result.id): \(result.title)"), ("classname", "countersign.\(result.group)"),
            ("time", result.duration.decimalSeconds),
        ]
        if let place = result.place {
            names += [("file", place.file), ("line", "\(place.line)")]
        }
        let head = "    <testcase" + attributes(names)
        let body = outcome(result)
        return body.isEmpty ? [head + "/>"] : [head + ">"] + body + ["    </testcase>"]
    }

    private static func outcome(_ result: CheckResult) -> [String] {
        let verdict = result.verdict
        switch verdict.status {
        case .fail:
            return [
                "      <failure" + attributes([("message", verdict.message), ("type", result.id)])
                    + ">\(XMLText(PlainDetails.text(of: result)))</failure>"
            ]
        case .skipped: return ["      <skipped" + attributes([("message", verdict.message)]) + "/>"]
        case .pass where verdict.message.isEmpty: return []
        case .pass, .info, .warn:
            let word = verdict.status == .warn ? "warning: " : ""
            let text = XMLText(word + PlainDetails.text(of: result))
            return ["      <system-out>\(text)</system-out>"]
        }
    }

    private static func attributes(_ attributes: [(String, String)]) -> String {
        attributes.map { #" \#($0)="\#(XMLText(attribute: $1))""# }.joined()
    }
}

/// What a result has to say, as plain lines.
enum PlainDetails {
    static func text(of result: CheckResult) -> String {
        var lines = [result.verdict.message]
        for finding in result.verdict.findings {
            lines.append("\(finding.caseName): \(finding.text)")
            if let line = finding.reproduction { lines.append(line) }
        }
        if result.verdict.status != .info, let command = result.explainCommand {
            lines.append("more: \(command)")
        }
        return lines.joined(separator: "\n")
    }
}
