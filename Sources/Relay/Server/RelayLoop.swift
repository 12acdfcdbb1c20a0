import Foundation
import NIOCore
import Synchronization

/// What all event loops of a relay share.
final class RelayCore: Sendable {
    let configuration: RelayConfiguration
    let registry: Registry
    let log: AccessLog?
    private let draining = Atomic(false)
    /// The port that senders see in a tunnel's URL.
    private let port = Mutex(0)

    init(_ configuration: RelayConfiguration, registry: Registry, log: AccessLog?) {
        self.configuration = configuration
        self.registry = registry
        self.log = log
    }

    var isDraining: Bool { draining.load(ordering: .relaxed) }
    func drain() { draining.store(true, ordering: .relaxed) }

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

        mutating func add(_ other: Counts) {
            connections += other.connections
            openConnections += other.openConnections
            requests += other.requests
            openRequests += other.openRequests
            for index in answers.indices { answers[index] += other.answers[index] }
            octetsIn += other.octetsIn
            octetsOut += other.octetsOut
            own.merge(other.own) { $0 + $1 }
        }
    }

    /// How often deadlines are looked at: they are late by that much at the most.
    private static let tick = TimeAmount.milliseconds(100)

    let core: RelayCore
    let index: Int
    let eventLoop: any EventLoop
    var counts = Counts()
    /// For the head that is being read or written; never for longer than that.
    var head = HTTPHead()
    var scratch = ByteBuffer()
    /// The time as of the last look at it: good enough for deadlines, and it costs nothing.
    private(set) var now = NIODeadline.now()
    private var connections: [PublicConnection] = []
    private var unflushed: [PublicConnection] = []
    private var ticks: RepeatedTask?

    init(_ core: RelayCore, index: Int, eventLoop: any EventLoop) {
        self.core = core
        self.index = index
        self.eventLoop = eventLoop
    }

    func add(_ connection: PublicConnection) {
        connection.place = connections.count
        connections.append(connection)
        counts.connections += 1
        counts.openConnections += 1
        if ticks == nil {
            now = .now()
            ticks = eventLoop.scheduleRepeatedTask(
                initialDelay: Self.tick, delay: Self.tick
            ) { [weak self] _ in self?.lookAtDeadlines() }
        }
    }

    func remove(_ connection: PublicConnection) {
        guard let place = connection.place else { return }
        connection.place = nil
        counts.openConnections -= 1
        let last = connections.removeLast()
        if last !== connection {
            connections[place] = last
            last.place = place
        }
        if connections.isEmpty {
            ticks?.cancel()
            ticks = nil
        }
    }

    /// Has the connection flushed once all that came at once is passed on.
    func flushLater(_ connection: PublicConnection) {
        if !connection.isUnflushed {
            connection.isUnflushed = true
            unflushed.append(connection)
        }
    }

    func flushAll() {
        for connection in unflushed { connection.flush() }
        unflushed.removeAll(keepingCapacity: true)
    }

    /// Ends connections without a request, and the others behind their answer.
    func drain() {
        for connection in connections { connection.drain() }
    }

    /// Ends all connections.
    func closeAll() {
        for connection in connections { connection.close() }
    }

    private func lookAtDeadlines() {
        now = .now()
        // From the end, as one that is closed is replaced by the last.
        for place in connections.indices.reversed() where place < connections.count {
            let connection = connections[place]
            if let deadline = connection.deadline, deadline <= now { connection.isLate() }
        }
    }
}

extension NIODeadline {
    static func + (deadline: NIODeadline, seconds: Double) -> NIODeadline {
        deadline + .nanoseconds(Int64(seconds * 1e9))
    }
}
