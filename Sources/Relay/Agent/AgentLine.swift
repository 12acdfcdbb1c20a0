import HTTPTransport
import NIOCore
import Yamux

/// The agent's end of one of its connections to the relay: registers, and takes requests.
///
/// `@unchecked Sendable`: confined to its loop.
final class AgentLine: TunnelUser, YamuxStreamUser, @unchecked Sendable {
    /// What the relay said, or that it is gone.
    enum Event: Sendable {
        case registered(Registered)
        case refused(RegistrationRefusal)
        /// Dial again: the relay, or this connection, comes to its end.
        case draining
        case closed(TunnelEnd)
    }

    private let loop: AgentLoop
    private let registration: Registration
    private let report: @Sendable (Event) -> Void
    private var control: YamuxStream?
    private var line: [UInt8] = []
    /// Requests that wait until there is room for their reports.
    private var postponed: CircularBuffer<PostponedRequest> = []
    private var isWaiting = false
    private var isDraining = false
    private var liveAtLastLook = AgentLine.fewPostponed

    /// Postponed requests among which nobody looks for those that are over.
    private static let fewPostponed = 32

    init(
        _ loop: AgentLoop, _ registration: Registration, report: @escaping @Sendable (Event) -> Void
    ) {
        self.loop = loop
        self.registration = registration
        self.report = report
    }

    /// Streams that carry no request: the one on which we register.
    static let controlStreams = 1

    /// The session's limits: the relay opens a stream for each request.
    static var configuration: YamuxConfiguration {
        var configuration = YamuxConfiguration()
        configuration.maximumIncomingStreams = 100_000  // the relay has a limit of its own
        return configuration
    }

    func register(_ tunnel: TunnelHandler) {
        guard let stream = tunnel.session.open() else { return }
        control = stream
        stream.user = self
        tunnel.session.send(TunnelMessage.register(registration).line, on: stream)
        tunnel.scheduleFlush()
    }

    func tunnel(_ tunnel: TunnelHandler, opened stream: YamuxStream) {
        if loop.configuration.keepsExchanges, isWaiting || waits(tunnel) {
            // Those whose senders have gone in the meantime need no room here.
            if postponed.count >= 2 * liveAtLastLook {
                postponed.removeAll { $0.isOver }
                liveAtLastLook = max(Self.fewPostponed, postponed.count)
            }
            postponed.append(PostponedRequest(tunnel, stream, loop.postponedBytes))
        } else {
            begin(tunnel, stream)
        }
    }

    private func begin(_ tunnel: TunnelHandler, _ stream: YamuxStream) {
        let recording =
            loop.configuration.keepsExchanges
            ? ExchangeRecording(loop.configuration.limits, budget: loop.reports.budget) : nil
        guard let pool = loop.solePool else {
            stream.user = RequestRouter(loop, tunnel, recording: recording)
            return
        }
        loop.connection(of: pool).begin(tunnel, stream, recording: recording)
    }

    /// Whether too many reports are not kept yet: requests are taken then, and not begun.
    ///
    /// The tunnel is read all the same, as its pings want answers however slow a disk is.
    private func waits(_ tunnel: TunnelHandler) -> Bool {
        isWaiting = loop.reports.isFull {
            tunnel.eventLoop.execute { self.goOn(tunnel) }
        }
        return isWaiting
    }

    private func goOn(_ tunnel: TunnelHandler) {
        isWaiting = false
        while tunnel.isOpen, !postponed.isEmpty, !waits(tunnel) {
            postponed.removeFirst().begin { self.begin(tunnel, $0) }
        }
        loop.flushAll()
    }

    func tunnelReadAll(_ tunnel: TunnelHandler) { loop.flushAll() }
    func tunnelPeerGoesAway(_ tunnel: TunnelHandler) { reportDraining() }
    func tunnelClosed(_ tunnel: TunnelHandler, _ reason: TunnelEnd) { report(.closed(reason)) }

    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        for part in bytes.readableBytesView.split(
            separator: HTTPBytes.lineFeed, omittingEmptySubsequences: false
        ).enumerated() {
            // Behind each but the last part there was the end of a line.
            if part.offset > 0 {
                take(line)
                line = []
            }
            line += part.element
        }
        if line.count > TunnelMessage.maximumBytes { line = [] }
    }

    private func take(_ message: [UInt8]) {
        switch try? TunnelMessage(parsing: message) {
        case .registered(let registered): report(.registered(registered))
        case .refused(let refusal): report(.refused(refusal))
        case .draining: reportDraining()
        // What a later version may say is not for us.
        case .register, nil: break
        }
    }

    /// Once, as nobody listens to a second time, however often the relay says it.
    private func reportDraining() {
        if !isDraining { report(.draining) }
        isDraining = true
    }

    func streamWasReset(_ stream: YamuxStream, isLost: Bool) {}
    func streamHasRoom(_ stream: YamuxStream) {}
}

extension AgentConfiguration {
    /// Where all requests go, unchanged; `nil` when their heads decide, or are changed.
    var soleDestination: Destination? {
        guard routes.count == 1, routes[0].prefix == "/", hostHeader == .asSent,
            case .handler(let destination) = routes[0].target, destination.target == "/"
        else { return nil }
        return destination
    }
}
