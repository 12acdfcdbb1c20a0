internal import OpenSSL

/// The hash by which a handler knows that a callback is from the service.
public enum EventHash {
    /// Hexadecimal digits of a hash.
    public static let length = 64

    /// Computes the hash that Dropbox Sign puts into a callback.
    ///
    /// HMAC-SHA256 over `eventTime` followed by `eventType`, with no separator. It covers nothing else
    /// of the payload, so two events of one type in the same second have the same hash.
    ///
    /// ```swift
    /// let hash = EventHash.make(
    ///     eventTime: "1348177752", eventType: "signature_request_sent", apiKey: key)
    /// ```
    ///
    /// - Parameters:
    ///   - eventTime: Unix seconds as the decimal text that was sent; not reformatted.
    ///   - eventType: The event's wire name.
    ///   - apiKey: The account's key, used as UTF-8 bytes. Never logged.
    /// - Returns: 64 lower-case hexadecimal digits.
    /// - SeeAlso: Dropbox Sign OpenAPI, `EventCallbackRequestEvent.event_hash`; RFC 2104.
    public static func make(eventTime: String, eventType: String, apiKey: String) -> String {
        var authenticator = MessageAuthenticator(.sha256, key: apiKey.utf8)
        let code = authenticator.code(for: (eventTime + eventType).utf8)
        return String(decoding: hexadecimal(code), as: UTF8.self)
    }

    /// Whether `hash` is the one of such an event; compared exactly and in constant time.
    public static func matches(
        _ hash: String, eventTime: String, eventType: String, apiKey: String
    ) -> Bool {
        let expected = make(eventTime: eventTime, eventType: eventType, apiKey: apiKey)
        return constantTimeEqual(expected.utf8, hash.utf8)
    }
}
