import HTTPTransport
import NIOCore
import NIOOpenSSL
import OpenSSL
import Yamux

/// A connection to a handler: passes one request after another on, and takes the answers back.
///
/// `@unchecked Sendable`: confined to its loop.
final class HandlerConnection: ChannelDuplexHandler, ListedConnection, YamuxStreamUser,
    @unchecked Sendable
{
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// Octets of an answer's head.
    private static let maximumHeadBytes = 128 << 10
    /// Octets of a body that go with the head in one frame.
    private static let maximumJoinedBytes = 16 << 10
    /// Seconds after which a kept connection is not used again: handlers close theirs after two to five,
    /// and what is sent into such a moment is lost.
    private static let maximumIdleSeconds = 1.0

    let pool: HandlerPool
    var place: Int?
    var isUnflushed = false
    private(set) var deadline: NIODeadline?

    private let loop: AgentLoop
    private var context: ChannelHandlerContext?
    private var request: PassedRequest?
    private var isOver = false
    /// What the channel says of it, which is asked often.
    private var isActive = false
    private var isWritable = true
    private var isReused = false
    private var isReadHeld = false
    private var idleSince = NIODeadline.now()
    /// What waits for the connection.
    private var waiting: [ByteBuffer] = []
    /// Octets of the request that the system has not taken, and the tunnel does not know of as read.
    private var unreturned = 0
    private var partial = ByteBuffer()
    private var scanned = 0
    private var failure: OwnAnswer?
    /// Whether the handler has ended its side in order.
    private var hasEnded = false

    init(_ loop: AgentLoop, _ pool: HandlerPool) {
        self.loop = loop
        self.pool = pool
    }

    /// Whether it can take a request.
    var isUsable: Bool {
        !isOver && request == nil && isActive
            && loop.now < idleSince + Self.maximumIdleSeconds
    }

    // MARK: The request

    /// Takes a stream's request, whose octets follow.
    ///
    /// `unreturned`: by how many more octets than that the window is to be given back.
    func begin(
        _ tunnel: TunnelHandler, _ stream: YamuxStream, recording: ExchangeRecording?,
        unreturned: Int = 0
    ) {
        self.unreturned = unreturned
        begin(PassedRequest(tunnel, stream, mayBeStale: isReused, recording: recording))
    }

    private func begin(_ request: PassedRequest) {
        self.request = request
        if !request.isComplete { deadline = nil }
        request.stream.user = self
        // Where nothing of the request is known, it is not known either what an answer to it may have.
        if isOver, request.hasOctets { fail(failure ?? .handlerCut) }
    }

    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        guard let request else { return }
        request.note(bytes, isEnd: isEnd)
        if isOver { return fail(failure ?? .handlerCut) }
        if isEnd, case .head = request.reading {
            deadline = loop.now + loop.configuration.limits.answerSeconds
        }
        if bytes.readableBytes > 0 { write(bytes) }
        if isEnd, case .upgraded = request.reading { context?.close(mode: .output, promise: nil) }
    }

    private func write(_ bytes: ByteBuffer) {
        guard let context, isActive else {
            waiting.append(bytes)
            unreturned += bytes.readableBytes
            return
        }
        context.write(wrapOutboundOut(bytes), promise: nil)
        loop.flushLater(self)
        unreturned += bytes.readableBytes
        returnWindow()
    }

    /// Lets the relay send as much again, once the system has taken what came.
    private func returnWindow() {
        guard unreturned > 0, let request, isActive, isWritable else { return }
        request.tunnel.session.consumed(unreturned, of: request.stream)
        if request.tunnel.session.hasOutput { request.tunnel.scheduleFlush() }
        unreturned = 0
    }

    func streamWasReset(_ stream: YamuxStream, isLost: Bool) {
        report(failure: .senderGone)
        request = nil
        close()
    }

    func streamHasRoom(_ stream: YamuxStream) {
        guard isReadHeld else { return }
        isReadHeld = false
        context?.read()
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Whoever wanted it may have gone while it was being made, and so may the handler.
        guard !isOver, context.channel.isActive else { return context.close(promise: nil) }
        if pool.destination.scheme == .http { becomeActive(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { gone() }

    /// Octets go as they come from now on; with TLS behind its handshake, as nobody takes them before.
    private func becomeActive(_ context: ChannelHandlerContext) {
        isActive = true
        request?.recording?.isConnected()
        for bytes in waiting { context.write(wrapOutboundOut(bytes), promise: nil) }
        waiting = []
        context.flush()
        returnWindow()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        returnWindow()
    }

    func read(context: ChannelHandlerContext) {
        if let request, !request.tunnel.session.hasRoom(request.stream) {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    func channelInactive(context: ChannelHandlerContext) { gone() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSEvent.established: becomeActive(context)
        case TLSEvent.closedByPeer: handlerEnded()
        case ChannelEvent.inputClosed where pool.destination.scheme == .http: handlerEnded()
        // Whoever can cut the connection must not be able to shorten an answer.
        case ChannelEvent.inputClosed: close()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func handlerEnded() {
        hasEnded = true
        close()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? OpenSSLError {
            failure = .cannotConnect(to: pool.destination, .tls(error))
        } else {
            failure = .handlerCut
        }
        close()
    }

    /// The connection could not be made.
    func failedToConnect(_ answer: OwnAnswer) {
        guard !isOver else { return }
        isOver = true
        failure = answer
        loop.remove(self)
        fail(answer)
    }

    func flush() { context?.flush() }

    func close() {
        guard !isOver else { return }
        guard let context else {
            isOver = true
            waiting = []
            return loop.remove(self)
        }
        context.close(promise: nil)
    }

    /// Whoever is behind the tunnel gets no more of it.
    func abandon() {
        failure = failure ?? .handlerCut
        close()
    }

    func isLate() {
        // Also an idle one: a handler with one thread may wait for it, and serve nobody else.
        fail(.handlerTooSlow)
        close()
    }

    private func gone() {
        guard context != nil else { return }
        context = nil
        (isOver, isActive) = (true, false)
        loop.remove(self)
        guard let request else { return }
        if case .head = request.reading, partial.readableBytes == 0,
            let replay = request.takeReplay()
        {
            self.request = nil
            return sendAgain(request, replay)
        }
        switch request.reading {
        case .body(let body, _, true) where !body.hasEnded && hasEnded: complete(ByteBuffer())
        case .upgraded where hasEnded || bothHaveEnded(request): complete(ByteBuffer())
        default: fail(failure ?? .handlerCut)
        }
    }

    /// Where our side of a plain connection has ended before, nobody tells of the other's end but the
    /// connection's own.
    private func bothHaveEnded(_ request: PassedRequest) -> Bool {
        pool.destination.scheme == .http && request.isComplete && failure == nil
    }

    /// A kept connection was closed at the other end before it saw the request: another one takes it.
    private func sendAgain(_ request: PassedRequest, _ replay: ByteBuffer) {
        let other = loop.dial(pool)
        other.waiting = [replay]  // its window was given back when it was sent first
        if request.isComplete {
            other.deadline = loop.now + loop.configuration.limits.answerSeconds
        }
        other.begin(request)
    }

    // MARK: The answer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard let request else { return close() }  // an answer that nobody asked for
        request.recording?.answer(bytes)
        request.dropReplay()
        if case .head = request.reading {
            if partial.readableBytes > 0 {
                partial.writeBuffer(&bytes)
                bytes = partial
                partial = ByteBuffer()
            }
            do {
                guard try readHeads(&bytes, of: request) else {
                    partial = bytes
                    return
                }
            } catch {
                fail(.notHTTP(error))
                return close()
            }
            return
        }
        passOn(&bytes, of: request, behind: nil)
    }

    /// Reads heads up to the one of the answer itself, and passes on what is there; returns whether that one was there.
    private func readHeads(
        _ bytes: inout ByteBuffer, of request: PassedRequest
    ) throws(HTTPRefusal) -> Bool {
        while true {
            let isWhole = try bytes.withUnsafeReadableBytes { raw throws(HTTPRefusal) in
                try loop.head.read(
                    answer: raw, scanned: &scanned, limit: Self.maximumHeadBytes,
                    isToHead: request.isToHead)
            }
            guard isWhole else { return false }
            loop.scratch.clear()
            bytes.withUnsafeReadableBytes { loop.head.write(answer: $0, to: &loop.scratch) }
            bytes.moveReaderIndex(forwardBy: loop.head.count)
            let status = loop.head.status
            if status >= 200 || status == 101 {
                request.status = status
                request.hasBegun = true
                request.reading =
                    status == 101
                    ? .upgraded
                    : .body(
                        HTTPBody(loop.head.framing), keepsConnection: loop.head.keepsConnection,
                        endsWithConnection: loop.head.framing == .untilClose)
                deadline = nil
                passOn(&bytes, of: request, behind: loop.scratch)
                return true
            }
            request.send(loop.scratch, isEnd: false)
        }
    }

    /// Passes a part of the answer on, behind its head if that is not passed on yet.
    private func passOn(
        _ bytes: inout ByteBuffer, of request: PassedRequest, behind head: ByteBuffer?
    ) {
        guard case .body(var body, let keeps, let ends) = request.reading else {
            if let head { request.send(head, isEnd: false) }
            if bytes.readableBytes > 0 { request.send(bytes, isEnd: false) }
            return
        }
        let count: Int
        do {
            count = try bytes.withUnsafeReadableBytes { raw throws(HTTPRefusal) in
                try body.take(raw)
            }
        } catch {
            fail(.notHTTP(error))
            return close()
        }
        request.reading = .body(body, keepsConnection: keeps, endsWithConnection: ends)
        guard let part = bytes.readSlice(length: count) else { return }
        let hasRest = bytes.readableBytes > 0
        if head == nil {
            body.hasEnded
                ? complete(part, keeps: keeps && !hasRest) : request.send(part, isEnd: false)
        } else if count <= Self.maximumJoinedBytes {
            loop.scratch.writeImmutableBuffer(part)
            body.hasEnded
                ? complete(loop.scratch, keeps: keeps && !hasRest)
                : request.send(loop.scratch, isEnd: false)
        } else {
            request.send(loop.scratch, isEnd: false)
            body.hasEnded
                ? complete(part, keeps: keeps && !hasRest) : request.send(part, isEnd: false)
        }
    }

    /// The answer is whole with these octets: the connection takes another request, or ends.
    private func complete(_ bytes: ByteBuffer, keeps: Bool = false) {
        guard let request else { return }
        request.send(bytes, isEnd: true)
        report(failure: nil)
        // What still comes of the request is nobody's any more; the relay resets the stream.
        request.stream.user = nil
        self.request = nil
        (deadline, unreturned) = (nil, 0)
        guard keeps, request.isComplete, !isOver else { return close() }
        isReused = true
        idleSince = loop.now
        deadline = loop.now + Self.maximumIdleSeconds
        pool.keep(self)
        if isReadHeld {
            isReadHeld = false
            context?.read()
        }
    }

    /// Answers in the handler's place.
    private func fail(_ answer: OwnAnswer) {
        guard let request else { return }
        request.fail(answer)
        request.stream.user = nil
        report(failure: answer)
        self.request = nil
        deadline = nil
    }

    private func report(failure: OwnAnswer?) {
        guard let request, let recording = request.recording else { return }
        loop.reports.add(
            recording.exchange(
                destination: pool.destination.base, status: request.status, failure: failure,
                isRequestComplete: request.isComplete))
    }
}
