/// Spans of time as people write them: `90s`, `5m`, `2h`, `3d`, `250ms`.
package enum TimeSpan {
    private static let units: [(name: String, milliseconds: Double)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
    /// The longest span: a hundred years.
    private static let maximumMilliseconds = 100 * 365 * 86_400_000.0

    /// Reads a span; a number without a unit is seconds.
    ///
    /// - Returns: The span, or `nil` when the text is none, or is below zero.
    package static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(digits.count)
        guard let value = Double(digits),
            let factor = units.first(where: { $0.name == (unit.isEmpty ? "s" : String(unit)) }),
            value * factor.milliseconds <= maximumMilliseconds
        else { return nil }
        return .milliseconds(Int64((value * factor.milliseconds).rounded()))
    }
}
