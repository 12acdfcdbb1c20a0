package import Callbacks

/// One made event, signed.
package struct FixtureEvent: Hashable, Sendable {
    package var eventType: EventType
    package var kind: CallbackKind
    /// The whole payload with its hash.
    package var payload: JSONValue

    package init(eventType: EventType, kind: CallbackKind, payload: JSONValue) {
        self.eventType = eventType
        self.kind = kind
        self.payload = payload
    }

    /// The JSON text that the service would send.
    package var json: [UInt8] { payload.encoded(.service) }
}

extension JSONValue {
    /// The payload with the hash that belongs to its type and time under `apiKey`.
    ///
    /// - Parameters:
    ///   - apiKey: The account's key.
    ///   - eventTime: Unix seconds to put in first; `nil` keeps the payload's own.
    /// - Returns: The payload; a member that is missing is put in.
    /// - Throws: ``FixtureError`` with code `malformedFile` when this is no event.
    package func signed(
        apiKey: String, eventTime: Int64? = nil
    ) throws(FixtureError) -> JSONValue {
        guard var event = self["event"]?.object, let type = event["event_type"]?.string else {
            throw FixtureError(
                code: .malformedFile, message: "there is no 'event' with an 'event_type'",
                path: "event")
        }
        if let eventTime { event["event_time"] = .string(String(eventTime)) }
        let time: String
        switch event["event_time"] {
        case .string(let text)?, .number(let text)?: time = text
        default:
            throw FixtureError(
                code: .malformedFile, message: "there is no time", path: "event.event_time")
        }
        event["event_hash"] = .string(
            EventHash.make(eventTime: time, eventType: type, apiKey: apiKey))
        guard var payload = object else { return self }
        payload["event"] = .object(event)
        return .object(payload)
    }
}
