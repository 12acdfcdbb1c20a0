package import Callbacks

/// An event that was read and can be sent again.
package struct RecordedEvent: Hashable, Sendable {
    /// Where it came from, such as `events/sent.json`, `day.ndjson:3` or `flow:decline:5`.
    package var source: String
    /// The JSON text exactly as it was read.
    package var json: [UInt8]
    package var payload: JSONValue
    /// The time since the first event that was read with it.
    package var offset: Duration

    package init(source: String, json: [UInt8], payload: JSONValue, offset: Duration = .zero) {
        self.source = source
        self.json = json
        self.payload = payload
        self.offset = offset
    }

    /// The event's own time in Unix seconds; `nil` when it is none.
    var eventTime: Int64? {
        switch payload["event"]?["event_time"] {
        case .string(let text)?, .number(let text)?: Int64(text)
        default: nil
        }
    }
}
