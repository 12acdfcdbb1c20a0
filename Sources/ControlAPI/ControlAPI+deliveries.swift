import Callbacks
import Delivery
import Fixtures
import HTTPTransport
import Journal
import MockAPI

extension ControlAPI {
    /// Deliveries of one listing at the most.
    private static let maximumListed = 1000
    /// The longest that a call may wait.
    private static let maximumWait = Duration.seconds(600)

    func deliveries(
        _ method: String, _ words: [String], _ input: Input
    ) async throws -> APIAnswer {
        switch (method, words.count) {
        case ("GET", 0):
            let records = try await parts.journal.deliveries(try filter(input))
            return APIAnswer(
                status: 200, json: ["deliveries": .array(records.map(\.json))])
        case ("GET", 1) where words[0] == "wait": return try await wait(input)
        case ("GET", 1):
            let record = try await delivery(words[0])
            let attempts = try await parts.journal.attempts(of: record.id)
            var json = record.json.object ?? JSONObject()
            json["payload"] = .string(
                String(decoding: record.delivery.event.payload, as: UTF8.self))
            json["attempt_list"] = .array(attempts.map { $0.json(of: record) })
            return APIAnswer(status: 200, json: .object(json))
        case ("POST", 2) where words[1] == "resend":
            return APIAnswer(
                status: 200, json: try await resend(try await delivery(words[0]), input))
        default: throw APIError(.notFound, "There is nothing to control there")
        }
    }

    private func delivery(_ text: String) async throws -> DeliveryRecord {
        let missing = APIError(.notFound, "There is no delivery '\(text.prefix(40))'")
        guard let id = Int64(text) else { throw missing }
        // Apart from the guard: the optimiser of Swift 6.3.1 crashes on both in one.
        let record = try await parts.journal.delivery(id)
        guard let record else { throw missing }
        return record
    }

    private func filter(_ input: Input) throws -> DeliveryFilter {
        try input.allow(
            "event_type", "status", "signature_request_id", "after", "limit", "count", "timeout")
        let status = try input.text("status").map { text throws(APIError) in
            guard let state = DeliveryState(rawValue: text) else {
                throw APIError(
                    .badRequest, "'status' must be pending, acknowledged or failed", at: "status")
            }
            return state
        }
        return DeliveryFilter(
            eventType: input.text("event_type").map(EventType.init(rawValue:)), state: status,
            signatureRequestID: input.text("signature_request_id"),
            after: try input.integer("after").map(Int64.init),
            limit: try input.integer("limit", in: 1...Self.maximumListed) ?? 100)
    }

