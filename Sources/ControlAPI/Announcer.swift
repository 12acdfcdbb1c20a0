package import Callbacks
package import Delivery
package import MockAPI
import Synchronization

/// Something that happened, for those who look on.
package enum Announcement: Sendable {
    case attempt(AttemptReport)
    case exchange(Exchange)
    case clock(JSONValue)
    case reset

    /// The name of the event in the stream.
    var name: String {
        switch self {
        case .attempt: "attempt"
        case .exchange: "exchange"
        case .clock: "clock"
        case .reset: "reset"
        }
    }

    var json: JSONValue {
        switch self {
        case .attempt(let report): report.json
        case .exchange(let exchange): exchange.json
        case .clock(let clock): clock
        case .reset: .object(JSONObject())
        }
    }
}

/// Tells everybody who listens.
///
/// Safe to share. Who reads too slowly misses the oldest.
package final class Announcer: Sendable {
    /// Announcements that wait for one listener.
    private static let maximumWaiting = 1000

    private struct State {
        var listeners: [Int: AsyncStream<Announcement>.Continuation] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    package init() {}

    package func announce(_ announcement: Announcement) {
        state.withLock { state in
            for listener in state.listeners.values { listener.yield(announcement) }
        }
    }

    /// What happens from now on.
    func listen() -> AsyncStream<Announcement> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Announcement.self, bufferingPolicy: .bufferingNewest(Self.maximumWaiting))
        let number = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.listeners[number] = nil }
        }
        return stream
    }

    /// Ends all streams.
    package func close() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
