/// Where the journal is, how safe it is, and how much it keeps.
package struct JournalConfiguration: Hashable, Sendable {
    /// Where rows are kept.
    package enum Storage: Hashable, Sendable {
        /// A folder, made when missing.
        case folder(String)
        /// Memory; gone with the process.
        case memory

        /// The folder's path, or `memory`.
        var place: String { if case .folder(let path) = self { path } else { "memory" } }
    }

    /// What a commit survives.
    package enum Durability: String, Hashable, Sendable, CaseIterable {
        /// The death of the process at any instant. The file cannot be damaged by a loss of power, but
        /// the last commits before it may be missing.
        case process
        /// A loss of power: each group of commits waits for the disk.
        case full
    }

    package var storage: Storage
    package var durability: Durability
    package var limits: Limits

    /// What is kept.
    package struct Limits: Hashable, Sendable {
        /// Octets of a payload; a larger one is refused.
        package var payloadBytes = 16 << 20
        /// Octets of an answer that are kept; more is cut off, and the row says so.
        package var responseBytes = 64 << 10
        /// Deliveries that are kept; of more the oldest finished ones go.
        package var deliveries = 1_000_000
        /// Days that a finished delivery is kept.
        package var days = 30

        package init() {}
    }

    package init(
        storage: Storage, durability: Durability = .process, limits: Limits = .init()
    ) {
        self.storage = storage
        self.durability = durability
        self.limits = limits
    }
}
