import Foundation
import HTTPTransport
import NIOCore
import NIOOpenSSL
import NIOPosix
import OpenSSL
import Synchronization
import Yamux

/// The agent: dials a relay, registers, and passes requests on to handlers.
///
/// It has a connection for each event loop of the relay, so that a request never changes threads there.
package final class Agent: Sendable {
    /// What happens, for a display.
    package enum Report: Sendable {
        /// The name is ours, and requests come in.
        case ready(name: String, url: String)
        /// The same again after a loss.
        case back(name: String, url: String)
        /// No connection to the relay is left; the next attempt is that far away.
        case lost(reason: String, retry: Duration)
    }

    /// Seconds for a connection to the relay, its handshake included.
    private static let connectSeconds: Int64 = 10
    /// Seconds from a connection to the relay's answer.
    private static let registrationSeconds: Int64 = 10
    /// How long a connection stands that was a success.
    private static let lasting = Duration.seconds(5)
    /// How long requests that are under way may take when the agent ends, and the relay's farewell.
    private static let departure = TimeAmount.seconds(5)
    private static let farewell = TimeAmount.seconds(1)
    /// Attempts to come to an event loop of the relay before a longer pause.
    private static let maximumTries = 6

    private let configuration: AgentConfiguration
    private let group: MultiThreadedEventLoopGroup
    private let loops: [AgentLoop]
    private let relayTLS: TLSContext
    private let reports: ReportQueue

    /// - Throws: ``OpenSSL/OpenSSLError`` when a file with authorities cannot be used.
    package init(_ configuration: AgentConfiguration, sink: any ExchangeSink) throws {
        self.configuration = configuration
        group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
        relayTLS = try TLSContext(
            client: configuration.relayTrust, protocols: [Tunnel.protocolName])
        let handlerTLS = try TLSContext(client: configuration.handlerTrust)
        let reports = ReportQueue(
            sink, maximum: configuration.limits.waitingReports,
            keptBytes: configuration.limits.keptBytes)
        self.reports = reports
        loops = group.makeIterator().map {
            AgentLoop(configuration, eventLoop: $0, tls: handlerTLS, reports: reports)
        }
    }

    /// Forwards until the task is cancelled.
    ///
    /// The first attempt must succeed, so that a wrong address is told at once; after that a lost
    /// connection is made again.
    ///
    /// - Throws: ``AgentError``.
    package func run(report: @escaping @Sendable (Report) -> Void) async throws {
        do {
            let first = try await connectFirst()
            report(.ready(name: first.registered.name, url: first.registered.url))
            let presence = Presence(first.registered, report: report)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<first.registered.loops {
                    tasks.addTask { [self] in
                        try await keep(number, presence, first: number == 0 ? first : nil)
                    }
                }
                // The first one that the relay sends away for good ends all of them.
                for try await _ in tasks {}
            }
        } catch {
            reports.end()
            for loop in loops { loop.eventLoop.execute { loop.closeAll() } }
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// The first connection; with a name that the relay has chosen it is made again under that name, so
    /// that a balancer in front of several relays sends us where it sends the name's senders.
    private func connectFirst() async throws -> Connection {
        let first = try await connect(0, loopIndex: 0, registration: configuration.registration)
        let isName = AddressRange(configuration.relayHost) == nil
        guard configuration.registration.name == nil, isName else { return first }
        first.tunnel.eventLoop.execute { first.tunnel.close(.closed) }
        try await first.channel.closeFuture.get()
        var registration = configuration.registration
        registration.name = first.registered.name
        return try await connect(0, loopIndex: 0, registration: registration)
    }

    // MARK: One connection

    /// A connection that the relay has taken.
    private struct Connection: Sendable {
        let channel: any Channel
        let tunnel: TunnelHandler
        let registered: Registered
        let events: AsyncStream<AgentLine.Event>
    }

    /// Keeps a connection of that number, for as long as the relay wants us.
    private func keep(_ number: Int, _ presence: Presence, first: Connection?) async throws {
        var connection = first
        var backoff = Backoff()
        var tries = 0
        /// One that the relay wants to be rid of: it is left once there is another.
        var old: Connection?
        while true {
            try Task.checkCancellation()
            do {
                var registration = configuration.registration
                registration.name = presence.name
                let current =
                    if let connection { connection } else {
                        try await connect(number, loopIndex: number, registration: registration)
                    }
                connection = nil
                if let tunnel = old?.tunnel { tunnel.eventLoop.execute { tunnel.leave() } }
                old = nil
                tries = 0
                presence.isThere(current.registered)
                defer { presence.isGone() }
                let begun = ContinuousClock.now
                let end = try await serve(current)
                // One that lasted shows that all is well; one that did not may be a part of a storm.
                let hasLasted = ContinuousClock.now - begun > Self.lasting
                if hasLasted { backoff = Backoff() }
                guard end == .closed else {
                    old = current
                    if !hasLasted { try await Task.sleep(for: backoff.next()) }
                    continue
                }
                throw AgentError(.closed, "the relay closed the connection")
            } catch let error as AgentError where error.reason == .refused(.surplus) {
                tries += 1
                if tries % Self.maximumTries == 0 { try await Task.sleep(for: backoff.longest) }
            } catch let error as AgentError where error.isFinal {
                throw error
            } catch let error as AgentError {
                // There is nowhere else to go: the relay need not wait for us.
                if let tunnel = old?.tunnel { tunnel.eventLoop.execute { tunnel.leave() } }
                old = nil
                let wait = backoff.next()
                presence.isNotThere(error.message, retry: wait)
                try await Task.sleep(for: wait)
            }
        }
    }

    private enum End { case closed, draining }

    /// Waits for the end of a connection, or for the relay's wish that we leave.
    ///
    /// When the task is cancelled, what is under way may end.
    private func serve(_ connection: Connection) async throws -> End {
        for await event in connection.events {
            switch event {
            case .refused(let refusal): throw AgentError(refused: refusal)
            case .draining: return End.draining
            case .closed: return .closed
            case .registered: break
            }
        }
        guard Task.isCancelled else { return .closed }
        await leave(connection)
        throw CancellationError()
    }

    /// Takes no more requests, and returns once those that there are have ended, or after a while.
    private func leave(_ connection: Connection) async {
        let (tunnel, channel) = (connection.tunnel, connection.channel)
        tunnel.eventLoop.execute {
            let isIdle = tunnel.session.streamCount <= AgentLine.controlStreams
            let patience = tunnel.eventLoop.assumeIsolated().scheduleTask(
                in: isIdle ? Self.farewell : Self.departure
            ) { tunnel.close(.closed) }
            channel.closeFuture.assumeIsolated().whenComplete { _ in patience.cancel() }
            tunnel.leave()
        }
        // A future, as a cancelled task waits for nothing else.
        try? await channel.closeFuture.get()
    }

    private func connect(
        _ number: Int, loopIndex: Int, registration: Registration
    ) async throws -> Connection {
        let loop = loops[loopIndex % loops.count]
        var registration = registration
        registration.line = number
        let (events, continuation) = AsyncStream.makeStream(of: AgentLine.Event.self)
        let line = AgentLine(loop, registration) { event in
            continuation.yield(event)
            if case .closed = event { continuation.finish() }
        }
        let session = YamuxSession(.client, AgentLine.configuration)
        let tunnel = TunnelHandler(session, eventLoop: loop.eventLoop, user: line)
        let channel = try await dial(loop, line, tunnel, name: registration.name)
        let patience = loop.eventLoop.scheduleTask(in: .seconds(Self.registrationSeconds)) {
            tunnel.close(.failed("the relay did not answer the registration"))
        }
        defer { patience.cancel() }
        return try await withTaskCancellationHandler {
            for await event in events {
                switch event {
                case .registered(let registered):
                    return Connection(
                        channel: channel, tunnel: tunnel, registered: registered, events: events)
                case .refused(let refusal): throw AgentError(refused: refusal)
                case .closed(let reason): throw AgentError(.closed, reason.description)
                case .draining: throw AgentError(.closed, "the relay is going down")
                }
            }
            throw CancellationError()
        } onCancel: {
            loop.eventLoop.execute { tunnel.close(.closed) }
        }
    }

    private func dial(
        _ loop: AgentLoop, _ line: AgentLine, _ tunnel: TunnelHandler, name: String?
    ) async throws -> any Channel {
        let host = configuration.relayHost
        // The name that we are after, so that a balancer in front of several relays can tell by it.
        let name = name.map { "\($0.lowercased()).\(host)" }
        let isName = AddressRange(host) == nil
        let established = loop.eventLoop.makePromise(of: Void.self)
        let connected = ClientBootstrap(group: loop.eventLoop)
            .connectTimeout(.seconds(Self.connectSeconds))
            .connect(host: host, port: configuration.relayPort) { [relayTLS] channel in
                let tls = try TLSHandler(
                    client: relayTLS, serverName: isName ? name ?? host : host,
                    orName: isName ? host : nil)
                try channel.pipeline.syncOperations.addHandlers([
                    tls, Greeting(established, line, tunnel),
                ])
            }
        connected.whenFailure { established.fail($0) }
        let patience = loop.eventLoop.scheduleTask(in: .seconds(2 * Self.connectSeconds)) {
            established.fail(ChannelError.connectTimeout(.seconds(Self.connectSeconds)))
        }
        defer { patience.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await established.futureResult.get()
            } onCancel: {
                established.fail(CancellationError())
            }
            return try await connected.get()
        } catch {
            connected.whenSuccess { $0.close(promise: nil) }
            try Task.checkCancellation()
            throw AgentError(connecting: error, host: host, port: configuration.relayPort)
        }
    }
}

