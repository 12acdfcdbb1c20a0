package import Callbacks
package import Journal
import Foundation
import Relay

/// A request that came through the tunnel, understood.
package struct Traffic: Sendable {
    /// What a request is called that carries no event.
    package static let notACallback = EventType(rawValue: "not_a_callback")
    /// What one is called whose body is not kept, as it was too large, or did not come whole.
    package static let notKept = EventType(rawValue: "not_kept")

    package var method: String
    package var path: String
    /// The event, if it was one.
    package var callback: Callback?
    /// Whether the event's hash fits the key; `nil` when no key was named.
    package var isAuthentic: Bool?
    package var outcome: Outcome
    package var received: ReceivedDelivery

    package var eventType: EventType { received.delivery.event.type }

    /// `apiKey`: The key that hashes are compared with; `nil` for no comparison.
    init(_ exchange: ForwardedExchange, apiKey: String?) {
        let request = RecordedMessage(exchange.request)
        let answer = RecordedMessage(answer: exchange.answer)
        (method, path) = request?.request ?? ("", "")
        let contentType = request?.headers.first("Content-Type")
        let body = request?.body ?? []
        let json = try? CallbackForm.json(in: body, contentType: contentType)
        let outline = json.flatMap { EventOutline(json: $0) }
        let callback = outline?.callback
        self.callback = callback
        isAuthentic = apiKey.flatMap { key in callback?.isAuthentic(apiKey: key) }
        outcome = Self.outcome(exchange, answer)
        let destination = path.hasPrefix("/") ? exchange.destination + path : exchange.destination
        let event = NewEvent(
            type: callback?.eventType
                ?? (exchange.isRequestWhole ? Self.notACallback : Self.notKept),
            time: callback?.eventTime ?? String(exchange.startedAt / 1000),
            kind: callback?.kind ?? .account,
            signatureRequestID: outline?.signatureRequestID,
            origin: "listen", payload: callback == nil ? body : json ?? [])
        let form = Self.form(contentType, isCallback: callback != nil)
        let made = form.form.body(json: event.payload, boundary: form.boundary)
        let delivery = NewDelivery(
            event: event, destination: destination, form: form.form, boundary: form.boundary,
            receivedBody: made == body ? nil : body)
        var result = AttemptResult(
            outcome: outcome, detail: exchange.failure?.text, status: exchange.status,
            response: exchange.answer, connectMicroseconds: exchange.connectMicroseconds,
            firstByteMicroseconds: exchange.firstByteMicroseconds,
            totalMicroseconds: exchange.totalMicroseconds)
        result.responseBytes = exchange.answerBytes
        received = ReceivedDelivery(
            delivery: delivery,
            attempt: AttemptRecord(
                start: AttemptStart(
                    number: 1, startedAt: exchange.startedAt,
                    requestHead: request?.headWithoutSecrets ?? []),
                result: result))
    }

    private static func outcome(
        _ exchange: ForwardedExchange, _ answer: RecordedMessage?
    ) -> Outcome {
        if let failure = exchange.failure {
            switch failure.reason {
            case "handler-refused": return .refused
            case "handler-unreachable": return .unreachable
            case "handler-timeout": return .timeout
            case "handler-tls": return .tlsFailure
            case "handler-not-http": return .notHTTP
            case "handler-cut": return .reset
            default: return .interrupted
            }
        }
        guard let answer, let status = answer.status else { return .notHTTP }
        return Outcome(Acknowledgement(status: status, body: answer.body))
    }

    /// How the payload travelled, so that the body need not be kept where it can be made again.
    private static func form(
        _ contentType: String?, isCallback: Bool
    ) -> (form: BodyForm, boundary: String) {
        let value = contentType?.lowercased() ?? ""
        guard isCallback, !value.hasPrefix("application/json") else { return (.json, "") }
        if value.hasPrefix("application/x-www-form-urlencoded") { return (.urlencoded, "") }
        let boundary = contentType?.range(of: "boundary=", options: .caseInsensitive).map { range in
            contentType?[range.upperBound...].prefix { $0 != ";" } ?? ""
        }
        return (.multipart, (boundary ?? "").trimmingCharacters(in: ["\"", " "]))
    }

    /// As programs read it.
    package var json: JSONValue {
        let result = received.attempt.result
        func number(_ value: Int64?) -> JSONValue { value.map { JSONValue(Int($0)) } ?? .null }
        return [
            "type": "request", "method": .string(method), "path": .string(path),
            "status": result.status.map { JSONValue($0) } ?? .null,
            "event_type": callback.map { .string($0.eventType.rawValue) } ?? .null,
            "signature_request_id": received.delivery.event.signatureRequestID.map { .string($0) }
                ?? .null,
            "outcome": .string(outcome.rawValue), "kept": .bool(eventType != Self.notKept),
            "acknowledged": .bool(outcome.isAccepted),
            "authentic": isAuthentic.map { .bool($0) } ?? .null,
            "detail": result.detail.map { .string($0) } ?? .null,
            "total_us": number(result.totalMicroseconds),
        ]
    }
}
