import Callbacks
import Yams
import Fixtures

extension Suite {
    /// Octets of a suite's file.
    package static let maximumBytes = 1 << 20

    /// Reads a suite's file; all that is wrong with it is found at once.
    ///
    /// - Parameters:
    ///   - text: The file's text, in YAML.
    ///   - file: The name for diagnostics and reports.
    /// - Returns: The suite, which is not to be run when there are diagnostics.
    package static func read(
        _ text: String, file: String
    ) -> (
        suite: Suite, diagnostics: [SuiteDiagnostic]
    ) {
        var reader = SuiteReader(file: file)
        guard text.utf8.count <= maximumBytes else {
            reader.report("the file is over \(maximumBytes) octets", line: 1)
            return (Suite(file: file), reader.diagnostics)
        }
        do {
            guard let root = try Yams.compose(yaml: text) else {
                reader.report("the file is empty; 'checks:' is expected", line: 1)
                return (Suite(file: file), reader.diagnostics)
            }
            let suite = reader.suite(root)
            return (suite, reader.diagnostics)
        } catch {
            reader.report(error)
            return (Suite(file: file), reader.diagnostics)
        }
    }
}

/// Walks the nodes of a suite's file and notes what is wrong.
struct SuiteReader {
    let file: String
    private var found: [SuiteDiagnostic] = []

    /// What is wrong, in the order of the lines.
    var diagnostics: [SuiteDiagnostic] {
        found.enumerated().sorted {
            ($0.element.place.line, $0.offset) < ($1.element.place.line, $1.offset)
        }
        .map(\.element)
    }

    init(file: String) {
        self.file = file
    }

    mutating func report(_ message: String, line: Int) {
        found.append(SuiteDiagnostic(place: Place(file: file, line: line), message: message))
    }

    mutating func report(_ message: String, at node: Node) {
        report(message, line: place(of: node).line)
    }

    mutating func report(_ error: any Error) {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _),
            YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            report("no YAML: \(problem)", line: mark.line)
        case YamlError.duplicatedKeysInMapping(let names, let context):
            report("the key '\(listed(names))' is there twice", line: context.mark.line)
        default: report("no YAML: \("\(error)".oneLine)", line: 1)
        }
    }

    func place(of node: Node) -> Place { Place(file: file, line: node.mark?.line ?? 1) }

    /// The members of a mapping; unknown keys are reported with the nearest known ones.
    mutating func members(of node: Node, of what: String, known: [String]) -> [String: Node] {
        guard let mapping = node.mapping else {
            report("\(what) must be a mapping", at: node)
            return [:]
        }
        var members: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            if known.contains(name) {
                members[name] = value
            } else {
                report(unknown("key", name, of: what, among: known), at: key)
            }
        }
        return members
    }

    func unknown(_ noun: String, _ name: String, of what: String, among known: [String]) -> String {
        let near = nearest(to: name, among: known).joined(separator: ", ")
        let hint = near.isEmpty ? "known are \(listed(known, limit: 12))" : "did you mean \(near)?"
        return "unknown \(noun) '\(name.oneLine)' in \(what); \(hint)"
    }

    mutating func text(_ node: Node?, _ name: String) -> String? {
        guard let node else { return nil }
        guard let text = node.scalar?.string, !text.isEmpty else {
            report("'\(name)' must be a text", at: node)
            return nil
        }
        return text
    }

    mutating func integer(_ node: Node?, _ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let node else { return nil }
        guard let value = node.scalar.flatMap({ Int($0.string) }), range.contains(value) else {
            report(
                "'\(name)' must be a whole number from \(range.lowerBound) to \(range.upperBound)",
                at: node)
            return nil
        }
        return value
    }

    mutating func bool(_ node: Node?, _ name: String) -> Bool? {
        guard let node else { return nil }
        switch node.scalar?.string {
        case "true": return true
        case "false": return false
        default:
            report("'\(name)' must be true or false", at: node)
            return nil
        }
    }

    mutating func choice<Value: RawRepresentable & CaseIterable>(
        _ node: Node?, _ name: String, as type: Value.Type = Value.self
    ) -> Value? where Value.RawValue == String {
        guard let node, let text = text(node, name) else { return nil }
        if let value = Value(rawValue: text) { return value }
        let known = Value.allCases.map(\.rawValue)
        report(unknown("value", text, of: "'\(name)'", among: known), at: node)
        return nil
    }

    /// Such as `2s`, `500ms` or `1.5s`.
    mutating func duration(_ node: Node?, _ name: String) -> Duration? {
        guard let node else { return nil }
        let text = node.scalar?.string ?? ""
        let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60)]
        for (unit, factor) in units where text.hasSuffix(unit) {
            if let value = Double(text.dropLast(unit.count)), value > 0, value < 1_000_000 {
                return .seconds(value * factor)
            }
        }
        report("'\(name)' must be a time such as 2s or 500ms", at: node)
        return nil
    }

    /// The JSON value that a node stands for: plain words as YAML 1.2 reads them, the rest is text.
    func value(_ node: Node) -> JSONValue {
        switch node {
        case .mapping(let mapping):
            return .object(
                JSONObject(mapping.map { ($0.key.scalar?.string ?? "", value($0.value)) }))
        case .sequence(let sequence): return .array(sequence.map(value))
        case .scalar(let scalar): return value(scalar)
        default: return .null
        }
    }

    private func value(_ scalar: Node.Scalar) -> JSONValue {
        guard scalar.style == .plain else { return .string(scalar.string) }
        switch scalar.string {
        case "", "~", "null": return .null
        case "true": return .bool(true)
        case "false": return .bool(false)
        default:
            guard case .number(let text)? = try? JSONValue(parsing: scalar.string.utf8) else {
                return .string(scalar.string)
            }
            return .number(text)
        }
    }
}
