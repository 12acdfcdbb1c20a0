import Callbacks
package import Delivery
import Fixtures
package import HTTPTransport
package import Journal
package import MockAPI

/// What tests and tools do to a running mock, as JSON below `/_countersign`.
package struct ControlAPI: Sendable {
    /// What the control API works on.
    package struct Parts: Sendable {
        package var mock: MockService
        package var journal: Journal
        package var feed: DeliveryFeed
        package var clock: DeliveryClock
        package var announcer: Announcer
        package var faults: DeliveryFaults
        /// Where triggered events go when nothing else is said.
        package var destination: Destination?
        package var version: String
        package var apiKey: String

        package init(
            mock: MockService, journal: Journal, feed: DeliveryFeed, clock: DeliveryClock,
            announcer: Announcer, faults: DeliveryFaults, destination: Destination?,
            version: String, apiKey: String
        ) {
            self.mock = mock
            self.journal = journal
            self.feed = feed
            self.clock = clock
            self.announcer = announcer
            self.faults = faults
            self.destination = destination
            self.version = version
            self.apiKey = apiKey
        }
    }

    /// The path that all of it is below.
    package static let prefix = "/_countersign"

    /// Pieces of a stream that wait for a slow reader.
    private static let maximumWaitingPieces = 1000

    let parts: Parts

    package init(_ parts: Parts) { self.parts = parts }

    /// Answers a request for a path below ``prefix``.
    package func answer(_ request: APIRequest) async -> ServerResponse {
        do {
            return try await respond(request)
        } catch {
            return Self.response(APIAnswer(Self.refusal(error)))
        }
    }

    private func respond(_ request: APIRequest) async throws -> ServerResponse {
        let path = request.path.dropFirst(Self.prefix.count)
        let words = path.split(separator: "/").map(String.init)
        let input = try Input(request)
        switch (request.method, words.first, words.count) {
        case ("GET", "health", 1): return Self.json(health)
        case ("POST", "reset", 1):
            try await reset()
            return Self.json([:])
        case ("GET", "accounts", 1): return Self.json(["accounts": parts.mock.accounts])
        case ("POST", "trigger", 1): return Self.json(try await trigger(input))
        case (_, "deliveries", _):
            return Self.response(
                try await deliveries(request.method, Array(words.dropFirst()), input))
        case ("POST", "signatures", 3): return try await signature(words[1], words[2], input)
        case ("POST", "signature_requests", 3):
            return try await signatureRequest(words[1], words[2], input)
        case ("POST", "teams", 1):
            try input.allow("name", "parent_team_id")
            return Self.json([
                "team": try await parts.mock.makeTeam(
                    try input.required("name"), below: try input.required("parent_team_id"))
            ])
        case ("POST", "templates", 3) where words[2] == "save":
            return Self.json(["template": try await parts.mock.saveTemplate(words[1])])
        case ("POST", "unclaimed_drafts", 3) where words[2] == "claim":
            return Self.json(["signature_request": try await claim(words[1], input)])
        case ("GET", "clock", 1): return Self.json(clockJSON)
        case ("POST", "clock", 1): return Self.json(try await setClock(input))
        case (_, "faults", _):
            return Self.json(try faults(request.method, words.dropFirst().first, input))
        case ("GET", "exchanges", 1): return Self.json(try exchanges(input))
        case ("GET", "stream", 1): return stream()
        default:
            throw APIError(
                .notFound, "There is nothing to control at \(request.method) \(path.prefix(200))")
        }
    }

    private var health: JSONValue {
        [
            "status": "ok", "version": .string(parts.version),
            "url": .string(parts.mock.settings.baseURL),
            "seed": .number(String(parts.mock.settings.seed)), "clock": clockJSON,
            "waiting_deliveries": JSONValue(parts.feed.count),
        ]
    }

    private func reset() async throws {
        _ = parts.faults.remove(nil)
        defer { parts.feed.reopen() }
        try await parts.mock.reset { await parts.feed.drain() }
        parts.announcer.announce(.reset)
    }

    private func signature(
        _ id: String, _ action: String, _ input: Input
    ) async throws -> ServerResponse {
        switch action {
        case "sign": try input.allow("values")
        case "decline": try input.allow("reason")
        case "reassign": try input.allow("name", "email_address", "reason")
        default: try input.allow()
        }
        let made: SignerAction =
            switch action {
            case "view": .view
            case "sign": .sign(values: input["values"]?.object ?? JSONObject())
            case "decline": .decline(reason: input.text("reason"))
            case "reassign":
                .reassign(
                    name: input.text("name"), emailAddress: try input.required("email_address"),
                    reason: input.text("reason"))
            case "bounce": .bounce
            default:
                throw APIError(
                    .notFound, "A signature takes view, sign, decline, reassign and bounce")
            }
        return Self.json(["signature_request": try await parts.mock.act(made, id)])
    }

    private func signatureRequest(
        _ id: String, _ action: String, _ input: Input
    ) async throws -> ServerResponse {
        switch action {
        case "expire": return Self.json(["signature_request": try await parts.mock.expire(id)])
        case "fail":
            try input.allow("event_type", "message")
            let type = EventType(rawValue: input.text("event_type") ?? EventType.fileError.rawValue)
            let known: [EventType] = [.fileError, .unknownError, .signatureRequestInvalid]
            guard known.contains(type) else {
                throw APIError(
                    .badRequest,
                    "'event_type' must be one of "
                        + known.map(\.rawValue).joined(separator: ", "), at: "event_type")
            }
            let message = input.text("message") ?? "The file could not be processed"
            return Self.json(["signature_request": try await parts.mock.fail(id, type, message)])
        default: throw APIError(.notFound, "A signature request takes expire and fail")
        }
    }

    private func claim(_ id: String, _ input: Input) async throws -> JSONValue {
        try input.allow("name", "email_address")
        let signer = input.text("email_address").map {
            (name: input.text("name") ?? $0, emailAddress: $0)
        }
        return try await parts.mock.claimDraft(id, signer: signer)
    }

    private func exchanges(_ input: Input) throws -> JSONValue {
        try input.allow("after", "limit")
        let found = parts.mock.exchanges(
            after: Int64(try input.integer("after") ?? 0),
            limit: try input.integer("limit", in: 1...1000) ?? 100)
        return ["exchanges": .array(found.map(\.json))]
    }

    private func stream() -> ServerResponse {
        let announcements = parts.announcer.listen()
        let (pieces, continuation) = AsyncStream.makeStream(
            of: [UInt8].self, bufferingPolicy: .bufferingNewest(Self.maximumWaitingPieces))
        let task = Task {
            continuation.yield(Array(": open\n\n".utf8))
            for await announcement in announcements {
                let text =
                    "event: \(announcement.name)\ndata: \(announcement.json.text(.plain))\n\n"
                continuation.yield(Array(text.utf8))
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return ServerResponse(
            status: 200,
            headers: [
                HeaderField("Content-Type", "text/event-stream"),
                HeaderField("Cache-Control", "no-store"),
            ], body: .stream(pieces))
    }

    static func json(_ value: JSONValue) -> ServerResponse {
        response(APIAnswer(status: 200, json: value))
    }

    package static func response(_ answer: APIAnswer) -> ServerResponse {
        ServerResponse(status: answer.status, headers: answer.headers, body: .bytes(answer.body))
    }

    private static func refusal(_ error: any Error) -> APIError {
        switch error {
        case let error as APIError: error
        case let error as FixtureError: APIError(.badRequest, error.message, at: error.path)
        case let error as DestinationError:
            APIError(.badRequest, error.description, at: "target")
        case let error as JournalError: APIError(.unavailable, error.description)
        default: APIError(.unknown, "\(error)")
        }
    }
}
