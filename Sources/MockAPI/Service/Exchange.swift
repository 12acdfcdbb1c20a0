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
    package let request: APIRequest
    /// `nil` when the connection was closed instead.
    package let answer: APIAnswer?
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
        self.request = request.forRecord
        self.answer = answer?.forRecord
    }
}

/// The last calls, in memory: a look back for people and tests, no record for good.
struct ExchangeLog: Sendable {
    /// Calls that are kept.
    static let maximumCount = 1000

    private var last: Int64 = 0
    private var exchanges: [Exchange] = []
    /// Where in ``exchanges`` the oldest one stands, once all places are taken.
    private var oldest = 0
    /// Events that came before the call that caused them was answered.
    private var early: [Int64: [EventType]] = [:]

    /// The number of a call that begins.
    mutating func begin() -> Int64 {
        last += 1
        return last
    }

    mutating func end(_ exchange: Exchange) {
        var exchange = exchange
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
        } else if last - number < Self.maximumCount {
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
    /// The request without what opens something, and cut to what is kept.
    fileprivate var forRecord: APIRequest {
        var copy = self
        if headers.contains(where: \.isSecret) {
            for index in copy.headers.indices where copy.headers[index].isSecret {
                copy.headers[index].value = HeaderField.redacted
            }
        }
        // A token in a form or a query opens as much as one in a header.
        if path.hasSuffix("/oauth/token") {
            copy.body = Array(HeaderField.redacted.utf8)
            copy.query = ""
        }
        if copy.body.count > Exchange.maximumBodyBytes {
            copy.body = Array(copy.body.prefix(Exchange.maximumBodyBytes))
        }
        return copy
    }
}

extension APIAnswer {
    fileprivate var forRecord: APIAnswer {
        var copy = self
        if body.firstRange(of: Array("access_token".utf8)) != nil {
            copy.body = Array(HeaderField.redacted.utf8)
        } else if body.count > Exchange.maximumBodyBytes {
            copy.body = Array(body.prefix(Exchange.maximumBodyBytes))
        }
        return copy
    }
}

extension Exchange {
    /// The object of the control API.
    package var json: JSONValue {
        func fields(_ headers: [HeaderField]) -> JSONValue {
            .array(headers.map { ["name": .string($0.name), "value": .string($0.value)] })
        }
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
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
