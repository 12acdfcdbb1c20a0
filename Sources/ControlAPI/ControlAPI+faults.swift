import Callbacks
import Delivery
import MockAPI

extension ControlAPI {
    /// Lists, adds and drops rules: `{on: api | deliveries, …}`.
    func faults(_ method: String, _ id: String?, _ input: Input) throws -> JSONValue {
        switch (method, id) {
        case ("GET", nil):
            return [
                "faults": .array(
                    parts.mock.troubleRules.map(\.json) + parts.faults.rules.map(\.json))
            ]
        case ("POST", nil):
            switch input.text("on") ?? "api" {
            case "api": return ["fault": try parts.mock.add(try TroubleRule(input)).json]
            case "deliveries":
                guard let rule = parts.faults.add(try DeliveryFault(input)) else {
                    throw APIError(
                        .badRequest, "There are \(DeliveryFaults.maximumRules) rules already")
                }
                return ["fault": rule.json]
            default:
                throw APIError(.badRequest, "'on' must be api or deliveries", at: "on")
            }
        case ("DELETE", nil):
            _ = parts.mock.removeTrouble(nil)
            _ = parts.faults.remove(nil)
            return [:]
        case ("DELETE", let id?):
            guard remove(id) else {
                throw APIError(.notFound, "There is no fault '\(id.prefix(40))'")
            }
            return [:]
        default: throw APIError(.methodNotSupported, "Faults take GET, POST and DELETE")
        }
    }

    private func remove(_ id: String) -> Bool {
        if id.hasPrefix("api-"), let number = Int(id.dropFirst(4)) {
            return parts.mock.removeTrouble(number)
        }
        guard id.hasPrefix("deliveries-"), let number = Int(id.dropFirst(11)) else { return false }
        return parts.faults.remove(number)
    }
}

/// The longest that something may be held back.
private let maximumDelay = Duration.seconds(600)

extension Input {
    /// A span of milliseconds in `delay`.
    fileprivate func delay(upTo limit: Duration) throws(APIError) -> Int64? {
        guard let delay = try span("delay") else { return nil }
        guard delay <= limit else {
            throw APIError(
                .badRequest, "'delay' is at most \(limit.components.seconds)s", at: "delay")
        }
        return delay.wholeMilliseconds
    }
}

extension TroubleRule {
    /// Reads `{operation, error | delay | reset, count, probability, seed}`.
    init(_ input: Input) throws(APIError) {
        try input.allow(
            "on", "operation", "error", "status", "delay", "reset", "count", "probability", "seed")
        let effect: Effect
        if let status = try input.integer("status", in: 400...599) {
            guard let error = APIError.Name.all.first(where: { $0.status == status }) else {
                throw APIError(.badRequest, "The API has no error of that status", at: "status")
            }
            effect = .error(error)
        } else if let name = input.text("error") {
            guard let error = APIError.Name.all.first(where: { $0.text == name }) else {
                let known = APIError.Name.all.map(\.text).joined(separator: ", ")
                throw APIError(.badRequest, "'error' must be one of \(known)", at: "error")
            }
            effect = .error(error)
        } else if let delay = try input.delay(upTo: maximumDelay) {
            effect = .delay(Int(delay))
        } else if input["reset"]?.bool == true {
            effect = .reset
        } else {
            throw APIError(
                .badRequest, "'error', 'status', 'delay' or 'reset' is required", at: "error")
        }
        let operation = input.text("operation") ?? "*"
        guard Contract.current.operations.contains(where: { Self.covers(operation, $0.id) }) else {
            throw APIError(
                .badRequest, "No operation has the id '\(operation.prefix(100))'", at: "operation")
        }
        self.init(
            operation: operation, effect: effect,
            count: try input.integer("count", in: 1...1_000_000),
            probability: try input.number("probability", in: 0...1) ?? 1,
            seed: UInt64(try input.integer("seed") ?? 1))
    }

    fileprivate var json: JSONValue {
        let effect: (String, JSONValue) =
            switch self.effect {
            case .error(let name): ("error", .string(name.text))
            case .delay(let milliseconds): ("delay", .string("\(milliseconds)ms"))
            case .reset: ("reset", true)
            }
        return .object(
            JSONObject([
                ("id", .string("api-\(id)")), ("on", "api"), ("operation", .string(operation)),
                effect, ("count", count.map { JSONValue($0) } ?? .null),
                ("probability", .number("\(probability)")), ("seed", .number(String(seed))),
            ]))
    }
}

extension DeliveryFault {
    /// Reads `{event_type, delay | duplicate | drop | reorder | truncate, count, probability, seed}`.
    init(_ input: Input) throws(APIError) {
        try input.allow(
            "on", "event_type", "delay", "truncate", "duplicate", "drop", "reorder", "reset",
            "count",
            "probability", "seed")
        let effect: Effect
        // A year: longer than every schedule of retries.
        if let delay = try input.delay(upTo: .seconds(366 * 86_400)) {
            effect = .delay(delay)
        } else if let count = try input.integer("truncate", in: 0...1 << 24) {
            effect = .truncate(count)
        } else if input["reset"]?.bool == true {
            effect = .truncate(0)
        } else if input["duplicate"]?.bool == true {
            effect = .duplicate
        } else if input["drop"]?.bool == true {
            effect = .drop
        } else if input["reorder"]?.bool == true {
            effect = .reorder
        } else {
            throw APIError(
                .badRequest, "'delay', 'duplicate', 'drop', 'reorder' or 'truncate' is required",
                at: "delay")
        }
        self.init(
            id: 0, eventType: input.text("event_type") ?? "*", effect: effect,
            count: try input.integer("count", in: 1...1_000_000),
            probability: try input.number("probability", in: 0...1) ?? 1,
            seed: UInt64(try input.integer("seed") ?? 1))
    }

    fileprivate var json: JSONValue {
        let effect: (String, JSONValue) =
            switch self.effect {
            case .delay(let milliseconds): ("delay", .string("\(milliseconds)ms"))
            case .duplicate: ("duplicate", true)
            case .drop: ("drop", true)
            case .reorder: ("reorder", true)
            case .truncate(let count): ("truncate", JSONValue(count))
            }
        return .object(
            JSONObject([
                ("id", .string("deliveries-\(id)")), ("on", "deliveries"),
                ("event_type", .string(eventType)), effect,
                ("count", count.map { JSONValue($0) } ?? .null),
                ("probability", .number("\(probability)")), ("seed", .number(String(seed))),
            ]))
    }
}
