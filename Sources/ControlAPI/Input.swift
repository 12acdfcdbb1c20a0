import Callbacks
import Fixtures
import MockAPI

/// What a call of the control API says: the members of its body, and the fields of its query.
struct Input: Sendable {
    /// Octets of a body.
    static let maximumBytes = 1 << 20

    private let values: JSONObject

    init(_ request: APIRequest) throws(APIError) {
        guard request.body.count <= Self.maximumBytes else {
            throw APIError(.badRequest, "The body is over \(Self.maximumBytes) octets")
        }
        var values = JSONObject()
        do {
            for field in try FormFields.urlencoded(Array(request.query.utf8)) {
                values[field.name] = .string(String(decoding: field.content, as: UTF8.self))
            }
            if !request.body.isEmpty {
                guard let object = try JSONValue(parsing: request.body).object else {
                    throw APIError(.badRequest, "The body must be a JSON object")
                }
                for member in object.members { values[member.name] = member.value }
            }
        } catch let error as APIError { throw error } catch {
            throw APIError(.badRequest, "The call cannot be read: \(error)")
        }
        self.values = values
    }

    /// Checks that nothing else was given: a mistyped name must not be passed over.
    func allow(_ names: String...) throws(APIError) {
        for member in values.members where !names.contains(member.name) {
            let known = names.isEmpty ? "nothing" : names.joined(separator: ", ")
            throw APIError(
                .badRequest, "'\(member.name.prefix(100))' is not known; \(known) is taken",
                at: String(member.name.prefix(100)))
        }
    }

    /// The members of an object.
    func object(_ name: String) throws(APIError) -> [JSONObject.Member] {
        guard let value = self[name] else { return [] }
        guard let object = value.object else {
            throw APIError(.badRequest, "'\(name)' must be an object", at: name)
        }
        return object.members
    }

    subscript(name: String) -> JSONValue? { values[name].flatMap { $0.isNull ? nil : $0 } }

    func text(_ name: String) -> String? { self[name]?.string }

    func required(_ name: String) throws(APIError) -> String {
        guard let text = text(name) else {
            throw APIError(.badRequest, "'\(name)' is required", at: name)
        }
        return text
    }

    /// A whole number, also as the text of a query.
    func integer(
        _ name: String, in range: ClosedRange<Int> = 0...Int.max
    ) throws(APIError) -> Int? {
        guard let value = self[name] else { return nil }
        guard let number = value.integer ?? value.string.flatMap({ Int($0) }),
            range.contains(number)
        else {
            throw APIError(
                .badRequest,
                "'\(name)' must be a number from \(range.lowerBound)"
                    + (range.upperBound == .max ? "" : " to \(range.upperBound)"), at: name)
        }
        return number
    }

    func number(_ name: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
        guard let value = self[name] else { return nil }
        let text: String? = if case .number(let text) = value { text } else { value.string }
        guard let number = text.flatMap({ Double($0) }), range.contains(number) else {
            throw APIError(
                .badRequest,
                "'\(name)' must be a number from \(range.lowerBound) to \(range.upperBound)",
                at: name)
        }
        return number
    }

    /// A span of time such as `5m`.
    func span(_ name: String) throws(APIError) -> Duration? {
        guard let value = self[name] else { return nil }
        let text: String? = if case .number(let text) = value { text } else { value.string }
        guard let span = text.flatMap(TimeSpan.parse) else {
            throw APIError(.badRequest, "'\(name)' must be a time such as 30s or 5m", at: name)
        }
        return span
    }

    /// An array of texts.
    func texts(_ name: String) throws(APIError) -> [String] {
        guard let value = self[name] else { return [] }
        let texts = value.array?.compactMap(\.string) ?? []
        guard let array = value.array, texts.count == array.count else {
            throw APIError(.badRequest, "'\(name)' must be an array of texts", at: name)
        }
        return texts
    }
}
