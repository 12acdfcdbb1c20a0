import Callbacks
package import Delivery
import Fixtures
import Journal
import Synchronization

/// A rule by which deliveries go wrong on their way.
struct DeliveryFault: Hashable, Sendable {
    enum Effect: Hashable, Sendable {
        /// It is due so many milliseconds later.
        case delay(Int64)
        /// It goes out twice.
        case duplicate
        /// It never goes out.
        case drop
        /// It is late enough for those behind it to overtake it.
        case reorder
        /// The first attempt ends after so many octets of its body.
        case truncate(Int)
    }

    /// Milliseconds by which ``Effect/reorder`` makes a delivery late.
    static let reorderDelay: Int64 = 1000

    var id: Int
    /// An event type, or a beginning of one with `*` behind it.
    var eventType: String
    var effect: Effect
    /// How many deliveries are still hit; `nil` for all.
    var count: Int?
    /// From 0 to 1.
    var probability: Double
    /// Fixes which deliveries are hit.
    var seed: UInt64

    func covers(_ type: String) -> Bool {
        guard eventType.hasSuffix("*") else { return eventType == type }
        return type.hasPrefix(eventType.dropLast())
    }
}

/// The rules that hold now for deliveries.
///
/// Safe to share.
package final class DeliveryFaults: Sendable {
    /// Rules at the most.
    static let maximumRules = 100

    fileprivate struct State {
        var rules: [DeliveryFault] = []
        var generators: [Int: SeededGenerator] = [:]
        var nextID = 1
    }

    private let state = Mutex(State())

    package init() {}

    var rules: [DeliveryFault] { state.withLock { $0.rules } }

    /// Adds a rule; `nil` when there are too many.
    func add(_ rule: DeliveryFault) -> DeliveryFault? {
        state.withLock { state in
            guard state.rules.count < Self.maximumRules else { return nil }
            var rule = rule
            rule.id = state.nextID
            state.nextID += 1
            state.rules.append(rule)
            state.generators[rule.id] = SeededGenerator(seed: rule.seed)
            return rule
        }
    }

    /// Drops a rule, or all; returns whether there was one.
    func remove(_ id: Int?) -> Bool {
        state.withLock { state in
            let count = state.rules.count
            state.rules.removeAll { id == nil || $0.id == id }
            return state.rules.count < count
        }
    }

    /// What becomes of deliveries on their way to the engine.
    package func apply(
        to deliveries: [DeliveryEngine.Scheduled]
    ) -> [DeliveryEngine.Scheduled] {
        state.withLock { state in
            guard !state.rules.isEmpty else { return deliveries }
            return deliveries.flatMap { state.apply(to: $0) }
        }
    }
}

extension DeliveryFaults.State {
    fileprivate mutating func apply(
        to delivery: DeliveryEngine.Scheduled
    ) -> [DeliveryEngine.Scheduled] {
        var delivery = delivery
        var copies: [DeliveryEngine.Scheduled] = []
        for index in rules.indices where isHit(index, delivery.delivery.event.type.rawValue) {
            switch rules[index].effect {
            case .delay(let milliseconds): delivery.due += milliseconds
            case .duplicate:
                var copy = delivery
                copy.existing = nil  // a delivery of its own, with a row of its own
                copies.append(copy)
            case .drop:
                delivery.manner = .dropped("dropped by the rule deliveries-\(rules[index].id)")
            case .reorder:
                delivery.due += DeliveryFault.reorderDelay
                delivery.subject = nil
            case .truncate(let count): delivery.manner = .cut(afterBodyBytes: count)
            }
        }
        return [delivery] + copies
    }

    private mutating func isHit(_ index: Int, _ type: String) -> Bool {
        let rule = rules[index]
        guard rule.covers(type), rule.count != 0 else { return false }
        if rule.probability < 1 {
            let number = generators[rule.id]?.next() ?? 0
            guard Double(number >> 11) / Double(1 << 53) < rule.probability else { return false }
        }
        if let count = rule.count { rules[index].count = count - 1 }
        return true
    }
}
