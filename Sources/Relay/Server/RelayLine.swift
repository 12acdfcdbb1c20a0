import Callbacks
import NIOCore
import Yamux

/// The relay's end of one connection of an agent: takes its registration, and then only gives it requests.
///
/// `@unchecked Sendable`: confined to its loop.
final class RelayLine: TunnelUser, YamuxStreamUser, @unchecked Sendable {
    /// Streams that carry no request: the one on which the agent registers.
    static let controlStreams = 1
    /// Seconds from the connection to the registration.
    private static let registrationSeconds = 10.0

    private let loop: RelayLoop
    private var control: YamuxStream?
    private var line: [UInt8] = []
    private var registered: PublicTunnel?
    private var tunnel: TunnelHandler?
    private var patience: Scheduled<Void>?
    private var isRetired = false

    init(_ loop: RelayLoop) { self.loop = loop }

    var eventLoop: any EventLoop { loop.eventLoop }

    /// The session's limits: an agent opens one stream, on which it registers.
    ///
    /// What a window lets through at once is more than a tunnel's rate, and so must be little of it.
    static func configuration(bytesPerSecond rate: Int) -> YamuxConfiguration {
        var configuration = YamuxConfiguration()
        configuration.maximumIncomingStreams = 1
        if rate > 0 {
            configuration.maximumWindow = min(
                configuration.maximumWindow, max(YamuxConfiguration.initialWindow, rate / 8))
        }
        return configuration
    }

    /// Begins to wait for the registration.
    func begin(_ tunnel: TunnelHandler) {
        self.tunnel = tunnel
        // Cancelled by the registration, or the end; not weak, as in TunnelHandler.
        patience = loop.eventLoop.assumeIsolated().scheduleTask(
            in: .nanoseconds(Int64(Self.registrationSeconds * 1e9))
        ) {
            if self.registered == nil { tunnel.close(.failed("no registration came")) }
        }
    }

    func tunnel(_ tunnel: TunnelHandler, opened stream: YamuxStream) {
        guard control == nil else { return tunnel.session.reset(stream) }
        control = stream
        stream.user = self
    }

    func tunnelReadAll(_ tunnel: TunnelHandler) {
        loop.flushAll()
        // The agent has left, and the last answer is here.
        let isLast = tunnel.session.streamCount <= Self.controlStreams
        if tunnel.session.peerIsGoingAway, isLast { tunnel.close(.closed) }
    }

    func tunnelPeerGoesAway(_ tunnel: TunnelHandler) {
        if let registered { loop.core.registry.remove(tunnel, of: registered) }
    }

    func tunnelClosed(_ tunnel: TunnelHandler, _ reason: TunnelEnd) {
        patience?.cancel()
        if let registered { loop.core.registry.remove(tunnel, of: registered) }
        self.tunnel = nil
        // The stream may have ended before, and keeps its user then.
        control?.user = nil
        (control, line) = (nil, [])
    }

    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        guard let tunnel, registered == nil else { return }
        tunnel.session.consumed(bytes.readableBytes, of: stream)
        let end = bytes.readableBytesView.firstIndex(of: HTTPBytes.lineFeed)
        line += bytes.readableBytesView.prefix(upTo: end ?? bytes.readableBytesView.endIndex)
        guard end != nil, line.count <= TunnelMessage.maximumBytes else {
            if line.count > TunnelMessage.maximumBytes || isEnd {
                refuse(.init(.malformed, "no registration"))
            }
            return
        }
        let message = line
        line = []
        do {
            guard case .register(let registration) = try TunnelMessage(parsing: message) else {
                return refuse(.init(.malformed, "a registration was expected"))
            }
            try register(registration, tunnel, stream)
        } catch let refusal as RegistrationRefusal {
            refuse(refusal)
        } catch {
            refuse(.init(.malformed, "the agent sent \(error)"))
        }
    }

    private func register(
        _ registration: Registration, _ tunnel: TunnelHandler, _ stream: YamuxStream
    ) throws {
        let core = loop.core
        guard core.takesAgents else { throw RegistrationRefusal(.other, "the relay is going down") }
        let (taken, replaced) = try core.registry.register(registration, tunnel, loop: loop.index)
        registered = taken
        patience?.cancel()
        for old in replaced {
            let isOther = old.agent != registration.agent
            old.tunnel.eventLoop.execute {
                guard isOther else { return old.tunnel.close(.closed) }
                RelayLine.dismiss(old.tunnel, .takenOver(taken.name))
            }
        }
        let answer = Registered(
            name: taken.name, url: core.url(of: taken.name), loops: core.configuration.loops,
            loop: loop.index)
        tunnel.session.send(TunnelMessage.registered(answer).line, on: stream)
        tunnel.scheduleFlush()
    }

    private func refuse(_ refusal: RegistrationRefusal) {
        guard let tunnel, let control else { return }
        tunnel.session.send(TunnelMessage.refused(refusal).line, on: control, isEnd: true)
        tunnel.close(.failed(refusal.message))
    }

    /// Tells an agent why it loses its name, and ends its connection.
    ///
    /// Called on the tunnel's loop.
    static func dismiss(_ tunnel: TunnelHandler, _ reason: RegistrationRefusal) {
        guard let line = tunnel.user(as: RelayLine.self) else { return tunnel.close(.closed) }
        line.refuse(reason)
    }

    /// Takes no more requests: the session's numbers come to their end, and the agent is to begin another.
    func retire() {
        guard let tunnel, let registered, !isRetired else { return }
        isRetired = true
        loop.core.registry.remove(tunnel, of: registered)
        drain()
    }

    /// Asks the agent to dial elsewhere.
    func drain() {
        guard let tunnel, let control, registered != nil else { return }
        tunnel.session.send(TunnelMessage.draining.line, on: control)
        tunnel.scheduleFlush()
    }

    func streamWasReset(_ stream: YamuxStream, isLost: Bool) {
        if !isLost { tunnel?.close(.closed) }
    }

    func streamHasRoom(_ stream: YamuxStream) {}
}
