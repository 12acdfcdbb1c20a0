package import Callbacks

/// The names that a person may have meant, the nearest first.
///
/// - Parameters:
///   - name: What was typed.
///   - names: What would be right.
///   - limit: At most that many.
/// - Returns: Those within a third of the length in edits, or that contain what was typed.
package func nearest(to name: String, among names: [String], limit: Int = 3) -> [String] {
    let typed = Array(name.lowercased().utf8.prefix(200))
    guard !typed.isEmpty else { return [] }
    let allowed = max(2, typed.count / 3)
    let ranked = names.compactMap { candidate -> (rank: Int, name: String)? in
        let distance = editDistance(typed, Array(candidate.lowercased().utf8.prefix(200)))
        if distance <= allowed { return (distance, candidate) }
        // Somebody who types a part knows the word but not the whole name.
        let containsPart = typed.count >= 3 && candidate.lowercased().contains(name.lowercased())
        return containsPart ? (allowed + distance, candidate) : nil
    }
    return ranked.sorted { ($0.rank, $0.name) < ($1.rank, $1.name) }.prefix(limit).map(\.name)
}

/// The hint of an error message: `did you mean a or b?`; `nil` when nothing is near.
package func suggestion(for name: String, among names: [String]) -> String? {
    let near = nearest(to: name, among: names)
    return near.isEmpty ? nil : "did you mean \(near.joined(separator: " or "))?"
}

/// Insertions, deletions and replacements between two texts (Levenshtein).
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (index, byte) in left.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for column in right.indices {
            let replaced = diagonal + (byte == right[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, row[column] + 1, row[column + 1] + 1)
        }
    }
    return row[right.count]
}

extension EventType {
    /// The known type with that name.
    ///
    /// - Throws: ``FixtureError`` with code `unknownEventType` and the nearest names.
    package static func resolve(_ name: String) throws(FixtureError) -> EventType {
        let type = EventType(rawValue: name)
        if type.known != nil { return type }
        let hint =
            suggestion(for: name, among: all.map(\.rawValue))
            ?? "'countersign trigger --list' names all"
        throw FixtureError(
            code: .unknownEventType, message: "there is no event '\(name)'; \(hint)")
    }
}
