import Foundation
import NIOCore
import Synchronization

/// What all event loops of a relay share.
final class RelayCore: Sendable {
    /// How far the end of the relay has come.
    enum Stage: Int, AtomicRepresentable {
        case serving
        /// Agents are to dial elsewhere, and are not taken in any more.
        case dismissing
        /// What is under way ends, and nothing new begins.
        case draining
    }

    let configuration: RelayConfiguration
    let registry: Registry
    let log: AccessLog?
    private let reached = Atomic(Stage.serving)
    /// The port that senders see in a tunnel's URL.
    private let port = Mutex(0)

    init(_ configuration: RelayConfiguration, registry: Registry, log: AccessLog?) {
        self.configuration = configuration
        self.registry = registry
        self.log = log
    }

    var isDraining: Bool { reached.load(ordering: .relaxed) == .draining }
    var takesAgents: Bool { reached.load(ordering: .relaxed) == .serving }
    func enter(_ stage: Stage) { reached.store(stage, ordering: .relaxed) }

    func setPort(_ number: Int) { port.withLock { $0 = number } }

    /// What senders call.
    func url(of name: String) -> String {
        let plain = configuration.isPublicPlain && configuration.publicPort == nil
        let port = configuration.publicPort ?? port.withLock { $0 }
        let usual = plain ? 80 : 443
        let suffix = port == usual ? "" : ":\(port)"
        return "\(plain ? "http" : "https")://\(name).\(configuration.domain)\(suffix)"
    }
}

/// What one event loop of a relay has: its connections, its counts, and memory that is used again.
///
/// `@unchecked Sendable`: confined to `eventLoop`.
final class RelayLoop: @unchecked Sendable {
    /// What has happened since the start.
    struct Counts: Sendable {
        var connections = 0
        var openConnections = 0
        var requests = 0
        var openRequests = 0
        /// Answers by the hundreds of their status.
        var answers = [Int](repeating: 0, count: 6)
        var octetsIn = 0
        var octetsOut = 0
        /// Answers of our own, by reason.
        var own: [String: Int] = [:]
        /// Requests without a whole answer, by reason.
        var cut: [String: Int] = [:]
        /// Connections over the limit of senders, or of agents, which were closed at once; where both come in
        /// by one port the agents' limit is looked at first, and counts both.
        var sendersTurnedAway = 0
        var agentsTurnedAway = 0

        mutating func add(_ other: Counts) {
            connections += other.connections
            openConnections += other.openConnections
            requests += other.requests
            openRequests += other.openRequests
            for index in answers.indices { answers[index] += other.answers[index] }
            octetsIn += other.octetsIn
            octetsOut += other.octetsOut
            own.merge(other.own) { $0 + $1 }
            cut.merge(other.cut) { $0 + $1 }
            sendersTurnedAway += other.sendersTurnedAway
            agentsTurnedAway += other.agentsTurnedAway
        }
    }

    let core: RelayCore
    let index: Int
    let eventLoop: any EventLoop
    var counts = Counts()
    /// For the head that is being read or written; never for longer than that.
    var head = HTTPHead()
    var scratch = ByteBuffer()
    private let connections: ConnectionList<PublicConnection>

    init(_ core: RelayCore, index: Int, eventLoop: any EventLoop) {
        self.core = core
        self.index = index
        self.eventLoop = eventLoop
        connections = ConnectionList(eventLoop)
    }

    var now: NIODeadline { connections.now }

    func add(_ connection: PublicConnection) {
        connections.add(connection)
        counts.connections += 1
        counts.openConnections += 1
    }

    func remove(_ connection: PublicConnection) {
        if connections.remove(connection) { counts.openConnections -= 1 }
    }

    func flushLater(_ connection: PublicConnection) { connections.flushLater(connection) }
    func flushAll() { connections.flushAll() }

    /// What the access log has of a request whose head was read last, and that came from `address`.
    func exchange(
        of request: RequestReading, _ route: Route?, from address: String
    ) -> AccessLog.Exchange {
        request.input.withUnsafeReadableBytes { bytes in
            AccessLog.Exchange(
                tunnel: route?.name, address: route?.sender ?? address,
                method: Array(bytes[head.method]), target: Array(bytes[head.target]),
                begun: .now())
        }
    }

    /// Ends connections without a request, and the others behind their answer.
    func drain() { connections.forEach { $0.drain() } }

    /// Ends all connections.
    func abandonAll() { connections.forEach { $0.abandon() } }
}
