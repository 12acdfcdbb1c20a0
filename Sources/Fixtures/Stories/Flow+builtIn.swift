extension Flow {
    /// The names of the flows that the program brings along.
    package static let builtInNames = BuiltInFlows.texts.map(\.name)

    /// The text of a built-in flow; `nil` when there is none of that name.
    package static func builtInText(_ name: String) -> String? {
        BuiltInFlows.texts.first { $0.name == name }?.text
    }

    /// A built-in flow.
    ///
    /// - Throws: ``FixtureError`` with code `unknownFlow` and the nearest names.
    package init(builtIn name: String) throws(FixtureError) {
        guard let text = Self.builtInText(name) else {
            let hint =
                suggestion(for: name, among: Self.builtInNames)
                ?? "there are \(Self.builtInNames.joined(separator: ", "))"
            throw FixtureError(code: .unknownFlow, message: "there is no flow '\(name)'; \(hint)")
        }
        try self.init(reading: text, file: "flow:\(name)")
    }
}
