package import Callbacks
package import Journal

/// One attempt, finished and durable.
package struct AttemptReport: Hashable, Sendable {
    package var deliveryID: Int64
    package var delivery: NewDelivery
    package var start: AttemptStart
    package var result: AttemptResult
    package var next: AfterAttempt
}

extension AttemptReport {
    /// The attempt as programs read it.
    package var json: JSONValue {
        func number(_ value: Int64?) -> JSONValue { value.map { JSONValue(Int($0)) } ?? .null }
        let event = delivery.event
        var retry: Int64?
        if case .retry(let time) = next { retry = time }
        return [
            "type": "attempt", "delivery": JSONValue(Int(deliveryID)),
            "event_type": .string(event.type.rawValue), "kind": .string(event.kind.rawValue),
            "event_time": .string(event.time), "origin": .string(event.origin),
            "destination": .string(delivery.destination), "attempt": JSONValue(start.number),
            "outcome": .string(result.outcome.rawValue),
            "acknowledged": .bool(result.outcome.isAccepted),
            "status": result.status.map { JSONValue($0) } ?? .null,
            "detail": result.detail.map { .string($0) } ?? .null,
            "connect_us": number(result.connectMicroseconds),
            "first_byte_us": number(result.firstByteMicroseconds),
            "total_us": number(result.totalMicroseconds), "next_attempt_at": number(retry),
        ]
    }
}
