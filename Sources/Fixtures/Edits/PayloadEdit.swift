package import Callbacks

/// A change of a payload that a person asks for, checked against the event's shape.
package struct PayloadEdit: Hashable, Sendable {
    private enum Action: Hashable, Sendable {
        case override(JSONValue)
        case add(JSONValue)
        case remove
    }

    private let path: PayloadPath
    private let action: Action

    /// Another value for a member that is there: `PATH=VALUE`.
    ///
    /// The value is JSON, and everything that is not JSON is text: `title=NDA` and `title="NDA"` are the
    /// same.
    ///
    /// - Throws: ``FixtureError`` with code `malformedEdit`.
    package init(overriding text: String) throws(FixtureError) {
        let (path, value) = try Self.split(text)
        self.init(path: path, action: .override(value))
    }

    /// A member or an element that is not there yet: `PATH=VALUE`; `[+]` is behind the last element.
    ///
    /// - Throws: ``FixtureError`` with code `malformedEdit`.
    package init(adding text: String) throws(FixtureError) {
        let (path, value) = try Self.split(text)
        self.init(path: path, action: .add(value))
    }

    /// A member or an element to leave out: `PATH`.
    ///
    /// - Throws: ``FixtureError`` with code `malformedEdit`.
    package init(removing path: String) throws(FixtureError) {
        self.init(path: try PayloadPath(parsing: path), action: .remove)
    }

    /// An edit of a file, in which the value is no text to be read.
    package init(path: String, overriding value: JSONValue) throws(FixtureError) {
        self.init(path: try PayloadPath(parsing: path), action: .override(value))
    }

    /// An edit of a file, in which the value is no text to be read.
    package init(path: String, adding value: JSONValue) throws(FixtureError) {
        self.init(path: try PayloadPath(parsing: path), action: .add(value))
    }

    private init(path: PayloadPath, action: Action) {
        self.path = path
        self.action = action
    }

    private static func split(_ text: String) throws(FixtureError) -> (PayloadPath, JSONValue) {
        guard let equals = text.firstIndex(of: "=") else {
            throw FixtureError(
                code: .malformedEdit, message: "'\(text)' has no '='; write it as PATH=VALUE")
        }
        let value = String(text[text.index(after: equals)...])
        let json = try? JSONValue(parsing: value.utf8)  // what is not JSON is text
        return (try PayloadPath(parsing: text[..<equals]), json ?? .string(value))
    }

    /// Changes `payload`.
    ///
    /// - Throws: ``FixtureError`` with code `unknownPath` or `wrongType`.
    package func apply(to payload: inout JSONValue) throws(FixtureError) {
        let old = payload.value(at: path.steps[...])
        switch action {
        case .override(let value):
            guard let old else { throw unknown(in: payload, way: "to put a new one in, use --add") }
            try check(value, against: old)
            payload.set(path.steps[...], to: value)
        case .add(let value):
            guard old == nil else {
                throw FixtureError(
                    code: .unknownPath, message: "it is there already; change it with --override",
                    path: path.description)
            }
            try checkParent(in: payload)
            payload.set(path.steps[...], to: value)
        case .remove:
            guard old != nil else { throw unknown(in: payload, way: nil) }
            payload.set(path.steps[...], to: nil)
        }
    }

    /// Whether the hash itself is edited, so that it stays as it was asked for.
    var isOfHash: Bool { path.description == "event.event_hash" }

    /// A member keeps its kind; `null` fits everywhere, as most members of the schema may be null and a
    /// handler should be tried with it.
    private func check(_ value: JSONValue, against old: JSONValue) throws(FixtureError) {
        guard !old.isNull, !value.isNull, old.kind != value.kind else { return }
        throw FixtureError(
            code: .wrongType,
            message: "\(value.kind) given where the event has \(old.kind); "
                + "to send it anyway, use --remove and --add",
            path: path.description)
    }

    private func checkParent(in payload: JSONValue) throws(FixtureError) {
        let parent = payload.value(at: path.steps.dropLast())
        switch (parent, path.steps.last) {
        case (.object?, .member?), (.array?, .end?): return
        case (.array(let elements)?, .element(let index)?) where index == elements.count: return
        default:
            throw unknown(in: payload, way: "it can be added to an object or at [+] of an array")
        }
    }

    private func unknown(in payload: JSONValue, way: String?) -> FixtureError {
        let hint = suggestion(for: path.description, among: PayloadPath.all(in: payload))
        let hints = [hint, way].compactMap { $0 }
        return FixtureError(
            code: .unknownPath,
            message: (["the event has no such member"] + hints).joined(separator: "; "),
            path: path.description)
    }
}

extension [PayloadEdit] {
    /// The edited payload, signed; an edit of the hash itself is done last and stays.
    package func applied(to payload: JSONValue, apiKey: String) throws(FixtureError) -> JSONValue {
        var payload = payload
        for edit in self where !edit.isOfHash { try edit.apply(to: &payload) }
        // Without an event there is nothing to sign: somebody wants to see what the handler does.
        if payload["event"]?["event_type"] != nil, payload["event"]?["event_time"] != nil {
            payload = try payload.signed(apiKey: apiKey)
        }
        for edit in self where edit.isOfHash { try edit.apply(to: &payload) }
        return payload
    }
}
