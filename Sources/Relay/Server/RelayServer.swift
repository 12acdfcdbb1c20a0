import HTTPTransport
import NIOCore
import NIOOpenSSL
import NIOPosix
package import OpenSSL
import Synchronization
import Yamux

/// The relay: senders on one side, agents on the other.
package final class RelayServer: Sendable {
    /// Where it listens.
    package struct Ready: Hashable, Sendable {
        package var publicAddress: RelayConfiguration.Address
        package var agentAddress: RelayConfiguration.Address
    }

    /// Connections that the system keeps for us until we take them.
    private static let backlog: Int32 = 4096
    /// How long agents may take to leave.
    private static let departure = Duration.seconds(2)
    /// Seconds for a handshake.
    private static let handshakeSeconds: Int64 = 10

    private let core: RelayCore
    private let group: MultiThreadedEventLoopGroup
    private let loops: [RelayLoop]
    private let credentials: Mutex<Credentials>
    private let tunnels = Mutex<[ObjectIdentifier: RelayLine]>([:])
    private let senders: OpenConnections
    private let agents: OpenConnections

    package init(
        _ configuration: RelayConfiguration, tokens: TokenFile, isOpen: Bool, tls: Credentials,
        log: AccessLog? = nil
    ) {
        let core = RelayCore(
            configuration,
            registry: Registry(
                tokens: tokens, isOpen: isOpen, maximumTunnels: configuration.limits.tunnels),
            log: log)
        self.core = core
        group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
        loops = group.makeIterator().enumerated().map {
            RelayLoop(core, index: $0.offset, eventLoop: $0.element)
        }
        credentials = Mutex(tls)
        let limits = configuration.limits
        senders = OpenConnections(limit: limits.connections)
        // Where both come in by one port, one that turns out to be a sender's counts on both sides.
        agents = OpenConnections(
            limit: limits.agentConnections
                + (configuration.sidesShareAddress ? limits.connections : 0))
    }

    /// The certificate, with what each side says of itself by ALPN: an agent that dials the senders' side is
    /// to learn that it is the wrong one.
    package struct Credentials: Sendable {
        let agents: TLSContext
        let senders: TLSContext

        /// `context`: makes one for those protocols.
        package init<Failure>(
            _ context: (_ protocols: [String]) throws(Failure) -> TLSContext
        ) throws(Failure) {
            let senders = "http/1.1"
            agents = try context([Tunnel.protocolName, senders])
            self.senders = try context([senders])
        }
    }

    /// Takes a new certificate for the connections to come.
    package func replace(_ new: Credentials) { credentials.withLock { $0 = new } }

    /// Serves until the task is cancelled; then lets what is under way end.
    ///
    /// - Throws: ``HTTPTransport/ServerError`` when an address cannot be had.
    package func run(ready: @Sendable (Ready) -> Void) async throws {
        let configuration = core.configuration
        let isShared = configuration.sidesShareAddress
        let agents = try await listen(configuration.agentAddress) { server, channel in
            try server.setUpAgent(channel, isShared: isShared)
        }
        let senders: any Channel
        do {
            senders =
                try isShared
                ? agents
                : await listen(configuration.publicAddress) { try $0.setUpSender($1) }
        } catch {
            try? await agents.close()
            throw error
        }
        core.setPort(senders.localAddress?.port ?? 0)
        ready(
            Ready(
                publicAddress: address(of: senders, configuration.publicAddress),
                agentAddress: address(of: agents, configuration.agentAddress)))
        await Cancellation.wait()
        core.enter(.dismissing)
        if agents !== senders { try? await agents.close() }
        await sendAgentsAway()
        try? await senders.close()
        await drain()
        try await group.shutdownGracefully()
    }

    private func address(
        of channel: any Channel, _ wanted: RelayConfiguration.Address
    ) -> RelayConfiguration.Address {
        RelayConfiguration.Address(
            host: wanted.host, port: channel.localAddress?.port ?? wanted.port)
    }

    private func listen(
        _ address: RelayConfiguration.Address,
        _ setUp: @escaping @Sendable (RelayServer, any Channel) throws -> Void
    ) async throws -> any Channel {
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: Self.backlog)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(.maxMessagesPerRead, value: 64)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try Tunnel.setUp(channel)
                        try setUp(self, channel)
                    }
                }
                .bind(host: address.host, port: address.port).get()
        } catch {
            throw ServerError(error, host: address.host, port: address.port)
        }
    }

    // MARK: Connections

    private func loop(of channel: any Channel) -> RelayLoop {
        guard let loop = loops.first(where: { $0.eventLoop === channel.eventLoop }) else {
            preconditionFailure("a connection on a loop that is not ours")
        }
        return loop
    }

    private func setUpSender(_ channel: any Channel) throws {
        guard !core.configuration.isPublicPlain else { return try addSender(channel, isTLS: false) }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(TLSHandler(server: credentials.withLock { $0.senders }))
        try addSender(channel, isTLS: true)
    }

    private func addSender(_ channel: any Channel, isTLS: Bool) throws {
        let loop = loop(of: channel)
        guard senders.take(channel) else {
            loop.counts.sendersTurnedAway += 1
            throw ChannelError.eof
        }
        try channel.pipeline.syncOperations.addHandler(PublicConnection(loop, isTLS: isTLS))
    }

    private func setUpAgent(_ channel: any Channel, isShared: Bool) throws {
        guard agents.take(channel) else {
            loop(of: channel).counts.agentsTurnedAway += 1
            throw ChannelError.eof
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(TLSHandler(server: credentials.withLock { $0.agents }))
        try pipeline.addHandler(
            ProtocolChoice(seconds: Self.handshakeSeconds) { [self] channel, name in
                if name == Tunnel.protocolName {
                    try addAgent(channel)
                } else if isShared {
                    try addSender(channel, isTLS: true)
                } else {
                    throw ChannelError.eof
                }
            })
    }

    private func addAgent(_ channel: any Channel) throws {
        // An agent that is gone must be noticed at once: its name is free then.
        try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
        let line = RelayLine(loop(of: channel))
        let session = YamuxSession(
            .server,
            RelayLine.configuration(bytesPerSecond: core.configuration.limits.bytesPerSecond))
        let tunnel = TunnelHandler(session, eventLoop: channel.eventLoop, user: line)
        let key = ObjectIdentifier(line)
        tunnels.withLock { $0[key] = line }
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            self.tunnels.withLock { $0[key] = nil }
        }
        try channel.pipeline.syncOperations.addHandler(tunnel)
        line.begin(tunnel)
    }

    // MARK: The end

    /// Whether the relay only ends what is under way.
    package var isEnding: Bool { !core.takesAgents }

    /// Asks the agents to dial elsewhere; until they do, or for a while, requests are served as before.
    private func sendAgentsAway() async {
        let lines = tunnels.withLock { Array($0.values) }
        for line in lines { line.eventLoop.execute { line.drain() } }
        await wait(atMost: Self.departure) { core.registry.all.isEmpty }
    }

    private func drain() async {
        core.enter(.draining)
        for loop in loops { loop.eventLoop.execute { loop.drain() } }
        // Also without requests: the end of an answer may be on its way to a slow sender.
        await wait(atMost: .seconds(core.configuration.limits.drainSeconds)) {
            await counts().openConnections == 0
        }
        for loop in loops { loop.eventLoop.execute { loop.abandonAll() } }
    }

    private func wait(atMost time: Duration, until isDone: () async -> Bool) async {
        let deadline = ContinuousClock.now + time
        while ContinuousClock.now < deadline, await !isDone() { await Self.pause() }
    }

    /// A moment that a cancelled task waits, too.
    private static func pause() async {
        await Task.detached { try? await Task.sleep(for: .milliseconds(20)) }.value
    }

    // MARK: What is seen from outside

    /// What has happened since the start, on all loops.
    package func counts() async -> RelayStatus.Counts {
        var all = RelayLoop.Counts()
        for loop in loops {
            let counts = try? await loop.eventLoop.submit { loop.counts }.get()
            if let counts { all.add(counts) }
        }
        return RelayStatus.Counts(all, streams: await streams())
    }

    private func streams() async -> Int {
        var count = 0
        for line in core.registry.all.flatMap(\.lines) {
            let streams = try? await line.tunnel.eventLoop.submit {
                line.tunnel.session.streamCount
            }.get()
            count += max(0, (streams ?? 1) - 1)  // but for the one that it registered on
        }
        return count
    }

    /// The tunnels that there are.
    package var tunnelStatus: [RelayStatus.Tunnel] {
        core.registry.all.map { tunnel in
            RelayStatus.Tunnel(
                name: tunnel.name, url: core.url(of: tunnel.name), connections: tunnel.lines.count,
                agents: Set(tunnel.lines.map(\.agent)).count, isPaused: tunnel.isPaused)
        }.sorted { $0.name < $1.name }
    }

    /// Lets only requests through that change nothing, or all again; returns whether there is such a tunnel.
    package func pause(_ name: String, _ isPaused: Bool) -> Bool {
        core.registry.pause(name, isPaused)
    }

    /// Sends the agents of a tunnel away for good; returns whether there is such a tunnel.
    package func disconnect(_ name: String) -> Bool {
        guard let tunnel = core.registry.tunnel(named: name) else { return false }
        let reason = RegistrationRefusal(
            .dismissed, "the relay's operator has closed the tunnel '\(name)'")
        dismiss(tunnel.lines, reason)
        return true
    }

    /// Sends agents away whose tokens have been removed.
    ///
    /// - Throws: ``TokenFileError`` when that cannot be told.
    package func disconnectRemoved() throws(TokenFileError) {
        let reason = RegistrationRefusal(
            .token, "the token is not known to this relay any more")
        dismiss(try core.registry.withoutToken(), reason)
    }

    private func dismiss(_ lines: [PublicTunnel.Line], _ reason: RegistrationRefusal) {
        for line in lines {
            line.tunnel.eventLoop.execute { RelayLine.dismiss(line.tunnel, reason) }
        }
    }
}
