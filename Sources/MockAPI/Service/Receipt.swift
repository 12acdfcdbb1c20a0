import Journal
import Synchronization

/// Tells the one who made a change when it is durable.
final class Receipt: Sendable {
    private enum State {
        case open
        case waiting(UnsafeContinuation<Void, any Error>)
        case done(Result<Void, JournalError>)
    }

    private let state = Mutex(State.open)

    func fulfil(_ result: Result<Void, JournalError>) {
        let waiter: UnsafeContinuation<Void, any Error>? = state.withLock { state in
            defer { state = .done(result) }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiter?.resume(with: result.mapError { $0 as any Error })
    }

    /// Waits until the change is durable.
    func wait() async throws {
        try await withUnsafeThrowingContinuation { continuation in
            let result: Result<Void, JournalError>? = state.withLock { state in
                if case .done(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let result { continuation.resume(with: result.mapError { $0 as any Error }) }
        }
    }
}
