import Callbacks
import Delivery
import Fixtures
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
            let made: JSONValue?
            switch input.text("on") ?? "api" {
            case "api": made = parts.mock.add(try input.trouble())?.json
            case "deliveries": made = parts.faults.add(try input.deliveryFault())?.json
            default: throw APIError(.badRequest, "'on' must be api or deliveries", at: "on")
            }
            guard let made else {
                throw APIError(
                    .badRequest, "There are \(FaultBook<Trouble>.maximumRules) rules already")
            }
            return ["fault": made]
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

    /// A rule for calls: `{operation, error | status | delay | reset, count, probability, seed}`.
    fileprivate func trouble() throws(APIError) -> FaultRule<Trouble> {
        try allow(
            "on", "operation", "error", "status", "delay", "reset", "count", "probability", "seed")
        let effect: Trouble
        if let status = try integer("status", in: 400...599) {
            effect = .error(try name(at: "status", "an error's status") { $0.status == status })
        } else if let text = text("error") {
            effect = .error(try name(at: "error", "an error's name") { $0.text == text })
        } else if let delay = try delay(upTo: maximumDelay) {
            effect = .delay(Int(delay))
        } else if self["reset"]?.bool == true {
            effect = .reset
        } else {
            throw APIError(
                .badRequest, "'error', 'status', 'delay' or 'reset' is required", at: "error")
        }
        let rule = try rule(effect, for: "operation")
        guard Contract.current.operations.contains(where: { rule.covers($0.id) }) else {
            throw APIError(
                .badRequest, "No operation has the id '\(rule.pattern.prefix(100))'",
                at: "operation")
        }
        return rule
    }

    /// A rule for deliveries: `{event_type, delay | duplicate | drop | reorder | truncate | reset,
    /// count, probability, seed}`.
    fileprivate func deliveryFault() throws(APIError) -> FaultRule<DeliveryFault> {
        try allow(
            "on", "event_type", "delay", "truncate", "duplicate", "drop", "reorder", "reset",
            "count", "probability", "seed")
        let switches: [(String, DeliveryFault)] = [
            ("reset", .truncate(0)), ("duplicate", .duplicate), ("drop", .drop),
            ("reorder", .reorder),
        ]
        // A year: longer than every schedule of retries.
        if let delay = try delay(upTo: .seconds(366 * 86_400)) {
            return try rule(.delay(delay), for: "event_type")
        }
        if let count = try integer("truncate", in: 0...1 << 24) {
            return try rule(.truncate(count), for: "event_type")
        }
        guard let (_, effect) = switches.first(where: { self[$0.0]?.bool == true }) else {
            throw APIError(
                .badRequest,
                "'delay', 'duplicate', 'drop', 'reorder', 'truncate' or 'reset' is required",
                at: "delay")
        }
        return try rule(effect, for: "event_type")
    }

    private func rule<Effect>(
        _ effect: Effect, for pattern: String
    ) throws(APIError) -> FaultRule<Effect> {
        FaultRule(
            pattern: text(pattern) ?? "*", effect: effect,
            count: try integer("count", in: 1...1_000_000),
            probability: try number("probability", in: 0...1) ?? 1,
            seed: UInt64(try integer("seed") ?? 1))
    }

    private func name(
        at path: String, _ expected: String, where passes: (APIError.Name) -> Bool
    ) throws(APIError) -> APIError.Name {
        if let name = APIError.Name.all.first(where: passes) { return name }
        let known = APIError.Name.all.map { "\($0.text) (\($0.status))" }.joined(separator: ", ")
        throw APIError(.badRequest, "'\(path)' must be \(expected) of \(known)", at: path)
    }
}

extension FaultRule {
    /// The rule as JSON, with what is particular to its kind.
    fileprivate func json(
        on place: String, _ name: String, _ effect: (String, JSONValue)
    ) -> JSONValue {
        .object(
            JSONObject([
                ("id", .string("\(place)-\(id)")), ("on", .string(place)),
                (name, .string(pattern)), effect, ("count", count.map { JSONValue($0) } ?? .null),
                ("probability", .number("\(probability)")), ("seed", .number(String(seed))),
            ]))
    }
}

extension FaultRule<Trouble> {
    fileprivate var json: JSONValue {
        let effect: (String, JSONValue) =
            switch effect {
            case .error(let name): ("error", .string(name.text))
            case .delay(let milliseconds): ("delay", .string("\(milliseconds)ms"))
            case .reset: ("reset", true)
            }
        return json(on: "api", "operation", effect)
    }
}

extension FaultRule<DeliveryFault> {
    fileprivate var json: JSONValue {
        let effect: (String, JSONValue) =
            switch effect {
            case .delay(let milliseconds): ("delay", .string("\(milliseconds)ms"))
            case .duplicate: ("duplicate", true)
            case .drop: ("drop", true)
            case .reorder: ("reorder", true)
            case .truncate(let count): ("truncate", JSONValue(count))
            }
        return json(on: "deliveries", "event_type", effect)
    }
}
