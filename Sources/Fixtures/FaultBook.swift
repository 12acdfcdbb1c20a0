/// A rule by which something goes wrong: what it hits, and what happens then.
package struct FaultRule<Effect: Hashable & Sendable>: Hashable, Sendable {
    /// From 1; 0 before it stands in a book.
    package fileprivate(set) var id = 0
    /// A name, or a beginning of one with `*` behind it.
    package let pattern: String
    package let effect: Effect
    /// How many are still hit; `nil` for all.
    package private(set) var count: Int?
    /// From 0 to 1.
    package let probability: Double
    /// Fixes which are hit.
    package let seed: UInt64
    private var generator: SeededGenerator

    package init(
        pattern: String = "*", effect: Effect, count: Int? = nil, probability: Double = 1,
        seed: UInt64 = 1
    ) {
        self.pattern = pattern
        self.effect = effect
        self.count = count
        self.probability = probability
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    /// Whether the pattern means a name.
    package func covers(_ name: String) -> Bool {
        guard pattern.hasSuffix("*") else { return pattern == name }
        return name.hasPrefix(pattern.dropLast())
    }

    /// Whether it hits what has this name, which is counted then.
    fileprivate mutating func hits(_ name: String) -> Bool {
        guard covers(name), count != 0 else { return false }
        if probability < 1 {
            let share = Double(generator.next() >> 11) / Double(1 << 53)
            guard share < probability else { return false }
        }
        if let count { self.count = count - 1 }
        return true
    }
}

/// The rules that hold now, in their order.
package struct FaultBook<Effect: Hashable & Sendable>: Sendable {
    /// Rules at the most.
    package static var maximumRules: Int { 100 }

    package private(set) var rules: [FaultRule<Effect>] = []
    private var lastID = 0

    package init() {}

    /// Puts a rule in, and returns it with its id; `nil` when there are too many.
    package mutating func add(_ rule: FaultRule<Effect>) -> FaultRule<Effect>? {
        guard rules.count < Self.maximumRules else { return nil }
        var rule = rule
        lastID += 1
        rule.id = lastID
        rules.append(rule)
        return rule
    }

    /// Drops a rule, or all; returns whether there was one.
    package mutating func remove(_ id: Int?) -> Bool {
        let count = rules.count
        rules.removeAll { id == nil || $0.id == id }
        return rules.count < count
    }

    /// The rules that hit what has this name.
    package mutating func hits(on name: String) -> [(id: Int, effect: Effect)] {
        guard !rules.isEmpty else { return [] }
        var hits: [(id: Int, effect: Effect)] = []
        for index in rules.indices where rules[index].hits(name) {
            hits.append((rules[index].id, rules[index].effect))
        }
        return hits
    }
}
