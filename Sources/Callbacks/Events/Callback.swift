/// One callback as a handler sees it.
///
/// ```swift
/// let callback = try Callback(contentType: request.contentType, body: request.body)
/// guard callback.isAuthentic(apiKey: key) else { return .unauthorized }
/// if callback.eventType == .signatureRequestAllSigned { … }
/// return Acknowledgement.text
/// ```
///
/// Types, members and values that are not known here are kept, as new ones come without notice.
public struct Callback: Hashable, Sendable {
    /// What happened.
    public let eventType: EventType
    /// When: Unix seconds as decimal text, as sent.
    public let eventTime: String
    /// The hash as sent: 64 lower-case hexadecimal digits when it is right; empty when missing.
    public let eventHash: String
    /// The member `event.event_metadata`; `nil` when missing.
    public let metadata: JSONValue?
    /// The whole payload.
    public let payload: JSONValue

    /// Reads the payload out of a request's body: a `json` field in `multipart/form-data` or
    /// `application/x-www-form-urlencoded`, or the JSON itself in `application/json`.
    ///
    /// - Throws: ``CallbackError``.
    public init(contentType: String?, body: some Sequence<UInt8>) throws(CallbackError) {
        try self.init(json: CallbackForm.json(in: Array(body), contentType: contentType))
    }

    /// Reads a payload's JSON text.
    ///
    /// - Throws: ``CallbackError`` with code `malformedJSON`, `malformedEvent` or `tooLarge`.
    public init(json: some Sequence<UInt8>) throws(CallbackError) {
        try self.init(payload: JSONValue(parsing: json))
    }

    /// Reads a parsed payload.
    ///
    /// - Throws: ``CallbackError`` with code `malformedEvent`: `event`, `event_type` and `event_time`
    ///   are required; a time that is a number is taken, as a handler may be asked to judge one.
    public init(payload: JSONValue) throws(CallbackError) {
        guard let event = payload["event"], event.object != nil else {
            throw CallbackError(
                code: .malformedEvent, message: "an object is expected", path: "event")
        }
        eventType = EventType(rawValue: try Self.text("event_type", of: event))
        eventTime =
            if case .number(let text)? = event["event_time"] { text } else {
                try Self.text("event_time", of: event)
            }
        eventHash = event["event_hash"]?.string ?? ""
        metadata = event["event_metadata"]
        self.payload = payload
    }

    private static func text(_ name: String, of event: JSONValue) throws(CallbackError) -> String {
        guard let text = event[name]?.string else {
            throw CallbackError(
                code: .malformedEvent, message: "a string is expected", path: "event.\(name)")
        }
        return text
    }
}

extension Callback {
    /// Whether the hash is the one that `apiKey` makes; compared exactly and in constant time.
    public func isAuthentic(apiKey: String) -> Bool {
        EventHash.matches(
            eventHash, eventTime: eventTime, eventType: eventType.rawValue, apiKey: apiKey)
    }

    /// Which URL the callback was reported to: the app's when its metadata names an app.
    public var kind: CallbackKind {
        let app = metadata?["reported_for_app_id"]?.string ?? ""
        return app.isEmpty ? .account : .app
    }

    /// The signature that the event is about, when it is about one.
    public var relatedSignatureID: String? { metadata?["related_signature_id"]?.string }

    /// The reason that some events give, such as the one for which a signer declined.
    public var eventMessage: String? { metadata?["event_message"]?.string }

    /// The signature request, in the shape of `GET /signature_request/{id}`.
    public var signatureRequest: JSONValue? { payload["signature_request"] }

    /// The template, in the shape of `GET /template/{id}`.
    public var template: JSONValue? { payload["template"] }

    /// The account, in the shape of `GET /account`.
    public var account: JSONValue? { payload["account"] }

    /// The fax, in the shape of `GET /fax/{id}`.
    public var fax: JSONValue? { payload["fax"] }
}
