import Callbacks
import Yams

extension SuiteReader {
    /// Checks of one suite.
    static let maximumChecks = 10_000

    mutating func suite(_ root: Node) -> Suite {
        let members = members(of: root, of: "the suite", known: ["target", "rules", "checks"])
        var suite = Suite(file: file, target: text(members["target"], "target"))
        suite.rules = members["rules"].flatMap { selection($0) }
        if let node = members["checks"] {
            suite.checks = checks(node)
        } else if members["rules"] == nil, diagnostics.isEmpty {
            report("'checks' or 'rules' is expected", at: root)
        }
        return suite
    }

    /// `standard`, or a list of rules and groups.
    private mutating func selection(_ node: Node) -> Selection? {
        if node.scalar?.string == "standard" { return Selection() }
        guard let sequence = node.sequence, !sequence.isEmpty else {
            report("'rules' must be 'standard' or a list of rules and groups", at: node)
            return nil
        }
        var selection = Selection()
        for item in sequence {
            guard let name = text(item, "rules") else { continue }
            if Rule.isKnown(name) {
                selection.only.append(name)
            } else {
                report(Selection.unknown(name).message, at: item)
            }
        }
        return selection.only.isEmpty ? nil : selection
    }

    private mutating func checks(_ node: Node) -> [SuiteCheck] {
        guard let sequence = node.sequence else {
            report("'checks' must be a list", at: node)
            return []
        }
        guard sequence.count <= Self.maximumChecks else {
            report("there are over \(Self.maximumChecks) checks", at: node)
            return []
        }
        var names: [String: Int] = [:]
        return sequence.compactMap { item in
            guard let check = check(item) else { return nil }
            if let line = names.updateValue(check.place.line, forKey: check.name) {
                report("the name '\(check.name)' is taken on line \(line)", at: item)
            }
            return check
        }
    }

    private mutating func check(_ node: Node) -> SuiteCheck? {
        let known = diagnostics.count
        let members = members(
            of: node, of: "the check",
            known: [
                "name", "send", "as", "form", "hash", "override", "add", "remove", "count",
                "expect",
            ])
        guard let send = members["send"] else {
            // An unknown key is most likely the missing one, mistyped.
            if node.mapping != nil, diagnostics.count == known {
                report("'send' is missing: the type of event", at: node)
            }
            return nil
        }
        guard let type = eventType(send) else { return nil }
        var check = SuiteCheck(
            name: text(members["name"], "name") ?? type.rawValue, place: place(of: node),
            eventType: type)
        check.kind = choice(members["as"], "as") ?? (type.isForAppsOnly ? .app : .account)
        check.form = choice(members["form"], "form")
        check.hash = choice(members["hash"], "hash") ?? .right
        check.count = integer(members["count"], "count", in: 1...1000) ?? 1
        check.edits = edits(members)
        if let node = members["expect"] {
            check.expectation = expectation(node)
        } else if check.hash != .right {
            check.expectation.isAcknowledged = false
        }
        return check
    }

    private mutating func eventType(_ node: Node) -> EventType? {
        guard let name = text(node, "send") else { return nil }
        let type = EventType(rawValue: name)
        if type.known != nil { return type }
        let names = EventType.all.map(\.rawValue)
        report(unknown("type of event", name, of: "'send'", among: names), at: node)
        return nil
    }

    private mutating func edits(_ members: [String: Node]) -> [SuiteEdit] {
        var edits: [SuiteEdit] = []
        for name in ["override", "add"] {
            guard let node = members[name] else { continue }
            guard let mapping = node.mapping else {
                report("'\(name)' must be a mapping of paths to values", at: node)
                continue
            }
            for (key, item) in mapping {
                let value = value(item)
                edits.append(
                    SuiteEdit(
                        path: key.scalar?.string ?? "",
                        action: name == "add" ? .add(value) : .override(value),
                        place: place(of: key)))
            }
        }
        guard let node = members["remove"] else { return edits }
        for item in node.sequence.map(Array.init) ?? [node] {
            guard let path = text(item, "remove") else { continue }
            edits.append(SuiteEdit(path: path, action: .remove, place: place(of: item)))
        }
        return edits
    }
}

extension EventType {
    fileprivate var isForAppsOnly: Bool { known?.kinds == [.app] }
}

extension Rule {
    /// Whether a rule or a group has that name.
    fileprivate static func isKnown(_ name: String) -> Bool {
        named(name) != nil || Group(rawValue: name) != nil
    }
}
