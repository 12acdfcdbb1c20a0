import Delivery
package import HTTPTransport
package import Journal
import NIOCore
import NIOPosix

/// What a command works with: a client and a journal, opened together and closed together.
package struct Services: Sendable {
    package let client: HTTPClient
    package let journal: Journal
    package let settings: Settings

    /// Opens what `settings` say, lends it to `body`, and closes it whatever happens.
    ///
    /// - Throws: ``Problem``, or what `body` throws.
    package static func with<Result: Sendable>(
        _ settings: Settings, _ body: (Services) async throws -> Result
    ) async throws -> Result {
        try await withClient(settings) { client in
            let journal = try Journal(settings.journal)
            do {
                let result = try await body(
                    Services(client: client, journal: journal, settings: settings))
                try journal.close()
                return result
            } catch {
                try? journal.close()  // the first error is the one to tell
                throw error
            }
        }
    }

    /// A client alone, for what records nothing.
    package static func withClient<Result: Sendable>(
        _ settings: Settings, _ body: (HTTPClient) async throws -> Result
    ) async throws -> Result {
        // One loop: a connection, its request and what waits for it share a thread.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let client = try HTTPClient(configuration: settings.client, group: group)
            let result = try await body(client)
            await client.shutDown()
            try await group.shutdownGracefully()
            return result
        } catch {
            try? await group.shutdownGracefully()  // the first error is the one to tell
            throw error
        }
    }
}
