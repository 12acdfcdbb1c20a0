import Callbacks
import Fixtures

/// A rule by which the mock makes trouble.
package struct TroubleRule: Hashable, Sendable {
    /// What happens to a call.
    package enum Effect: Hashable, Sendable {
        /// The answer is this error.
        case error(APIError.Name)
        /// The answer comes so many milliseconds later.
        case delay(Int)
        /// The connection is closed without an answer, before anything was done.
        case reset
    }

    package var id: Int
    /// An operation's id, or a beginning of one with `*` behind it.
    package var operation: String
    package var effect: Effect
    /// How many calls are still hit; `nil` for all.
    package var count: Int?
    /// From 0 to 1.
    package var probability: Double
    /// Fixes which calls are hit.
    package var seed: UInt64

    package init(
        id: Int = 0, operation: String = "*", effect: Effect, count: Int? = nil,
        probability: Double = 1, seed: UInt64 = 1
    ) {
        self.id = id
        self.operation = operation
        self.effect = effect
        self.count = count
        self.probability = probability
        self.seed = seed
    }

    func covers(_ operation: String) -> Bool { Self.covers(self.operation, operation) }

    /// Whether an operation's id is meant by an id, or by a beginning of one with `*` behind it.
    package static func covers(_ pattern: String, _ operation: String) -> Bool {
        guard pattern.hasSuffix("*") else { return pattern == operation }
        return operation.hasPrefix(pattern.dropLast())
    }
}

/// The rules that hold now.
struct Trouble: Sendable {
    /// Rules at the most.
    static let maximumRules = 100
    /// Milliseconds that an answer may be held back.
    static let maximumDelay = 600_000

    private(set) var rules: [TroubleRule] = []
    private var nextID = 1
    private var generators: [Int: SeededGenerator] = [:]

    mutating func add(_ rule: TroubleRule) throws(APIError) -> TroubleRule {
        guard rules.count < Self.maximumRules else {
            throw APIError(.badRequest, "There are \(Self.maximumRules) rules already")
        }
        var rule = rule
        rule.id = nextID
        nextID += 1
        rules.append(rule)
        generators[rule.id] = SeededGenerator(seed: rule.seed)
        return rule
    }

    /// Drops a rule, or all; returns whether there was one.
    mutating func remove(_ id: Int?) -> Bool {
        let count = rules.count
        rules.removeAll { id == nil || $0.id == id }
        return rules.count < count
    }

    /// What happens to a call of an operation, in the order of the rules.
    mutating func effects(on operation: String) -> [TroubleRule.Effect] {
        guard !rules.isEmpty else { return [] }
        var effects: [TroubleRule.Effect] = []
        for index in rules.indices where rules[index].covers(operation) {
            let rule = rules[index]
            guard rule.count != 0, isHit(rule) else { continue }
            if let count = rule.count { rules[index].count = count - 1 }
            effects.append(rule.effect)
        }
        return effects
    }

    private mutating func isHit(_ rule: TroubleRule) -> Bool {
        guard rule.probability < 1 else { return true }
        let number = generators[rule.id]?.next() ?? 0
        return Double(number >> 11) / Double(1 << 53) < rule.probability
    }
}

/// What a single call asks for by headers of ours.
struct RequestedTrouble: Hashable, Sendable {
    /// The header that names an error which the call is to end in.
    static let errorHeader = "X-Countersign-Error"
    /// The header that names the event which the processing of the documents is to end in.
    static let outcomeHeader = "X-Countersign-Outcome"

    var error: APIError?
    var outcome: String?

    /// - Throws: ``APIError`` when a header names what is not known.
    init(_ headers: [HeaderField]) throws(APIError) {
        for header in headers where header.name.utf8.count >= Self.errorHeader.utf8.count {
            switch header.name.lowercased() {
            case "x-countersign-error":
                guard let name = APIError.Name.all.first(where: { $0.text == header.value }) else {
                    let known = APIError.Name.all.map(\.text).joined(separator: ", ")
                    throw APIError(.badRequest, "\(Self.errorHeader) must be one of \(known)")
                }
                error = APIError(name, "Forced by \(Self.errorHeader)")
            case "x-countersign-outcome":
                guard Self.outcomes.contains(header.value) else {
                    let known = Self.outcomes.joined(separator: ", ")
                    throw APIError(.badRequest, "\(Self.outcomeHeader) must be one of \(known)")
                }
                outcome = header.value
            default: break
            }
        }
    }

    private static let outcomes = [
        EventType.fileError.rawValue, EventType.unknownError.rawValue,
        EventType.signatureRequestInvalid.rawValue,
    ]
}
