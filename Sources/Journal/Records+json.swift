package import Callbacks

extension DeliveryRecord {
    /// The delivery as programs read it: the control API and the command line give the same.
    package var json: JSONValue {
        let event = delivery.event
        return [
            "type": "delivery", "id": JSONValue(Int(id)),
            "created_at": JSONValue(Int(createdAt)),
            "event_type": .string(event.type.rawValue), "event_time": .string(event.time),
            "kind": .string(event.kind.rawValue), "origin": .string(event.origin),
            "signature_request_id": event.signatureRequestID.map { .string($0) } ?? .null,
            "destination": .string(delivery.destination),
            "state": .string(state.rawValue), "attempts": JSONValue(attempts),
            "last_outcome": lastOutcome.map { .string($0.rawValue) } ?? .null,
            "next_attempt_at": nextAttemptAt.map { JSONValue(Int($0)) } ?? .null,
        ]
    }

    /// The body of its requests.
    package var body: [UInt8] {
        delivery.receivedBody
            ?? delivery.form.body(json: delivery.event.payload, boundary: delivery.boundary)
    }
}

extension AttemptRecord {
    /// The attempt as programs read it, with the bytes of request and answer.
    package func json(of record: DeliveryRecord) -> JSONValue {
        func number(_ value: Int64?) -> JSONValue { value.map { JSONValue(Int($0)) } ?? .null }
        func text(_ bytes: [UInt8]) -> JSONValue { .string(String(decoding: bytes, as: UTF8.self)) }
        return [
            "type": "attempt", "delivery": JSONValue(Int(record.id)),
            "attempt": JSONValue(start.number), "started_at": JSONValue(Int(start.startedAt)),
            "outcome": .string(result.outcome.rawValue),
            "detail": result.detail.map { .string($0) } ?? .null,
            "status": result.status.map { JSONValue($0) } ?? .null,
            "connect_us": number(result.connectMicroseconds),
            "first_byte_us": number(result.firstByteMicroseconds),
            "total_us": number(result.totalMicroseconds),
            "request": text(start.requestHead + record.body),
            "response": text(result.response),
            "response_bytes": JSONValue(result.responseBytes),
        ]
    }
}
