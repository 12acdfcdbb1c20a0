import NIOCore
import Synchronization

/// Counts connections that are open, up to a limit.
final class OpenConnections: Sendable {
    private let limit: Int
    private let count = Atomic(0)

    init(limit: Int) { self.limit = limit }

    /// Whether there is room for another one, which counts until it is closed.
    func take(_ channel: any Channel) -> Bool {
        guard count.add(1, ordering: .relaxed).newValue <= limit else {
            count.subtract(1, ordering: .relaxed)
            return false
        }
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            self.count.subtract(1, ordering: .relaxed)
        }
        return true
    }
}
