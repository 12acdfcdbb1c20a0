import HTTPTransport
import NIOCore
import NIOOpenSSL
import NIOPosix
import OpenSSL

/// What one event loop of an agent has: its connections to handlers, and memory that is used again.
///
/// `@unchecked Sendable`: confined to `eventLoop`.
final class AgentLoop: @unchecked Sendable {
    let configuration: AgentConfiguration
    let eventLoop: any EventLoop
    let reports: ReportQueue
    /// For the head that is being read or written; never for longer than that.
    var head = HTTPHead()
    var scratch = ByteBuffer()
    /// For requests that are not begun yet.
    let postponedBytes: RecordingBudget
    private let tls: TLSContext
    private var pools: [Destination: HandlerPool] = [:]
    /// The handler of all requests, where these are passed on unchanged.
    private(set) lazy var solePool = configuration.soleDestination.map(pool(for:))
    /// Those with a request, or without one and young.
    private let connections: ConnectionList<HandlerConnection>

    init(
        _ configuration: AgentConfiguration, eventLoop: any EventLoop, tls: TLSContext,
        reports: ReportQueue
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.tls = tls
        self.reports = reports
        postponedBytes = RecordingBudget(configuration.limits.postponedBytes)
        connections = ConnectionList(eventLoop)
    }

    var now: NIODeadline { connections.now }

    /// The connections to a handler.
    func pool(for destination: Destination) -> HandlerPool {
        if let pool = pools[destination] { return pool }
        let pool = HandlerPool(destination, maximum: configuration.limits.idleConnections)
        pools[destination] = pool
        return pool
    }

    /// A connection for a request: an idle one, or one that is being made.
    func connection(of pool: HandlerPool) -> HandlerConnection { pool.take() ?? dial(pool) }

    /// A new connection to a pool's handler.
    func dial(_ pool: HandlerPool) -> HandlerConnection {
        let destination = pool.destination
        let connection = HandlerConnection(self, pool)
        connections.add(connection)
        guard connections.count <= configuration.limits.handlerConnections else {
            connection.failedToConnect(.handlerBusy)
            return connection
        }
        ClientBootstrap(group: eventLoop)
            .connectTimeout(.nanoseconds(Int64(configuration.limits.connectSeconds * 1e9)))
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: destination.host, port: destination.port) { [tls] channel in
                if destination.scheme == .https {
                    try channel.pipeline.syncOperations.addHandler(
                        TLSHandler(client: tls, serverName: destination.host))
                }
                try channel.pipeline.syncOperations.addHandler(connection)
            }.assumeIsolated()
            .whenFailure { error in
                connection.failedToConnect(
                    .cannotConnect(to: destination, TransportFailure(connecting: error)))
            }
        return connection
    }

    func remove(_ connection: HandlerConnection) {
        connections.remove(connection)
        connection.pool.remove(connection)
    }

    func flushLater(_ connection: HandlerConnection) { connections.flushLater(connection) }
    func flushAll() { connections.flushAll() }
    func closeAll() { connections.forEach { $0.abandon() } }
}

extension OwnAnswer {
    static let handlerBusy = OwnAnswer(
        503, "too-busy", "too many connections to the handler are open")
    static let senderGone = OwnAnswer(
        502, "sender-gone", "the sender, or the relay, went away")
    static let handlerTooSlow = OwnAnswer(
        504, "handler-timeout", "the handler gave no answer in time")
    static let handlerCut = OwnAnswer(
        502, "handler-cut", "the handler closed the connection before its answer was whole")

    static func notHTTP(_ refusal: HTTPRefusal) -> OwnAnswer {
        let what =
            switch refusal {
            case .malformed(let what): what.text
            case .headTooLarge: "a head over the limit"
            case .versionNotSupported: "another version than HTTP/1.x"
            }
        return OwnAnswer(502, "handler-not-http", "the handler's answer is not HTTP/1.1: \(what)")
    }

    /// Why there is no connection to the handler.
    static func cannotConnect(to destination: Destination, _ failure: TransportFailure) -> OwnAnswer
    {
        switch failure {
        case .refused:
            OwnAnswer(502, "handler-refused", "nothing listens at \(destination.base)")
        case .timeout:
            OwnAnswer(504, "handler-timeout", "no connection to \(destination.base) in time")
        case .tls(let reason):
            OwnAnswer(502, "handler-tls", "no TLS with \(destination.base): \(reason)")
        case .unreachable(let reason):
            OwnAnswer(502, "handler-unreachable", "no connection to \(destination.base): \(reason)")
        default:
            OwnAnswer(
                502, "handler-unreachable", "no connection to \(destination.base): \(failure)")
        }
    }
}
