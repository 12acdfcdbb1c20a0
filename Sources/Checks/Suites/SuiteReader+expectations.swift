import Yams

extension SuiteReader {
    mutating func expectation(_ node: Node) -> Expectation {
        let members = members(
            of: node, of: "'expect'",
            known: ["acknowledged", "status", "body", "headers", "within"])
        var expectation = Expectation(isAcknowledged: nil)
        expectation.isAcknowledged = bool(members["acknowledged"], "acknowledged")
        expectation.status = integer(members["status"], "status", in: 100...599)
        expectation.within = duration(members["within"], "within")
        expectation.body = members["body"].map { texts($0, "body") } ?? []
        expectation.headers = members["headers"].map { headers($0) } ?? []
        if members.isEmpty, node.mapping != nil {
            report("'expect' expects nothing", at: node)
        }
        return expectation
    }

    private mutating func headers(_ node: Node) -> [Expectation.Header] {
        guard let mapping = node.mapping else {
            report("'headers' must be a mapping of names to texts", at: node)
            return []
        }
        var headers: [Expectation.Header] = []
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            headers.append(Expectation.Header(name: name, expectations: texts(value, name)))
        }
        return headers
    }

    /// A text, which must be equal, or a mapping of ways to compare to texts.
    private mutating func texts(_ node: Node, _ name: String) -> [TextExpectation] {
        if let scalar = node.scalar { return [.equals(scalar.string)] }
        let members = members(
            of: node, of: "'\(name)'", known: ["equals", "contains", "lacks", "matches"])
        var expectations: [TextExpectation] = []
        if let text = text(members["equals"], "equals") { expectations.append(.equals(text)) }
        if let text = text(members["contains"], "contains") { expectations.append(.contains(text)) }
        if let text = text(members["lacks"], "lacks") { expectations.append(.lacks(text)) }
        if let node = members["matches"], let text = text(node, "matches") {
            do {
                _ = try Regex(text)
                expectations.append(.matches(text))
            } catch {
                report("'matches' is no regular expression: \("\(error)".oneLine)", at: node)
            }
        }
        return expectations
    }
}
