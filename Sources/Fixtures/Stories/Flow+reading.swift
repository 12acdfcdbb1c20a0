import Callbacks
import Yams

extension Flow {
    /// Octets of a flow's file.
    package static let maximumBytes = 1 << 20
    /// Steps of a flow.
    package static let maximumSteps = 10_000
    /// Signers of a request, and requests of a flow.
    package static let maximumPeople = 1000

    /// Reads a flow's file.
    ///
    /// - Parameters:
    ///   - text: The file's text, in YAML.
    ///   - file: The name for errors.
    /// - Throws: ``FixtureError`` with code `malformedFlow`, the line, and what would be right.
    package init(reading text: String, file: String) throws(FixtureError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw FixtureError(
                code: .tooLarge, message: "a flow is at most \(Self.maximumBytes) octets",
                path: file)
        }
        let reader = FlowReader(file: file)
        self = try reader.flow(try reader.root(of: text))
    }
}

/// Walks the nodes of a flow's file.
private struct FlowReader {
    let file: String

    func root(of text: String) throws(FixtureError) -> Node {
        do {
            if let root = try Yams.compose(yaml: text) { return root }
        } catch let error as YamlError {
            throw syntax(error)
        } catch {
            throw failure("\(error)", line: 1)
        }
        throw failure("the file is empty; 'steps:' is expected", line: 1)
    }

    func flow(_ node: Node) throws(FixtureError) -> Flow {
        let keys = [
            "name", "description", "kind", "requests", "signers", "ordered", "embedded", "bulk",
            "steps",
        ]
        let members = try self.members(of: node, "a flow", keys)
        var setting = Story.Setting()
        setting.requests = try number(members["requests"], "requests") ?? 1
        setting.signers = try number(members["signers"], "signers") ?? 1
        setting.isOrdered = try flag(members["ordered"], "ordered")
        setting.isEmbedded = try flag(members["embedded"], "embedded")
        setting.isBulk = try flag(members["bulk"], "bulk")
        guard let stepsNode = members["steps"], let steps = stepsNode.sequence, !steps.isEmpty
        else {
            throw failure(
                "'steps' must be a list with at least one event", at: members["steps"] ?? node)
        }
        guard steps.count <= Flow.maximumSteps else {
            throw failure("a flow has at most \(Flow.maximumSteps) steps", at: stepsNode)
        }
        var read: [Flow.Step] = []
        for step in steps { read.append(try self.step(step, setting)) }
        return Flow(
            name: try text(members["name"], "name") ?? file,
            description: try text(members["description"], "description") ?? "", setting: setting,
            kind: try kind(members["kind"]), steps: read)
    }

    private func step(_ node: Node, _ setting: Story.Setting) throws(FixtureError) -> Flow.Step {
        let members = try self.members(
            of: node, "a step", ["event", "update_email", "after", "signer", "request", "message"])
        var after = Duration.zero
        if let node = members["after"] {
            guard let span = TimeSpan.parse(node.scalar?.string ?? "") else {
                throw failure("'after' must be a time such as 30s, 5m or 2h", at: node)
            }
            after = span
        }
        let signer = try index(members["signer"], "signer", setting.signers)
        let request = try index(members["request"], "request", setting.requests) ?? 0
        if let node = members["update_email"] {
            let signer = try index(node, "update_email", setting.signers) ?? 0
            return Flow.Step(
                action: .updateEmail(request: request, signer: signer), after: after,
                line: line(of: node))
        }
        guard let node = members["event"], let name = node.scalar?.string else {
            throw failure("a step needs an 'event'", at: node)
        }
        let type: EventType
        do { type = try EventType.resolve(name) } catch { throw failure(error.message, at: node) }
        return Flow.Step(
            action: .event(
                Happening(
                    type, request: request, signer: signer,
                    message: try text(members["message"], "message"))), after: after,
            line: line(of: node))
    }

    private func members(
        of node: Node, _ what: String, _ known: [String]
    ) throws(FixtureError) -> [String: Node] {
        guard let mapping = node.mapping else {
            throw failure("\(what) must be a mapping", at: node)
        }
        var members: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            guard known.contains(name) else {
                let hint =
                    suggestion(for: name, among: known)
                    ?? "known are \(known.joined(separator: ", "))"
                throw failure("unknown key '\(name)' in \(what); \(hint)", at: key)
            }
            members[name] = value
        }
        return members
    }

    private func text(_ node: Node?, _ name: String) throws(FixtureError) -> String? {
        guard let node else { return nil }
        guard let text = node.scalar?.string else {
            throw failure("'\(name)' must be a text", at: node)
        }
        return text
    }

    private func flag(_ node: Node?, _ name: String) throws(FixtureError) -> Bool {
        guard let node else { return false }
        switch node.scalar?.string {
        case "true": return true
        case "false": return false
        default: throw failure("'\(name)' must be true or false", at: node)
        }
    }

    private func number(_ node: Node?, _ name: String) throws(FixtureError) -> Int? {
        guard let node else { return nil }
        guard let number = Int(node.scalar?.string ?? ""), (1...Flow.maximumPeople).contains(number)
        else {
            throw failure("'\(name)' must be a number from 1 to \(Flow.maximumPeople)", at: node)
        }
        return number
    }

    /// A number from 1 as an index from 0.
    private func index(_ node: Node?, _ name: String, _ count: Int) throws(FixtureError) -> Int? {
        guard let node else { return nil }
        guard let number = Int(node.scalar?.string ?? ""), (1...count).contains(number) else {
            throw failure("'\(name)' must be a number from 1 to \(count)", at: node)
        }
        return number - 1
    }

    private func kind(_ node: Node?) throws(FixtureError) -> CallbackKind {
        guard let node else { return .account }
        guard let kind = CallbackKind(rawValue: node.scalar?.string ?? "") else {
            throw failure("'kind' must be account or app", at: node)
        }
        return kind
    }

    private func line(of node: Node) -> Int { node.mark?.line ?? 1 }

    private func failure(_ message: String, at node: Node?) -> FixtureError {
        failure(message, line: node.map(line) ?? 1)
    }

    private func failure(_ message: String, line: Int) -> FixtureError {
        FixtureError(code: .malformedFlow, message: message, path: "\(file):\(line)")
    }

    private func syntax(_ error: YamlError) -> FixtureError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            failure("no YAML: \(problem)", line: mark.line)
        case .duplicatedKeysInMapping(let names, let context):
            failure(
                "the key '\(names.joined(separator: ", "))' is there twice", line: context.mark.line
            )
        default:
            failure("no YAML: " + "\(error)".split(separator: "\n").joined(separator: " "), line: 1)
        }
    }
}
