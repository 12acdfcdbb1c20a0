package import Callbacks
package import NIOCore
import NIOPosix
import OpenSSL

/// An HTTP/1.1 client that sends requests byte for byte as given and tells exactly what came back.
///
/// It follows no redirect, decodes no content coding and keeps no cookie: a webhook sender does not.
/// Safe to share; each event loop of the group has connections of its own, and a request that starts
/// on a loop stays there.
package final class HTTPClient: Sendable {
    private let group: any EventLoopGroup
    private let pools: [ConnectionPool]
    private let configuration: HTTPClientConfiguration
    /// Runs tasks where they reach a connection without a change of threads.
    package let executor: any TaskExecutor

    /// A client on the loops of `group`, which the caller shuts down afterwards.
    ///
    /// - Throws: ``OpenSSL/OpenSSLError`` when the file with authorities cannot be used.
    package init(configuration: HTTPClientConfiguration, group: any EventLoopGroup) throws {
        self.configuration = configuration
        self.group = group
        let context = try TLSContext(client: configuration.trust)
        pools = group.makeIterator().map {
            ConnectionPool(loop: $0, configuration: configuration, tlsContext: context)
        }
        executor = EventLoopExecutor(group.next())
    }

    /// Sends a request and waits for what becomes of it.
    package func send(
        _ request: CallbackRequest, to destination: Destination, options: SendOptions = .init()
    ) async -> HTTPExchange {
        await send(OutgoingRequest(request, to: destination), to: destination, options: options)
    }

    /// Sends a request and waits for what becomes of it.
    ///
    /// Cancelling the task ends the exchange at once, with ``TransportFailure/shutDown``.
    package func send(
        _ request: OutgoingRequest, to destination: Destination, options: SendOptions = .init()
    ) async -> HTTPExchange {
        let pool = pool()
        let canceller = Canceller()
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                run(on: pool.loop) {
                    let exchange = PendingExchange(
                        request: request, destination: destination, options: options,
                        maximumResponseBytes: self.configuration.maximumResponseBytes
                    ) { continuation.resume(returning: $0) }
                    if canceller.register(exchange) {
                        pool.start(exchange)
                    } else {
                        exchange.finish(.failure(.shutDown))
                    }
                }
            }
        } onCancel: {
            pool.loop.execute {
                if let exchange = canceller.cancel() { pool.fail(exchange, .shutDown) }
            }
        }
    }

    /// Ends what is under way and closes all connections.
    package func shutDown() async {
        for pool in pools {
            try? await pool.loop.submit { pool.shutDown() }.get()  // fails only on a dead loop
        }
    }

    /// The pool of the loop that the caller is on; another one for callers from elsewhere.
    private func pool() -> ConnectionPool {
        pools.first { $0.loop.inEventLoop }
            ?? pools.randomElement()
            ?? { preconditionFailure("an event loop group without loops") }()
    }

    private func run(on loop: any EventLoop, _ body: @escaping @Sendable () -> Void) {
        if loop.inEventLoop { body() } else { loop.execute(body) }
    }
}

/// Brings a cancellation to its exchange.
///
/// `@unchecked Sendable`: both methods run on the exchange's loop alone.
private final class Canceller: @unchecked Sendable {
    private weak var exchange: PendingExchange?
    private var isCancelled = false

    /// Returns whether the exchange may start.
    func register(_ exchange: PendingExchange) -> Bool {
        self.exchange = exchange
        return !isCancelled
    }

    func cancel() -> PendingExchange? {
        isCancelled = true
        return exchange
    }
}
