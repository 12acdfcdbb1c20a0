import Callbacks

extension JSONValue {
    /// A string, or null.
    static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// Unix seconds as a number, or null.
    static func time(_ seconds: Int64?) -> JSONValue {
        seconds.map { .number(String($0)) } ?? .null
    }

    /// An object with members in that order.
    static func members(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(members))
    }
}
