import Callbacks

extension JSONValue {
    /// The member at the end of `path`; set, missing objects are made, and set to `nil` it goes.
    subscript(path path: String...) -> JSONValue? {
        get { self[at: path] }
        set { self[at: path] = newValue }
    }

    /// As ``subscript(path:)``, with a path that was computed.
    subscript(at path: [String]) -> JSONValue? {
        get { path.reduce(self as JSONValue?) { value, name in value?[name] } }
        set { set(path[...], to: newValue) }
    }

    private mutating func set(_ path: ArraySlice<String>, to value: JSONValue?) {
        guard let name = path.first else { return }
        var members = object ?? JSONObject()
        if path.count == 1 {
            members[name] = value
        } else {
            var inner = members[name] ?? .object(JSONObject())
            inner.set(path.dropFirst(), to: value)
            members[name] = inner
        }
        self = .object(members)
    }

    /// The payload with the hash that belongs to its type and time under `apiKey`.
    func signed(apiKey: String) -> JSONValue {
        withHash(
            EventHash.make(
                eventTime: self["event"]?["event_time"]?.string ?? "",
                eventType: self["event"]?["event_type"]?.string ?? "", apiKey: apiKey))
    }

    /// The payload with that hash, or without any.
    func withHash(_ hash: String?) -> JSONValue {
        var payload = self
        payload[path: "event", "event_hash"] = hash.map { .string($0) }
        return payload
    }

    /// The hash of a payload; empty when there is none.
    var eventHash: String { self["event"]?["event_hash"]?.string ?? "" }
}
