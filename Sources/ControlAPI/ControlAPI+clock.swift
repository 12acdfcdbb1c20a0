import Callbacks
import Delivery
import Fixtures
import Foundation
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
        try input.allow("mode", "factor", "advance")
        let mode = try mode(input)
        let span = try input.span("advance")
        guard mode != nil || span != nil else {
            throw APIError(.badRequest, "'advance' or 'mode' is required", at: "advance")
        }
        if let mode { parts.clock.change(to: mode) }
        var due: [Int64: EventType] = [:]
        if let span {
            let time = parts.clock.now + span.wholeMilliseconds
            // From one due time to the next, so that what follows from an attempt on the way, such as
            // its retry, is due by the time of that attempt.
            while let next = nextDue, next <= time {
                // Looked for before anything can be attempted, and what jobs make behind that.
                for delivery in try await deliveries(dueBy: next) {
                    due[delivery.id] = delivery.delivery.event.type
                }
                parts.clock.advance(to: next)
                await parts.mock.settle()
                for delivery in try await deliveries(madeAt: next) {
                    due[delivery.id] = delivery.delivery.event.type
                }
                await parts.feed.settle()
            }
            parts.clock.advance(to: time)
            await parts.feed.settle()
        }
        try await parts.mock.keepClock(
            realTime: Int64(Date().timeIntervalSince1970 * 1000))
        parts.announcer.announce(.clock(clockJSON))
        var answer = clockJSON.object ?? JSONObject()
        answer["due"] = .array(
            due.sorted { $0.key < $1.key }.map { id, type in
                ["id": .number(String(id)), "event_type": .string(type.rawValue)]
            })
        return .object(answer)
    }

    private func mode(_ input: Input) throws(APIError) -> DeliveryClock.Mode? {
        switch input.text("mode") {
        case nil: return nil
        case "real": return .real
        case "manual": return .manual(start: parts.clock.now)
        case "scaled":
            guard let factor = try input.number("factor", in: 0.001...1_000_000) else {
                throw APIError(.badRequest, "'factor' is required", at: "factor")
            }
            return .scaled(factor)
        default:
            throw APIError(.badRequest, "'mode' must be real, manual or scaled", at: "mode")
        }
    }

    private var nextDue: Int64? {
        [parts.mock.nextDue, parts.feed.nextDue].compactMap { $0 }.min()
    }

    private func deliveries(dueBy time: Int64) async throws -> [DeliveryRecord] {
        try await parts.journal.deliveries(.init(state: .pending, limit: Self.maximumDueListed))
            .filter { $0.nextAttemptAt.map { $0 <= time } ?? false }
    }

    private func deliveries(madeAt time: Int64) async throws -> [DeliveryRecord] {
        try await parts.journal.deliveries(.init(limit: Self.maximumDueListed))
            .filter { $0.createdAt == time }
    }

    /// The newest deliveries that are looked at for what became due.
    private static var maximumDueListed: Int { 1000 }
}
