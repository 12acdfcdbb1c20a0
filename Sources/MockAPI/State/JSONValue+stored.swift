import Callbacks

/// A JSON value inside of a stored row.
struct StoredJSON: Codable, Hashable, Sendable {
    var value: JSONValue

    init(_ value: JSONValue) { self.value = value }

    /// Reads the JSON text that ``encode(to:)`` wrote.
    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        value = try JSONValue(parsing: Array(text.utf8))
    }

    /// Writes the value as a text with JSON in it, which keeps the order of members.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value.text(.plain))
    }
}

extension JSONValue {
    /// A string, or null.
    static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// A whole number, or null.
    static func count(_ number: Int?) -> JSONValue { number.map { JSONValue($0) } ?? .null }

    /// Unix seconds as a number, or null.
    static func time(_ seconds: Int64?) -> JSONValue {
        seconds.map { .number(String($0)) } ?? .null
    }

    /// An object with members in that order, of which no two have the same name.
    static func members(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(unique: members.map { JSONObject.Member(name: $0.0, value: $0.1) }))
    }
}
