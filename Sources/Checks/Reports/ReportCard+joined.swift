extension ReportCard {
    /// The verdicts of both, for one report over several suites.
    package func joined(with other: ReportCard) -> ReportCard {
        var card = self
        card.results += other.results
        card.duration += other.duration
        card.key = key ?? other.key
        card.runError = runError ?? other.runError
        if other.target != target { card.target += ", \(other.target)" }
        return card
    }
}
