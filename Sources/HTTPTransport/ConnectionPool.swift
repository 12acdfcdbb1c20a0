import Callbacks
import NIOCore
import NIOOpenSSL
import NIOPosix
import OpenSSL

/// The connections of one event loop, by destination.
///
/// `@unchecked Sendable`: confined to `loop`; every method starts there, which is checked.
final class ConnectionPool: @unchecked Sendable {
    private struct Key: Hashable {
        let scheme: Destination.Scheme
        let host: String
        let port: Int
        let label: String?
    }

    let loop: any EventLoop
    private let configuration: HTTPClientConfiguration
    private let tlsContext: TLSContext
    private var idle: [Key: [HTTPConnection]] = [:]
    private var busy: [ObjectIdentifier: HTTPConnection] = [:]
    private var pending: [ObjectIdentifier: PendingExchange] = [:]
    private var isShutDown = false

    init(loop: any EventLoop, configuration: HTTPClientConfiguration, tlsContext: TLSContext) {
        self.loop = loop
        self.configuration = configuration
        self.tlsContext = tlsContext
    }

    /// Starts an exchange; its deadline counts from here.
    func start(_ exchange: PendingExchange) {
        loop.preconditionInEventLoop()
        guard !isShutDown else { return exchange.finish(.failure(.shutDown)) }
        pending[ObjectIdentifier(exchange)] = exchange
        exchange.deadline = loop.assumeIsolated().scheduleTask(in: .init(configuration.timeout)) {
            self.fail(exchange, .timeout(exchange.phase))
        }
        dispatch(exchange)
    }

    /// Ends an exchange early, wherever it is.
    func fail(_ exchange: PendingExchange, _ failure: TransportFailure) {
        if let connection = busy[ObjectIdentifier(exchange)] {
            connection.fail(exchange, failure)
        } else {
            exchange.finish(.failure(failure))
        }
        pending[ObjectIdentifier(exchange)] = nil
    }

    /// Ends all exchanges and closes all connections.
    func shutDown() {
        loop.preconditionInEventLoop()
        isShutDown = true
        for exchange in pending.values { fail(exchange, .shutDown) }
        for connection in idle.values.joined() { connection.close() }
        idle = [:]
    }

    private func key(_ exchange: PendingExchange) -> Key {
        let destination = exchange.destination
        var label: String?
        if case .labelled(let text) = exchange.options.connection { label = text }
        return Key(
            scheme: destination.scheme, host: destination.host, port: destination.port,
            label: label)
    }

    private func dispatch(_ exchange: PendingExchange) {
        guard !exchange.isFinished else { return }
        if exchange.options.connection != .fresh, let connection = takeIdle(key(exchange)) {
            busy[ObjectIdentifier(exchange)] = connection
            connection.start(exchange)
        } else {
            connect(exchange)
        }
    }

    private func takeIdle(_ key: Key) -> HTTPConnection? {
        while let connection = idle[key]?.popLast() {
            if connection.isOpen { return connection }
        }
        return nil
    }

    private func connect(_ exchange: PendingExchange) {
        let destination = exchange.destination
        let pool = NIOLoopBound(self, eventLoop: loop)
        let made = ClientBootstrap(group: loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.init(configuration.timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try pool.value.makeConnection(channel, destination)
                }
            }
            .connect(host: destination.host, port: destination.port)
        made.assumeIsolated().whenComplete { result in
            self.connected(exchange, result)
        }
    }

    private func makeConnection(_ channel: any Channel, _ destination: Destination) throws {
        let connection = HTTPConnection(
            channel: channel,
            released: { self.release($0, $1, keep: $2) },
            wentStale: { exchange in
                self.busy[ObjectIdentifier(exchange)] = nil
                self.dispatch(exchange)
            })
        let tls =
            try destination.scheme == .https
            ? TLSHandler(client: tlsContext, serverName: destination.host) : nil
        try connection.install(tls: tls)
    }

    private func connected(_ exchange: PendingExchange, _ result: Result<any Channel, any Error>) {
        do {
            let channel = try result.get()
            let connection = try channel.pipeline.syncOperations.handler(type: HTTPConnection.self)
            guard !exchange.isFinished else { return connection.close() }
            busy[ObjectIdentifier(exchange)] = connection
            connection.start(exchange)
        } catch {
            exchange.finish(.failure(TransportFailure(connecting: error)))
            pending[ObjectIdentifier(exchange)] = nil
        }
    }

    private func release(_ connection: HTTPConnection, _ exchange: PendingExchange, keep: Bool) {
        busy[ObjectIdentifier(exchange)] = nil
        pending[ObjectIdentifier(exchange)] = nil
        let key = key(exchange)
        let mayKeep = keep && exchange.keepsConnection && exchange.options.connection != .fresh
        if mayKeep, !isShutDown, idle[key, default: []].count < configuration.maximumIdleConnections
        {
            idle[key, default: []].append(connection)
        } else {
            connection.close()
        }
    }
}

extension TransportFailure {
    /// What the failure of a connection attempt means; a name with several addresses has several.
    package init(connecting error: any Error) {
        guard let error = error as? NIOConnectionError else {
            self = TransportFailure(error)
            return
        }
        let failures = error.connectionErrors.map { TransportFailure($0.error) }
        if failures.contains(.refused) {
            self = .refused
        } else if let first = failures.first {
            self = first
        } else {
            self = .unreachable("the name '\(error.host)' is not known")
        }
    }
}
