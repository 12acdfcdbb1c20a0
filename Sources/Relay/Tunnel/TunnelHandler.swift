import NIOCore
import NIOOpenSSL
import Yamux

/// Who uses a connection of the tunnel.
protocol TunnelUser: AnyObject {
    /// The peer has opened a stream: set its user, or reset it.
    func tunnel(_ tunnel: TunnelHandler, opened stream: YamuxStream)
    /// Everything that came at once has been passed on: a moment to flush.
    func tunnelReadAll(_ tunnel: TunnelHandler)
    /// The peer opens no stream any more.
    func tunnelPeerGoesAway(_ tunnel: TunnelHandler)
    func tunnelClosed(_ tunnel: TunnelHandler, _ reason: TunnelEnd)
}

/// Why a connection of the tunnel ended.
package enum TunnelEnd: Hashable, Sendable, CustomStringConvertible {
    case closed
    case noPong
    case violation(String)
    case failed(String)

    package var description: String {
        switch self {
        case .closed: "the connection was closed"
        case .noPong: "no answer to a ping in \(Tunnel.pingSeconds) s"
        case .violation(let what): "the other side sent \(what)"
        case .failed(let reason): reason
        }
    }
}

/// Drives a session of yamux over a channel: everything of one turn of the loop goes out in one write.
final class TunnelHandler: ChannelDuplexHandler, @unchecked Sendable {
    // `@unchecked Sendable`: confined to its event loop; other threads only hand it on.
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let session: YamuxSession
    let eventLoop: any EventLoop
    private(set) var isOpen = true
    private var user: (any TunnelUser)?
    private var context: ChannelHandlerContext?
    private var isFlushScheduled = false
    private var isReadHeld = false
    /// What the channel says of it, which is asked often.
    private var isWritable = true
    private var end = TunnelEnd.closed
    private var pings: RepeatedTask?
    private var pingSent: (value: UInt32, at: NIODeadline)?
    private var pingValue: UInt32 = 0
    /// Whether anything has come since the last look.
    private var hasRead = false

    init(_ session: YamuxSession, eventLoop: any EventLoop, user: any TunnelUser) {
        self.session = session
        self.eventLoop = eventLoop
        self.user = user
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let interval = TimeAmount.seconds(Tunnel.pingSeconds)
        // Not weak, as counting the references to an object with a weak one takes the slow way for good;
        // ended() cancels it.
        pings = context.eventLoop.scheduleRepeatedTask(
            initialDelay: .zero, delay: interval
        ) { _ in self.ping() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { ended() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        hasRead = true
        do {
            while isOpen, let event = try session.next(from: &bytes) { take(event) }
        } catch {
            close(.violation(error.description))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        user?.tunnelReadAll(self)
        if session.hasOutput { scheduleFlush() }
    }

    func channelInactive(context: ChannelHandlerContext) { ended() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(.failed("\(error)"))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable { flush() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Neither side of a tunnel ends half of it.
        let isEnd =
            (event as? TLSEvent) == .closedByPeer || (event as? ChannelEvent) == .inputClosed
        if isEnd { close(.closed) } else { context.fireUserInboundEventTriggered(event) }
    }

    func read(context: ChannelHandlerContext) {
        // Who does not read what we say is not listened to: answers to it would fill memory.
        if session.isClogged { isReadHeld = true } else { context.read() }
    }

    private func readAgain() {
        guard isReadHeld, !session.isClogged else { return }
        isReadHeld = false
        context?.read()
    }

    private func take(_ event: YamuxSession.Event) {
        switch event {
        case .data(let stream, let bytes, let isNew, let isEnd):
            if isNew { user?.tunnel(self, opened: stream) }
            stream.user?.stream(stream, received: bytes, isEnd: isEnd)
        case .reset(let stream):
            stream.user?.streamWasReset(stream, isLost: false)
            stream.user = nil
        case .pong(let value):
            guard let sent = pingSent, sent.value == value else { return }
            session.roundTrip = .now() - sent.at
            pingSent = nil
        case .goAway: user?.tunnelPeerGoesAway(self)
        }
    }

    private func ping() {
        guard isOpen else { return }
        // A pong may stand behind much else on a slow line; what comes shows that the other side lives.
        guard pingSent == nil else {
            return hasRead ? hasRead = false : close(.noPong)
        }
        hasRead = false
        pingValue &+= 1
        pingSent = (pingValue, .now())
        session.ping(pingValue)
        session.acceptStreams()
        scheduleFlush()
    }

    /// Sends what the session has at the end of this turn of the loop.
    func scheduleFlush() {
        guard !isFlushScheduled, isOpen else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    private func flush() {
        isFlushScheduled = false
        guard isOpen, let context else { return }
        while isOpen, isWritable, session.hasOutput {
            session.takeOutput { context.write(wrapOutboundOut($0), promise: nil) }
            context.flush()
            for stream in session.takeStreamsWithRoom() { stream.user?.streamHasRoom(stream) }
        }
        readAgain()
    }

    /// Asks for no more streams; those that are open go on, and the peer closes behind them.
    func leave() {
        session.goAway(.normal, takesLate: true)
        scheduleFlush()
    }

    /// The connection's user, if it is of that type.
    func user<User>(as type: User.Type) -> User? { user as? User }

    /// Ends the connection; its streams are lost.
    func close(_ reason: TunnelEnd) {
        guard isOpen, let context else { return }
        end = reason
        if case .violation = reason {} else { session.goAway(.normal) }
        session.takeOutput { context.write(wrapOutboundOut($0), promise: nil) }
        context.flush()
        context.close(promise: nil)
        ended()
    }

    private func ended() {
        guard isOpen else { return }
        isOpen = false
        pings?.cancel()
        let lost = session.abandon()
        // First, so that no request that waits behind a lost one is sent the same way.
        user?.tunnelClosed(self, end)
        for stream in lost {
            stream.user?.streamWasReset(stream, isLost: true)
            stream.user = nil
        }
        user?.tunnelReadAll(self)
        user = nil
        context = nil
    }
}
