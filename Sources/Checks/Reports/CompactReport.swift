/// One line for each result that is no plain pass, and the summary.
package enum CompactReport {
    package static func render(_ card: ReportCard) -> String {
        let lines = card.results.filter { $0.verdict.status != .pass }.map { result in
            "\(result.verdict.status.rawValue.uppercased()) \(result.id): \(result.verdict.message)"
        }
        return (lines + ["\(card.target): \(card.summary)"]).joined(separator: "\n") + "\n"
    }
}
