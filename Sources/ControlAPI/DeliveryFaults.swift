import Callbacks
package import Delivery
import Fixtures
import Journal
import Synchronization

/// What happens to a delivery that a rule hits.
enum DeliveryFault: Hashable, Sendable {
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

    /// Milliseconds by which ``reorder`` makes a delivery late.
    static let reorderDelay: Int64 = 1000
}

/// The rules for deliveries that hold now, by event type.
///
/// Safe to share.
package final class DeliveryFaults: Sendable {
    private let book = Mutex(FaultBook<DeliveryFault>())

    package init() {}

    var rules: [FaultRule<DeliveryFault>] { book.withLock { $0.rules } }

    /// Adds a rule; `nil` when there are too many.
    func add(_ rule: FaultRule<DeliveryFault>) -> FaultRule<DeliveryFault>? {
        book.withLock { $0.add(rule) }
    }

    /// Drops a rule, or all; returns whether there was one.
    func remove(_ id: Int?) -> Bool { book.withLock { $0.remove(id) } }

    /// What becomes of deliveries on their way to the engine.
    package func apply(
        to deliveries: [DeliveryEngine.Scheduled]
    ) -> [DeliveryEngine.Scheduled] {
        book.withLock { book in
            guard !book.rules.isEmpty else { return deliveries }
            return deliveries.flatMap { delivery in
                Self.apply(book.hits(on: delivery.delivery.event.type.rawValue), to: delivery)
            }
        }
    }

    private static func apply(
        _ hits: [(id: Int, effect: DeliveryFault)], to delivery: DeliveryEngine.Scheduled
    ) -> [DeliveryEngine.Scheduled] {
        var delivery = delivery
        var copies: [DeliveryEngine.Scheduled] = []
        for (id, effect) in hits {
            switch effect {
            case .delay(let milliseconds): delivery.due += milliseconds
            case .duplicate:
                var copy = delivery
                copy.existing = nil  // a delivery of its own, with a row of its own
                copies.append(copy)
            case .drop: delivery.manner = .dropped("dropped by the rule deliveries-\(id)")
            case .reorder:
                delivery.due += DeliveryFault.reorderDelay
                delivery.subject = nil
            case .truncate(let count): delivery.manner = .cut(afterBodyBytes: count)
            }
        }
        return [delivery] + copies
    }
}
