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

    /// How much of an answer has been read.
    private enum Reading {
        case head
        case body(HTTPBody, keepsConnection: Bool, endsWithConnection: Bool)
        case upgraded
    }

    /// A request that is under way.
    private struct Exchange {
        let tunnel: TunnelHandler
        let stream: YamuxStream
        var reading = Reading.head
        var isRequestComplete = false
        /// How many octets of the request have been seen, of those that tell the method.
        var seen = 0
        var isToHead = true
        var status: Int?
        /// Whether the answer itself has begun to go into the tunnel; informational ones do not count.
        var hasBegun = false
        /// What has been sent over a connection that may be stale, to be sent again over another one.
        var replay: ByteBuffer?
        var recording: ExchangeRecording?
    }

    /// Octets of a request that are sent again when a kept connection turns out to be closed.
    private static let maximumReplayBytes = 64 << 10
    /// Octets of an answer's head.
    private static let maximumHeadBytes = 128 << 10
    /// Octets of a body that go with the head in one frame.
    private static let maximumJoinedBytes = 16 << 10
    private static let headMethod = Array("HEAD ".utf8)
    /// Methods whose requests may be sent twice (RFC 9110, section 9.2.2).
    private static let repeatable = ["GET ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "TRACE "].map {
        Array($0.utf8)
    }
    /// Seconds after which a kept connection is not used again: handlers close theirs after two to five,
    /// and what is sent into such a moment is lost.
    private static let maximumIdleSeconds = 1.0

    let destination: Destination
    var place: Int?
    var isUnflushed = false
    private(set) var deadline: NIODeadline?

    private let loop: AgentLoop
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var isOver = false
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

    init(_ loop: AgentLoop, _ destination: Destination) {
        self.loop = loop
        self.destination = destination
    }

    /// Whether it can take a request.
    var isUsable: Bool {
        !isOver && exchange == nil && (context?.channel.isActive ?? false)
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
        begin(
            Exchange(
                tunnel: tunnel, stream: stream, replay: isReused ? ByteBuffer() : nil,
                recording: recording))
    }

    private func begin(_ exchange: Exchange) {
        self.exchange = exchange
        if !exchange.isRequestComplete { deadline = nil }
        exchange.stream.user = self
        if isOver { fail(failure ?? .handlerCut) }
    }

    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        guard exchange != nil else { return }
        noteMethod(bytes)
        exchange?.recording?.request(bytes)
        if isEnd {
            exchange?.isRequestComplete = true
            deadline = loop.now + loop.configuration.limits.answerSeconds
        }
        noteForReplay(bytes)
        if bytes.readableBytes > 0 { write(bytes) }
        if isEnd, case .upgraded = exchange?.reading { context?.close(mode: .output, promise: nil) }
    }

    private func write(_ bytes: ByteBuffer) {
        guard let context, context.channel.isActive else {
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
        guard let exchange, unreturned > 0, context?.channel.isWritable ?? false else { return }
        exchange.tunnel.session.consumed(unreturned, of: exchange.stream)
        if exchange.tunnel.session.hasOutput { exchange.tunnel.scheduleFlush() }
        unreturned = 0
    }

    /// A HEAD request's answer has no body, whatever its head says.
    private func noteMethod(_ bytes: ByteBuffer) {
        guard var exchange, exchange.seen < Self.headMethod.count else { return }
        for octet in bytes.readableBytesView.prefix(Self.headMethod.count - exchange.seen) {
            if octet != Self.headMethod[exchange.seen] { exchange.isToHead = false }
            exchange.seen += 1
        }
        self.exchange = exchange
    }

    private func noteForReplay(_ bytes: ByteBuffer) {
        guard let count = exchange?.replay?.readableBytes else { return }
        if count == 0 {
            exchange?.replay = bytes
        } else if count + bytes.readableBytes <= Self.maximumReplayBytes {
            exchange?.replay?.writeImmutableBuffer(bytes)
        } else {
            exchange?.replay = nil
        }
    }

    func streamWasReset(_ stream: YamuxStream, isLost: Bool) {
        report(failure: OwnAnswer(502, "sender-gone", "the sender, or the relay, went away"))
        exchange = nil
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
        // Whoever wanted it may have gone while it was being made.
        if isOver { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { gone() }

    func channelActive(context: ChannelHandlerContext) {
        guard !isOver else { return context.close(promise: nil) }
        exchange?.recording?.isConnected()
        for bytes in waiting { context.write(wrapOutboundOut(bytes), promise: nil) }
        waiting = []
        context.flush()
        returnWindow()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { returnWindow() }

    func read(context: ChannelHandlerContext) {
        if let exchange, !exchange.tunnel.session.hasRoom(exchange.stream) {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    func channelInactive(context: ChannelHandlerContext) { gone() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event as? TLSEvent {
        case .closedByPeer: close()
        // Whoever can cut the connection must not be able to shorten an answer.
        case .cut: failure = failure ?? .handlerCut
        case .established, nil: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? OpenSSLError {
            failure = .cannotConnect(to: destination, .tls(error))
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
        if exchange != nil { fail(answer) }
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

    func isLate() {
        // Also an idle one: a handler with one thread may wait for it, and serve nobody else.
        fail(.handlerTooSlow)
        close()
    }

    private func gone() {
        guard context != nil else { return }
        context = nil
        isOver = true
        loop.remove(self)
        guard let exchange else { return }
        switch exchange.reading {
        case .body(let body, _, true) where !body.hasEnded && failure == nil: complete(ByteBuffer())
        case .upgraded: complete(ByteBuffer())
        case .head where partial.readableBytes == 0 && Self.mayRepeat(exchange.replay):
            sendAgain(exchange)
        default: fail(failure ?? .handlerCut)
        }
    }

    /// Whether the handler may get the request twice, in case it has got it once.
    private static func mayRepeat(_ bytes: ByteBuffer?) -> Bool {
        guard let bytes else { return false }
        return repeatable.contains { bytes.readableBytesView.starts(with: $0) }
    }

    /// A kept connection was closed at the other end before it saw the request: another one takes it.
    private func sendAgain(_ exchange: Exchange) {
        guard let replay = exchange.replay else { return }
        self.exchange = nil
        var again = exchange
        again.replay = nil
        let other = loop.dial(destination)
        other.waiting = [replay]  // its window was given back when it was sent first
        if exchange.isRequestComplete {
            other.deadline = loop.now + loop.configuration.limits.answerSeconds
        }
        other.begin(again)
    }

    // MARK: The answer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard exchange != nil else { return close() }  // an answer that nobody asked for
        exchange?.recording?.answer(bytes)
        exchange?.replay = nil
        if case .head = exchange?.reading {
            if partial.readableBytes > 0 {
                partial.writeBuffer(&bytes)
                bytes = partial
                partial = ByteBuffer()
            }
            do {
                guard try readHeads(&bytes) else {
                    partial = bytes
                    return
                }
            } catch {
                fail(.notHTTP(error))
                return close()
            }
            return
        }
        passOn(&bytes, behind: nil)
    }

    /// Reads heads up to the one of the answer itself, and passes on what is there; returns whether that one was there.
    private func readHeads(_ bytes: inout ByteBuffer) throws(HTTPRefusal) -> Bool {
        while let isToHead = exchange?.isToHead {
            let isWhole = try bytes.withUnsafeReadableBytes { raw throws(HTTPRefusal) in
                try loop.head.read(
                    answer: raw, scanned: &scanned, limit: Self.maximumHeadBytes, isToHead: isToHead
                )
            }
            guard isWhole else { return false }
            loop.scratch.clear()
            bytes.withUnsafeReadableBytes { loop.head.write(answer: $0, to: &loop.scratch) }
            bytes.moveReaderIndex(forwardBy: loop.head.count)
            let status = loop.head.status
            if status >= 200 || status == 101 {
                exchange?.status = status
                exchange?.hasBegun = true
                exchange?.reading =
                    status == 101
                    ? .upgraded
                    : .body(
                        HTTPBody(loop.head.framing), keepsConnection: loop.head.keepsConnection,
                        endsWithConnection: loop.head.framing == .untilClose)
                deadline = nil
                passOn(&bytes, behind: loop.scratch)
                return true
            }
            send(loop.scratch, isEnd: false)
        }
        return true
    }

    /// Passes a part of the answer on, behind its head if that is not passed on yet.
    private func passOn(_ bytes: inout ByteBuffer, behind head: ByteBuffer?) {
        guard case .body(var body, let keeps, let ends) = exchange?.reading else {
            return passOnUpgraded(bytes, behind: head)
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
        exchange?.reading = .body(body, keepsConnection: keeps, endsWithConnection: ends)
        guard let part = bytes.readSlice(length: count) else { return }
        let hasRest = bytes.readableBytes > 0
        if head == nil {
            body.hasEnded ? complete(part, keeps: keeps && !hasRest) : send(part, isEnd: false)
        } else if count <= Self.maximumJoinedBytes {
            loop.scratch.writeImmutableBuffer(part)
            body.hasEnded
                ? complete(loop.scratch, keeps: keeps && !hasRest)
                : send(loop.scratch, isEnd: false)
        } else {
            send(loop.scratch, isEnd: false)
            body.hasEnded ? complete(part, keeps: keeps && !hasRest) : send(part, isEnd: false)
        }
    }

    private func passOnUpgraded(_ bytes: ByteBuffer, behind head: ByteBuffer?) {
        if let head { send(head, isEnd: false) }
        if bytes.readableBytes > 0 { send(bytes, isEnd: false) }
    }

    private func send(_ bytes: ByteBuffer, isEnd: Bool) {
        guard let exchange else { return }
        exchange.tunnel.session.send(bytes, on: exchange.stream, isEnd: isEnd)
        exchange.tunnel.scheduleFlush()
    }

    /// The answer is whole with these octets: the connection takes another request, or ends.
    private func complete(_ bytes: ByteBuffer, keeps: Bool = false) {
        guard let exchange else { return }
        send(bytes, isEnd: true)
        report(failure: nil)
        let isRequestComplete = exchange.isRequestComplete
        // What still comes of the request is nobody's any more; the relay resets the stream.
        exchange.stream.user = nil
        self.exchange = nil
        (deadline, unreturned) = (nil, 0)
        guard keeps, isRequestComplete, !isOver else { return close() }
        isReused = true
        idleSince = loop.now
        deadline = loop.now + Self.maximumIdleSeconds
        loop.keep(self)
        if isReadHeld {
            isReadHeld = false
            context?.read()
        }
    }

    /// Answers in the handler's place; what has begun can only be cut.
    private func fail(_ answer: OwnAnswer) {
        guard let exchange else { return }
        if exchange.hasBegun {
            exchange.tunnel.session.reset(exchange.stream)
        } else {
            exchange.tunnel.session.send(
                answer.bytes(isToHead: exchange.isToHead && exchange.seen > 0, closes: false),
                on: exchange.stream, isEnd: true)
        }
        exchange.tunnel.scheduleFlush()
        exchange.stream.user = nil
        report(failure: answer)
        self.exchange = nil
        deadline = nil
    }

    private func report(failure: OwnAnswer?) {
        guard let exchange, let recording = exchange.recording else { return }
        loop.reports.add(
            recording.exchange(
                destination: destination.base, status: exchange.status, failure: failure,
                isRequestComplete: exchange.isRequestComplete))
    }
}
