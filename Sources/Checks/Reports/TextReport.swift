/// The report card for a terminal.
package struct TextReport: Sendable {
    package var usesColour: Bool

    package init(usesColour: Bool = false) {
        self.usesColour = usesColour
    }

    package func render(_ card: ReportCard) -> String {
        var lines = ["\(bold("countersign check")) \(card.target)"]
        if let error = card.runError {
            return (lines + ["", "\(paint("✗", .fail)) \(error.message)", ""]).joined(
                separator: "\n")
        }
        let width = card.results.map(\.id.count).max() ?? 0
        for group in card.groups {
            lines += ["", bold(group.title)]
            for result in group.results { lines += self.lines(of: result, width: width) }
        }
        lines += ["", summary(card), ""]
        return lines.joined(separator: "\n")
    }

    private func summary(_ card: ReportCard) -> String {
        let notes = [card.keyNote, "seed \(card.seed)", card.duration.seconds].compactMap { $0 }
        let worst: Verdict.Status =
            card.exitCode != 0 ? .fail : card.count(.warn) > 0 ? .warn : .pass
        return "\(paint(card.summary, worst)) \(dim("(\(notes.joined(separator: ", ")))"))"
    }

    private func lines(of result: CheckResult, width: Int) -> [String] {
        let verdict = result.verdict
        let gap = String(repeating: " ", count: width - result.id.count + 2)
        var head = "  \(paint(Self.mark(verdict.status), verdict.status)) \(result.id)"
        guard verdict.status != .skipped else {
            return [head + gap + dim("skipped: \(verdict.message.oneLine)")]
        }
        head += gap + result.title
        guard verdict.status == .fail || verdict.status == .warn else {
            return verdict.message.isEmpty
                ? [head] : [head, "      \(dim(verdict.message.oneLine))"]
        }
        return [head, "      \(paint(verdict.message.oneLine, verdict.status))"]
            + details(of: result)
    }

    private func details(of result: CheckResult) -> [String] {
        var lines: [String] = []
        let findings = result.verdict.findings
        // The message names the cases; a line for each is of use where they differ.
        let isOneThing =
            Set(findings.map(\.text)).count == 1
            && findings.allSatisfy { result.verdict.message.contains($0.caseName) }
        for (index, finding) in findings.enumerated() {
            // The message says it all where there is one case.
            if findings.count == 1 || isOneThing { continue }
            // Cases that came to the same share a line.
            if findings[..<index].contains(where: { $0.text == finding.text }) { continue }
            let names = findings.filter { $0.text == finding.text }.map(\.caseName)
            lines.append("      \(names.joined(separator: ", ")): \(finding.text.oneLine)")
        }
        // One line is enough to start from; the reports in files have one for each case.
        if let finding = findings.first,
            let line = finding.shortReproduction ?? finding.reproduction
        {
            lines.append("      \(dim(line))")
        }
        if let command = result.explainCommand { lines.append("      more: \(command)") }
        if let place = result.place { lines.append("      at \(place)") }
        return lines
    }

    static func mark(_ status: Verdict.Status) -> String {
        switch status {
        case .pass: "✓"
        case .fail: "✗"
        case .warn: "!"
        case .info: "i"
        case .skipped: "-"
        }
    }

    private func paint(_ text: String, _ status: Verdict.Status) -> String {
        let code =
            switch status {
            case .pass: "32"
            case .fail: "31"
            case .warn: "33"
            case .info: "34"
            case .skipped: "90"
            }
        return styled(text, code)
    }

    private func bold(_ text: String) -> String { styled(text, "1") }
    private func dim(_ text: String) -> String { styled(text, "2") }

    private func styled(_ text: String, _ code: String) -> String {
        usesColour ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
