package import Callbacks
import Journal

/// A call that the app under test made, and what it caused.
package struct Exchange: Sendable {
    /// Octets of a body that are kept.
    static let maximumBodyBytes = 16 << 10

    /// From 1, in the order in which calls came.
    package let number: Int64
    /// Unix milliseconds on the mock's clock.
    package let time: Int64
    package let duration: Duration
    /// The operation's id; `nil` when the path leads to none.
    package let operation: String?
    /// The request without what opens something.
    package var request: APIRequest { wholeRequest.withoutSecrets }
    /// The answer without what opens something; `nil` when the connection was closed instead.
    package var answer: APIAnswer? { wholeAnswer?.withoutSecrets }
    /// As they came, but for their length: most are never looked at, so secrets are taken out then.
    private let wholeRequest: APIRequest
    private let wholeAnswer: APIAnswer?
    /// Types of the events that it caused so far.
    package fileprivate(set) var events: [EventType] = []

    init(
        number: Int64, time: Int64, duration: Duration, operation: String?, request: APIRequest,
        answer: APIAnswer?
    ) {
        self.number = number
        self.time = time
        self.duration = duration
        self.operation = operation
        wholeRequest = request.cut
        wholeAnswer = answer?.cut
    }

    package var method: String { wholeRequest.method }
    package var path: String { wholeRequest.path }
    /// The answer's status; `nil` when the connection was closed instead.
    package var status: Int? { wholeAnswer?.status }
}

/// The last calls, in memory: a look back for people and tests, no record for good.
struct ExchangeLog: Sendable {
    /// Calls that are kept.
    static let maximumCount = 1000

    /// The highest number of a call that ended.
    private var last: Int64 = 0
    private var exchanges: [Exchange] = []
    /// Where in ``exchanges`` the oldest one stands, once all places are taken.
    private var oldest = 0
    /// Events that came before the call that caused them was answered.
    private var early: [Int64: [EventType]] = [:]

    mutating func end(_ exchange: Exchange) {
        var exchange = exchange
        last = max(last, exchange.number)
        exchange.events = early.removeValue(forKey: exchange.number) ?? []
        if exchanges.count < Self.maximumCount {
            exchanges.append(exchange)
        } else {
            exchanges[oldest] = exchange
            oldest = (oldest + 1) % Self.maximumCount
        }
    }

    /// Notes an event with the call that caused it.
    mutating func note(_ event: OutgoingEvent) {
        guard let number = event.exchange else { return }
        if let index = exchanges.firstIndex(where: { $0.number == number }) {
            exchanges[index].events.append(event.delivery.event.type)
        } else if number > last - Int64(Self.maximumCount) {
            early[number, default: []].append(event.delivery.event.type)
        }
    }

    /// The calls behind a number, oldest first.
    func calls(after number: Int64, limit: Int) -> [Exchange] {
        let ordered = (exchanges[oldest...] + exchanges[..<oldest]).sorted { $0.number < $1.number }
        return Array(ordered.filter { $0.number > number }.suffix(limit))
    }
}

extension APIRequest {
    /// The request with no more of its body than is kept.
    fileprivate var cut: APIRequest {
        guard body.count > Exchange.maximumBodyBytes else { return self }
        var copy = self
        copy.body = Array(body.prefix(Exchange.maximumBodyBytes))
        return copy
    }

    fileprivate var withoutSecrets: APIRequest {
        var copy = self
        for index in copy.headers.indices where copy.headers[index].isSecret {
            copy.headers[index].value = HeaderField.redacted
        }
        copy.query = Redaction.redacted(query)
        copy.path = Redaction.redacted(path)
        copy.body = Redaction.redacted(body, headers: headers)
        return copy
    }
}

extension APIAnswer {
    /// The answer with no more of its body than is kept.
    fileprivate var cut: APIAnswer {
        guard body.count > Exchange.maximumBodyBytes else { return self }
        var copy = self
        copy.body = Array(body.prefix(Exchange.maximumBodyBytes))
        return copy
    }

    fileprivate var withoutSecrets: APIAnswer {
        var copy = self
        copy.body = Redaction.redacted(body, headers: headers)
        return copy
    }
}

/// Takes out of records what opens something.
private enum Redaction {
    /// Members of JSON and fields of forms.
    private static let names: Set = [
        "secret", "client_secret", "access_token", "refresh_token", "code", "pin", "api_key",
    ]

    static func redacted(_ body: [UInt8], headers: [HeaderField]) -> [UInt8] {
        guard !body.isEmpty else { return body }
        if let json = try? JSONValue(parsing: body) { return redacted(json).encoded(.plain) }
        // Of a form, or of JSON that was cut, the whole goes when a name of those stands in it.
        let text = String(decoding: body, as: UTF8.self)
        let isSecret = ["secret", "token", "pin]", "\"pin\"", "=code", "code=", "\"code\""].contains
        {
            text.contains($0)
        }
        return isSecret ? Array(HeaderField.redacted.utf8) : body
    }

    /// An address without the tokens in it.
    static func redacted(_ text: String) -> String {
        guard text.contains("=") else { return text }
        return text.split(separator: "&", omittingEmptySubsequences: false).map { part in
            guard let equals = part.firstIndex(of: "=") else { return String(part) }
            let name = part[..<equals].split(separator: "?").last ?? ""
            guard name.hasSuffix("token") || names.contains(String(name)) else {
                return String(part)
            }
            return part[...equals] + HeaderField.redacted
        }.joined(separator: "&")
    }

    private static func redacted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(redacted))
        case .object(let object):
            return .object(
                JSONObject(
                    unique: object.members.map { member in
                        JSONObject.Member(
                            name: member.name,
                            value: names.contains(member.name) && member.value.string != nil
                                ? .string(HeaderField.redacted) : redacted(member.value))
                    }))
        case .string(let text): return .string(redacted(text))
        default: return value
        }
    }
}

extension Exchange {
    private var microseconds: Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// One line for following along, without the bytes.
    package var summary: JSONValue {
        .members([
            ("type", "exchange"), ("id", .time(number)), ("time", .time(time)),
            ("method", .string(method)), ("path", .string(path)), ("status", .count(status)),
            ("operation", .text(operation)), ("duration_us", .time(microseconds)),
        ])
    }

    /// The object of the control API.
    package var json: JSONValue {
        func fields(_ headers: [HeaderField]) -> JSONValue {
            .array(headers.map { ["name": .string($0.name), "value": .string($0.value)] })
        }
        return .members([
            ("id", .time(number)), ("time", .time(time)),
            ("duration_us", .time(microseconds)), ("operation", .text(operation)),
            (
                "request",
                .members([
                    ("method", .string(request.method)),
                    (
                        "target",
                        .string(
                            request.path + (request.query.isEmpty ? "" : "?\(request.query)"))
                    ), ("headers", fields(request.headers)),
                    ("body", .string(String(decoding: request.body, as: UTF8.self))),
                ])
            ),
            (
                "answer",
                answer.map { answer in
                    .members([
                        ("status", JSONValue(answer.status)), ("headers", fields(answer.headers)),
                        ("body", .string(String(decoding: answer.body, as: UTF8.self))),
                    ])
                } ?? .null
            ), ("events", .array(events.map { .string($0.rawValue) })),
        ])
    }
}
