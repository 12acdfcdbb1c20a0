import Callbacks
import Delivery
import Fixtures
import Journal
import MockAPI

extension ControlAPI {
    var clockJSON: JSONValue {
        var members: [(String, JSONValue)] = [("now", .number(String(parts.clock.now)))]
        switch parts.clock.mode {
        case .real: members.append(("mode", "real"))
        case .manual, .skipping: members.append(("mode", "manual"))
        case .scaled(let factor):
            members += [("mode", "scaled"), ("factor", .number("\(factor)"))]
        }
        return .object(JSONObject(members))
    }

    /// Moves the clock, or lets it go in another way; answers once everything that became due on the
    /// way was done: jobs, and the deliveries that they caused.
    func setClock(_ input: Input) async throws -> JSONValue {
        if let mode = input.text("mode") {
            switch mode {
            case "real": parts.clock.change(to: .real)
            case "manual": parts.clock.change(to: .manual(start: parts.clock.now))
            case "scaled":
                let factor = try input.number("factor", in: 0.001...1_000_000)
                guard let factor else {
                    throw APIError(.badRequest, "'factor' is required", at: "factor")
                }
                parts.clock.change(to: .scaled(factor))
            default:
                throw APIError(
                    .badRequest, "'mode' must be real, manual or scaled", at: "mode")
            }
        }
        var due: [DeliveryIdentity] = []
        if let span = try input.span("advance") {
            let time = parts.clock.now + span.wholeMilliseconds
            due = try await dueDeliveries(by: time)
            // From one due time to the next, so that what follows from an attempt on the way, such as
            // its retry, is due by the time of that attempt.
            while let next = nextDue, next <= time {
                parts.clock.advance(to: next)
                await parts.mock.settle()
                await parts.feed.settle()
            }
            parts.clock.advance(to: time)
        }
        parts.announcer.announce(.clock(clockJSON))
        var answer = clockJSON.object ?? JSONObject()
        answer["due"] = .array(due.map(\.json))
        return .object(answer)
    }

    private var nextDue: Int64? {
        [parts.mock.nextDue, parts.feed.nextDue].compactMap { $0 }.min()
    }

    private struct DeliveryIdentity {
        let id: Int64
        let type: EventType

        var json: JSONValue {
            ["id": .number(String(id)), "event_type": .string(type.rawValue)]
        }
    }

    private func dueDeliveries(by time: Int64) async throws -> [DeliveryIdentity] {
        try await parts.journal.deliveries(.init(state: .pending, limit: 1000))
            .filter { ($0.nextAttemptAt ?? .max) <= time }
            .map { DeliveryIdentity(id: $0.id, type: $0.delivery.event.type) }
    }
}