    /// Answers when so many deliveries are acknowledged, or with 408 and what is missing.
    private func wait(_ input: Input) async throws -> APIAnswer {
        let count = try input.integer("count", in: 1...Self.maximumListed) ?? 1
        let timeout = min(try input.span("timeout") ?? .seconds(30), Self.maximumWait)
        var filter = try filter(input)
        filter.state = .acknowledged
        filter.limit = count
        // Listens before it looks, so that nothing falls between the two.
        let announcements = parts.announcer.listen()
        let wanted = filter
        let found = try await withThrowingTaskGroup(of: [DeliveryRecord]?.self) { group in
            group.addTask {
                var found = try await parts.journal.deliveries(wanted)
                if found.count >= count { return found }
                for await announcement in announcements {
                    guard case .attempt(let report) = announcement,
                        report.result.outcome.isAccepted
                    else { continue }
                    found = try await parts.journal.deliveries(wanted)
                    if found.count >= count { return found }
                }
                return nil
            }
            // A wait of the caller's real time, whatever the mock's clock says.
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        if let found {
            return APIAnswer(status: 200, json: ["deliveries": .array(found.map(\.json))])
        }
        return try await missing(wanted, count)
    }

    private func missing(_ filter: DeliveryFilter, _ count: Int) async throws -> APIAnswer {
        var all = filter
        all.state = nil
        all.limit = Self.maximumListed
        let records = try await parts.journal.deliveries(all)
        let acknowledged = records.filter { $0.state == .acknowledged }.count
        let type = filter.eventType?.rawValue ?? "deliveries"
        return APIAnswer(
            status: 408,
            json: [
                "error": [
                    "error_name": "timeout",
                    "error_msg": .string(
                        "\(acknowledged) of \(count) \(type) acknowledged in time"),
                ], "acknowledged": JSONValue(acknowledged), "expected": JSONValue(count),
                "unacknowledged": .array(
                    records.filter { $0.state != .acknowledged }.map(\.json)),
            ])
    }

    /// Sends a delivery again; one with edits is another delivery, signed anew.
    private func resend(_ record: DeliveryRecord, _ input: Input) async throws -> JSONValue {
        try input.allow("overrides", "add", "remove")
        let edits = try edits(input)
        let origin = parts.mock.origins(of: [record.delivery]).first
        let (subject, apiKey) = origin ?? (nil, parts.apiKey)
        guard !edits.isEmpty else {
            let waits = parts.mock.settings.retryWaits
            try await parts.journal.reopen(
                delivery: record.id, waits: waits, now: parts.clock.now)
            var again = record
            again.nextAttemptAt = parts.clock.now
            again.waits = waits
            var scheduled = DeliveryEngine.Scheduled(resuming: again, now: parts.clock.now)
            scheduled.apiKey = apiKey
            scheduled.subject = subject
            parts.feed.add([scheduled])
            return ["deliveries": [.number(String(record.id))]]
        }
        let payload = try edits.applied(
            to: try JSONValue(parsing: record.delivery.event.payload), apiKey: apiKey)
        var delivery = record.delivery
        delivery.event.payload = payload.encoded()
        delivery.event.origin = "resend of \(record.id)"
        if let event = payload["event"] {
            delivery.event.type = EventType(rawValue: event["event_type"]?.string ?? "")
            delivery.event.time = event["event_time"]?.string ?? delivery.event.time
        }
        let ids = try await send([delivery], apiKey: apiKey)
        return ["deliveries": .array(ids.map { .number(String($0)) })]
    }

    private func edits(_ input: Input) throws -> [PayloadEdit] {
        try input.object("overrides").map {
            try PayloadEdit(path: $0.name, overriding: $0.value)
        } + input.object("add").map { try PayloadEdit(path: $0.name, adding: $0.value) }
            + input.texts("remove").map(PayloadEdit.init(removing:))
    }

    private func send(_ deliveries: [NewDelivery], apiKey: String) async throws -> [Int64] {
        let now = parts.clock.now
        let waits = parts.mock.settings.retryWaits
        let ids = try await parts.journal.append(deliveries, waits: waits, now: now)
        let scheduled = zip(ids, deliveries).map { id, delivery in
            DeliveryEngine.Scheduled(
                due: now, delivery: delivery,
                existing: .init(
                    id: id, attempts: 0, schedule: RetrySchedule(milliseconds: waits)),
                apiKey: apiKey)
        }
        parts.feed.add(parts.faults.apply(to: scheduled))
        return ids
    }

    /// Makes events that nothing caused, and sends them.
    func trigger(_ input: Input) async throws -> JSONValue {
        try input.allow(
            "event_type", "overrides", "add", "remove", "target", "callback", "count", "timestamp")
        let type = try EventType.resolve(try input.required("event_type"))
        let kind = try input.text("callback").map { text throws(APIError) in
            guard let kind = CallbackKind(rawValue: text) else {
                throw APIError(.badRequest, "'callback' must be account or app", at: "callback")
            }
            return kind
        }
        let target = try input.text("target").map { try Destination(parsing: $0) }
        guard let destination = target ?? parts.destination else {
            throw APIError(
                .badRequest, "There is no handler; name one with 'target'", at: "target")
        }
        let count = try input.integer("count", in: 1...Self.maximumListed) ?? 1
        let time = try input.integer("timestamp").map(Int64.init) ?? parts.clock.now / 1000
        let edits = try edits(input)
        let seed = parts.mock.settings.seed
        var deliveries: [NewDelivery] = []
        for index in 0..<count {
            let number = UInt64(parts.clock.now) &+ UInt64(index)
            let own = SeededGenerator.seed(seed, number)
            var factory = EventFactory(seed: own, now: time, apiKey: parts.apiKey)
            let event = try factory.event(
                type, kind: kind ?? type.known?.kinds.first ?? .account, edits: edits)
            let payload = event.payload
            deliveries.append(
                NewDelivery(
                    event: NewEvent(
                        type: EventType(
                            rawValue: payload["event"]?["event_type"]?.string ?? type.rawValue),
                        time: payload["event"]?["event_time"]?.string ?? String(time),
                        kind: event.kind,
                        signatureRequestID: payload["signature_request"]?["signature_request_id"]?
                            .string, origin: "trigger", payload: event.json),
                    destination: destination.description, form: parts.mock.settings.form,
                    boundary: BodyForm.boundary(own)))
        }
        let ids = try await send(deliveries, apiKey: parts.apiKey)
        return ["deliveries": .array(ids.map { .number(String($0)) })]
    }
}
