import NIOCore
import Yamux

/// Drives a session over a channel, for the tests alone.
///
/// `@unchecked Sendable`: confined to its event loop; other threads only hand it on.
final class SessionHandler: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    let session: YamuxSession
    /// What the peer did that the protocol does not allow.
    private(set) var violation: YamuxViolation?
    /// What the answering streams share.
    let notes = Notes()
    private let accept: (SessionHandler, YamuxStream) -> Void
    private var context: ChannelHandlerContext?
    private var isReadHeld = false
    private var pings: [UInt32: EventLoopPromise<Void>] = [:]
    private var streamsAreOver: EventLoopPromise<Void>?

    init(
        _ role: YamuxSession.Role, accept: @escaping (SessionHandler, YamuxStream) -> Void
    ) {
        session = YamuxSession(role)
        self.accept = accept
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        do {
            while let event = try session.next(from: &bytes) { take(event) }
        } catch {
            violation = error
            flush()
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { flush() }
    func channelWritabilityChanged(context: ChannelHandlerContext) { flush() }

    func read(context: ChannelHandlerContext) {
        if session.isClogged { isReadHeld = true } else { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        for stream in session.abandon() {
            stream.user?.streamWasReset(stream, isLost: true)
            stream.user = nil
        }
        for promise in pings.values { promise.fail(ChannelError.eof) }
        pings = [:]
        lookForEnd()
    }

    private func take(_ event: YamuxSession.Event) {
        switch event {
        case .data(let stream, let bytes, let isNew, let isEnd):
            if isNew { accept(self, stream) }
            stream.user?.stream(stream, received: bytes, isEnd: isEnd)
        case .reset(let stream):
            stream.user?.streamWasReset(stream, isLost: false)
            stream.user = nil
        case .pong(let value): pings.removeValue(forKey: value)?.succeed()
        case .goAway: break
        }
    }

    /// Writes what the session has, as far as the system takes it.
    func flush() {
        guard let context else { return }
        while context.channel.isWritable, session.hasOutput {
            session.takeOutput { context.write(wrapOutboundOut($0), promise: nil) }
            context.flush()
            for stream in session.takeStreamsWithRoom() { stream.user?.streamHasRoom(stream) }
        }
        if isReadHeld, !session.isClogged {
            isReadHeld = false
            context.read()
        }
        lookForEnd()
    }

    // MARK: For those who open streams

    /// Opens a stream that says `line`, and what is to follow.
    func open(
        _ line: String, _ following: [UInt8] = [], ends: Bool = true, resetsBehind: Int? = nil
    ) -> EventLoopFuture<OpenedStream.Outcome> {
        guard let context else { preconditionFailure("no channel") }
        let promise = context.eventLoop.makePromise(of: OpenedStream.Outcome.self)
        guard let stream = session.open() else {
            promise.succeed(.refused)
            return promise.futureResult
        }
        let opened = OpenedStream(self, stream, resetsBehind: resetsBehind, promise)
        opened.say(ByteBuffer(string: line.isEmpty ? "" : line + "\n"), isEnd: false)
        opened.say(ByteBuffer(bytes: following), isEnd: ends)
        flush()
        return promise.futureResult
    }

    func ping(_ value: UInt32) -> EventLoopFuture<Void> {
        guard let context else { preconditionFailure("no channel") }
        let promise = context.eventLoop.makePromise(of: Void.self)
        pings[value] = promise
        session.ping(value)
        flush()
        return promise.futureResult
    }

    /// Goes away once all streams are over, and closes the connection.
    func leave() -> EventLoopFuture<Void> {
        guard let context else { preconditionFailure("no channel") }
        let channel = context.channel
        let promise = context.eventLoop.makePromise(of: Void.self)
        streamsAreOver = promise
        flush()
        return promise.futureResult.assumeIsolated().flatMap {
            self.session.goAway(.normal)
            self.flush()
            return channel.close()
        }.nonisolated()
    }

    private func lookForEnd() {
        guard session.streamCount == 0, let promise = streamsAreOver else { return }
        streamsAreOver = nil
        promise.succeed()
    }
}

/// A stream's user that says things as far as there is room.
class TalkingStream: YamuxStreamUser {
    let handler: SessionHandler
    let stream: YamuxStream
    private var rest = ByteBuffer()
    private var ends = false
    private var unread = 0

    init(_ handler: SessionHandler, _ stream: YamuxStream) {
        self.handler = handler
        self.stream = stream
        stream.user = self
    }

    func say(_ bytes: ByteBuffer, isEnd: Bool) {
        rest.writeImmutableBuffer(bytes)
        ends = ends || isEnd
        goOn()
    }

    /// Counts octets that may be asked for again once all that is to be said is on its way.
    func isRead(_ count: Int) {
        unread += count
        goOn()
    }

    private func goOn() {
        while rest.readableBytes > 0, handler.session.hasRoom(stream),
            let part = rest.readSlice(length: min(32 << 10, rest.readableBytes))
        {
            handler.session.send(part, on: stream)
        }
        guard rest.readableBytes == 0 else { return }
        rest.clear()
        if ends, !stream.isEnded { handler.session.send(ByteBuffer(), on: stream, isEnd: true) }
        handler.session.consumed(unread, of: stream)
        unread = 0
        // Both sides have said everything: nobody needs us any more.
        if stream.isEnded, stream.isEndedByPeer { stream.user = nil }
    }

    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {}
    func streamWasReset(_ stream: YamuxStream, isLost: Bool) {}
    func streamHasRoom(_ stream: YamuxStream) { goOn() }
}

/// A stream of ours, which reads all that the peer says.
final class OpenedStream: TalkingStream {
    enum Outcome: Hashable, Sendable {
        case ended([UInt8])
        /// The peer has killed it, or we have, behind so many octets.
        case reset(isOurs: Bool)
        case lost
        /// No stream may be opened.
        case refused
    }

    private var received: [UInt8] = []
    private let resetsBehind: Int?
    private let promise: EventLoopPromise<Outcome>

    init(
        _ handler: SessionHandler, _ stream: YamuxStream, resetsBehind: Int?,
        _ promise: EventLoopPromise<Outcome>
    ) {
        self.resetsBehind = resetsBehind
        self.promise = promise
        super.init(handler, stream)
    }

    override func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        received += bytes.readableBytesView
        handler.session.consumed(bytes.readableBytes, of: stream)
        if let resetsBehind, received.count >= resetsBehind {
            handler.session.reset(stream)
            stream.user = nil
            promise.succeed(.reset(isOurs: true))
        } else if isEnd {
            promise.succeed(.ended(received))
            isRead(0)
        }
    }

    override func streamWasReset(_ stream: YamuxStream, isLost: Bool) {
        // One that has ended may still be open on our side.
        promise.succeed(isLost ? .lost : .reset(isOurs: false))
    }
}
