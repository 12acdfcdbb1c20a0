import Callbacks

/// An event that a move caused, not yet addressed to a URL.
struct Emission: Sendable {
    var type: EventType
    var accountID: String
    var clientID: String?
    /// Signs it.
    var apiKey: String
    var relatedSignatureID: String?
    var message: String?
    /// The member of the payload, such as `signature_request`, and the object as it stood.
    var resource: (name: String, json: JSONValue)?
    /// Orders events: those of one subject are delivered one after another.
    var subject: String
    /// The number of the call that caused it.
    var exchange: Int64?

    /// The payload for a URL.
    ///
    /// - Parameters:
    ///   - kind: Whose URL it is.
    ///   - now: Unix seconds.
    /// - Returns: The payload with its hash.
    func payload(_ kind: CallbackKind, now: Int64) -> JSONValue {
        let time = String(now)
        var members: [(String, JSONValue)] = [
            (
                "event",
                .members([
                    ("event_type", .string(type.rawValue)), ("event_time", .string(time)),
                    (
                        "event_hash",
                        .string(
                            EventHash.make(
                                eventTime: time, eventType: type.rawValue, apiKey: apiKey))
                    ),
                    (
                        "event_metadata",
                        .members([
                            ("related_signature_id", .text(relatedSignatureID)),
                            ("reported_for_account_id", .string(accountID)),
                            ("reported_for_app_id", .text(kind == .app ? clientID : nil)),
                            ("event_message", .text(message)),
                        ])
                    ),
                ])
            ), ("account_guid", .string(accountID)), ("client_id", .text(clientID)),
        ]
        if let resource { members.append((resource.name, resource.json)) }
        return .members(members)
    }
}
