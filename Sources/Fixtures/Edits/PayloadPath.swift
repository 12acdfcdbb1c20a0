import Callbacks

/// A way into a payload, such as `signature_request.signatures[0].status_code`.
struct PayloadPath: Hashable, Sendable, CustomStringConvertible {
    enum Step: Hashable, Sendable {
        case member(String)
        case element(Int)
        /// Behind the last element.
        case end
    }

    var steps: [Step]

    /// Reads `a.b[0].c`; `[+]` is the place behind an array's last element.
    init(parsing text: some StringProtocol) throws(FixtureError) {
        steps = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let name = part.prefix { $0 != "[" }
            if let index = Int(name) {
                steps.append(.element(index))
            } else if !name.isEmpty {
                steps.append(.member(String(name)))
            }
            var rest = part.dropFirst(name.count)
            while rest.first == "[", let end = rest.firstIndex(of: "]") {
                let index = rest[rest.index(after: rest.startIndex)..<end]
                if index == "+" {
                    steps.append(.end)
                } else if let number = Int(index), number >= 0 {
                    steps.append(.element(number))
                } else {
                    throw Self.malformed(text)
                }
                rest = rest[rest.index(after: end)...]
            }
            guard rest.isEmpty, !part.isEmpty else { throw Self.malformed(text) }
        }
    }

    private static func malformed(_ text: some StringProtocol) -> FixtureError {
        FixtureError(
            code: .malformedEdit,
            message:
                "'\(text)' is no path; write it like signature_request.signatures[0].status_code")
    }

    private init(steps: [Step]) {
        self.steps = steps
    }

    /// As it is typed.
    var description: String {
        steps.reduce("") { text, step in
            switch step {
            case .member(let name): text.isEmpty ? name : text + "." + name
            case .element(let index): text + "[\(index)]"
            case .end: text + "[+]"
            }
        }
    }

    /// All ways into a payload, for suggestions; few enough to compare all.
    static func all(in value: JSONValue, below path: [Step] = []) -> [String] {
        let own = path.isEmpty ? [] : [PayloadPath(steps: path).description]
        switch value {
        case .object(let object):
            return own
                + object.members.flatMap { all(in: $0.value, below: path + [.member($0.name)]) }
        case .array(let elements):
            return own
                + elements.prefix(2).enumerated().flatMap { index, element in
                    all(in: element, below: path + [.element(index)])
                }
        default: return own
        }
    }
}

extension JSONValue {
    /// The value at a path; `nil` when there is none.
    func value(at steps: ArraySlice<PayloadPath.Step>) -> JSONValue? {
        switch steps.first {
        case nil: self
        case .member(let name)?: self[name]?.value(at: steps.dropFirst())
        case .element(let index)?: self[index]?.value(at: steps.dropFirst())
        case .end?: nil
        }
    }

    /// Sets or, with `nil`, removes what is at a path whose parent is there.
    mutating func set(_ steps: ArraySlice<PayloadPath.Step>, to value: JSONValue?) {
        guard let step = steps.first else {
            if let value { self = value }
            return
        }
        let rest = steps.dropFirst()
        switch (self, step) {
        case (.object(var object), .member(let name)):
            var member = object[name] ?? .null
            if rest.isEmpty {
                object[name] = value
            } else {
                member.set(rest, to: value)
                object[name] = member
            }
            self = .object(object)
        case (.array(var elements), .end):
            if let value { elements.append(value) }
            self = .array(elements)
        case (.array(var elements), .element(let index)):
            if rest.isEmpty {
                if let value, index < elements.count {
                    elements[index] = value
                } else if let value {
                    elements.append(value)
                } else {
                    elements.remove(at: index)
                }
            } else {
                elements[index].set(rest, to: value)
            }
            self = .array(elements)
        default: break
        }
    }
}
