import Fixtures

/// Which rules to run: ids and names of groups, those to take and those to leave out.
package struct Selection: Hashable, Sendable {
    /// Empty means all.
    package var only: [String]
    package var skip: [String]

    package init(only: [String] = [], skip: [String] = []) {
        self.only = only
        self.skip = skip
    }

    /// The rules, in the order of a report.
    ///
    /// - Throws: ``CheckError`` with code `unknownRule` and the nearest names.
    func rules() throws(CheckError) -> [Rule] {
        let taken = try only.isEmpty ? Rule.standard : Self.rules(named: only)
        let left = Set(try Self.rules(named: skip).map(\.id))
        return taken.filter { !left.contains($0.id) }
    }

    private static func rules(named names: [String]) throws(CheckError) -> [Rule] {
        var ids: Set<String> = []
        for name in names {
            let matching = Rule.standard.filter { $0.id == name || $0.group.rawValue == name }
            guard !matching.isEmpty else { throw unknown(name) }
            ids.formUnion(matching.map(\.id))
        }
        return Rule.standard.filter { ids.contains($0.id) }
    }

    /// The error about a name that is none of a rule or group.
    package static func unknown(_ name: String) -> CheckError {
        let names = Rule.standard.map(\.id) + Rule.Group.allCases.map(\.rawValue)
        let near = nearest(to: name, among: names).joined(separator: ", ")
        let hint = near.isEmpty ? "'countersign check --list' names all" : "did you mean \(near)?"
        return CheckError(
            code: .unknownRule, message: "there is no rule and no group '\(name)'; \(hint)",
            path: name)
    }
}