/// Waits for the handshake, and then lets the tunnel begin.
private final class Greeting: ChannelInboundHandler, RemovableChannelHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private let established: EventLoopPromise<Void>
    private let line: AgentLine
    private let tunnel: TunnelHandler

    init(_ established: EventLoopPromise<Void>, _ line: AgentLine, _ tunnel: TunnelHandler) {
        self.established = established
        self.line = line
        self.tunnel = tunnel
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? TLSEvent, case .established(let agreement) = event else {
            return
        }
        guard agreement.applicationProtocol == Tunnel.protocolName else {
            established.fail(
                AgentError(
                    .notARelay,
                    "what listens there does not speak the tunnel's protocol: "
                        + "is it the relay's --agents address?"))
            return context.close(promise: nil)
        }
        do {
            try context.pipeline.syncOperations.addHandler(tunnel)
            line.register(tunnel)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            established.succeed()
        } catch {
            established.fail(error)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        established.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        established.fail(AgentError(.closed, "the connection ended in the handshake"))
        context.fireChannelInactive()
    }
}

/// Whether any connection to the relay stands.
private final class Presence: Sendable {
    private struct State {
        var registered: Registered
        var count = 0
        var isLost = false
    }

    private let state: Mutex<State>
    private let report: @Sendable (Agent.Report) -> Void

