/// The forms in which a report can be had.
package enum ReportFormat: String, Hashable, Sendable, CaseIterable {
    case text, compact, json, junit, tap, github, html

    /// The report; ends with a line end.
    ///
    /// Colour counts for text alone, see ``TextReport``.
    package func render(_ card: ReportCard, usesColour: Bool = false) -> String {
        switch self {
        case .text: TextReport(usesColour: usesColour).render(card)
        case .compact: CompactReport.render(card)
        case .json: JSONReport.render(card)
        case .junit: JUnitReport.render(card)
        case .tap: TAPReport.render(card)
        case .github: GitHubReport.render(card)
        case .html: HTMLReport.render(card)
        }
    }
}
