/// Workflow commands that GitHub Actions shows as annotations; failures and warnings alone.
package enum GitHubReport {
    package static func render(_ card: ReportCard) -> String {
        var lines: [String] = []
        if let error = card.runError {
            lines.append("::error title=countersign check::\(data(error.message))")
        }
        lines += card.results.compactMap(annotation)
        return (lines + ["countersign check \(card.target.oneLine): \(card.summary.oneLine)", ""])
            .joined(separator: "\n")
    }

    private static func annotation(_ result: CheckResult) -> String? {
        let command: String
        switch result.verdict.status {
        case .fail: command = "error"
        case .warn: command = "warning"
        case .pass, .info, .skipped: return nil
        }
        var properties = ["title=\(property("\(result.id): \(result.title)"))"]
        if let place = result.place {
            properties += ["file=\(property(place.file))", "line=\(place.line)"]
        }
        let text = data(PlainDetails.text(of: result))
        return "::\(command) \(properties.joined(separator: ","))::\(text)"
    }

    /// Escapes the text behind the second `::`.
    private static func data(_ text: String) -> String { escaped(text, ["%", "\r", "\n"]) }

    /// Escapes a property's value.
    private static func property(_ text: String) -> String {
        escaped(text, ["%", "\r", "\n", ":", ","])
    }

    private static func escaped(_ text: String, _ scalars: Set<Unicode.Scalar>) -> String {
        text.unicodeScalars.reduce(into: "") { output, scalar in
            if scalars.contains(scalar) {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                output += "%" + (digits.count < 2 ? "0" : "") + digits
            } else {
                output.unicodeScalars.append(scalar)
            }
        }
    }
}