    init(_ registered: Registered, report: @escaping @Sendable (Agent.Report) -> Void) {
        state = Mutex(State(registered: registered))
        self.report = report
    }

    /// The name that was given to us, which we want again.
    var name: String { state.withLock { $0.registered.name } }

    func isThere(_ registered: Registered) {
        let isBack = state.withLock { state in
            state.count += 1
            state.registered = registered
            defer { state.isLost = false }
            return state.isLost
        }
        if isBack { report(.back(name: registered.name, url: registered.url)) }
    }

    /// A connection that stood is gone.
    func isGone() { state.withLock { $0.count -= 1 } }

    /// There is a reason why a connection does not stand; it is told once, and when none other stands.
    func isNotThere(_ reason: String, retry: Duration) {
        let isNews = state.withLock { state in
            guard state.count == 0, !state.isLost else { return false }
            state.isLost = true
            return true
        }
        if isNews { report(.lost(reason: reason, retry: retry)) }
    }
}

/// Pauses before attempts to connect: longer and longer, and never the same for two agents, so that a
/// relay that comes back is not stormed.
struct Backoff {
    let longest = Duration.seconds(10)
    private var limit = Duration.milliseconds(100)

    mutating func next() -> Duration {
        let wait = limit * Double.random(in: 0.5...1)
        limit = min(longest, limit * 2)
        return wait
    }
}

/// Why an agent is not connected.
package struct AgentError: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        case refused(RegistrationRefusal.Code)
        case unreachable
        case tls
        case notARelay
        case closed
    }

    package let reason: Reason
    package let message: String

    init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message
    }

    init(refused refusal: RegistrationRefusal) {
        self.init(.refused(refusal.code), refusal.message)
    }

    init(connecting error: any Error, host: String, port: Int) {
        switch error {
        case let error as AgentError: self = error
        case let error as OpenSSLError:
            self.init(.tls, "\(host):\(port): \(error.message)\(Self.wayOut(of: error))")
        default:
            let failure = TransportFailure(connecting: error)
            let what =
                switch failure {
                case .refused: "nothing listens there"
                case .unreachable(let reason): reason
                case .timeout: "no answer in time"
                default: "\(error)"
                }
            self.init(.unreachable, "\(host):\(port): \(what)")
        }
    }

    /// What to do about the two mistakes that are made most.
    private static func wayOut(of error: OpenSSLError) -> String {
        if error.message.contains("wrong version number") {
            return "; what listens there speaks no TLS: is it the relay's --agents address?"
        }
        return error.message.contains("certificate verify failed")
            ? "; --relay-ca FILE names the authority that the relay's certificate comes from" : ""
    }

    /// Whether another attempt would end in the same way.
    var isFinal: Bool {
        switch reason {
        case .refused(let code): ![.limit, .other, .surplus].contains(code)
        // Something else at the relay's address may be there for a moment only.
        case .notARelay, .unreachable, .tls, .closed: false
        }
    }
}
