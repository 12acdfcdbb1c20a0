import Callbacks
import MockAPI

extension ControlAPI {
    func faults(_ method: String, _ id: String?, _ input: Input) throws -> JSONValue {
        switch method {
        case "GET": return ["faults": .array(parts.mock.troubleRules.map(\.json))]
        case "POST":
            let rule = try parts.mock.add(try TroubleRule(input))
            return ["fault": rule.json]
        case "DELETE":
            let number = id.flatMap { Int($0) }
            guard id == nil || number != nil, parts.mock.removeTrouble(number) || id == nil else {
                throw APIError(.notFound, "There is no fault '\(id?.prefix(40) ?? "")'")
            }
            return [:]
        default: throw APIError(.methodNotSupported, "Faults take GET, POST and DELETE")
        }
    }
}

extension TroubleRule {
    /// Reads `{operation, error | delay | reset, count, probability, seed}`.
    init(_ input: Input) throws(APIError) {
        let effect: Effect
        if let name = input.text("error") {
            guard let error = APIError.Name.all.first(where: { $0.text == name }) else {
                let known = APIError.Name.all.map(\.text).joined(separator: ", ")
                throw APIError(.badRequest, "'error' must be one of \(known)", at: "error")
            }
            effect = .error(error)
        } else if let delay = try input.span("delay") {
            guard delay <= .seconds(600) else {
                throw APIError(.badRequest, "'delay' is at most 10m", at: "delay")
            }
            let (seconds, attoseconds) = delay.components
            effect = .delay(Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
        } else if input["reset"]?.bool == true {
            effect = .reset
        } else {
            throw APIError(.badRequest, "'error', 'delay' or 'reset' is required", at: "error")
        }
        self.init(
            operation: input.text("operation") ?? "*", effect: effect,
            count: try input.integer("count", in: 1...1_000_000),
            probability: try input.number("probability", in: 0...1) ?? 1,
            seed: UInt64(try input.integer("seed") ?? 1))
    }

    var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", JSONValue(id)), ("operation", .string(operation)),
        ]
        switch effect {
        case .error(let name): members.append(("error", .string(name.text)))
        case .delay(let milliseconds): members.append(("delay", .string("\(milliseconds)ms")))
        case .reset: members.append(("reset", true))
        }
        members += [
            ("count", count.map { JSONValue($0) } ?? .null),
            ("probability", .number("\(probability)")), ("seed", .number(String(seed))),
        ]
        return .object(JSONObject(members))
    }
}
