import Foundation
import NIOCore
import NIOOpenSSL
import Yamux

/// A sender's connection: reads its requests one by one, and passes each through a tunnel.
///
/// `@unchecked Sendable`: confined to its loop.
final class PublicConnection: ChannelDuplexHandler, YamuxStreamUser, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    /// Where the connection stands.
    private enum Phase {
        /// A request's head is expected, or is being read.
        case head
        /// A request's body is being passed on.
        case body
        /// The request is passed on; nothing of the next one is looked at.
        case answer
        /// Both sides speak another protocol, or say that they do.
        case upgraded
        /// What still comes is thrown away, so that our last answer is not lost with it.
        case lingering
        case closed
    }

    /// Streams of a tunnel's connection that carry no request: the registration's.
    private static let controlStreams = 1
    /// Octets of what still comes that are thrown away before the connection is cut.
    private static let maximumLingerBytes = 1 << 20
    private static let lingerSeconds = 2.0
    /// Octets of a later request that wait for the answer to an earlier one.
    private static let maximumEarlyBytes = 64 << 10
    /// Octets of a body that go with the head in one buffer.
    private static let maximumJoinedBytes = 16 << 10

    let loop: RelayLoop
    /// The position in the loop's list.
    var place: Int?
    var isUnflushed = false
    private(set) var deadline: NIODeadline?

    private let isTLS: Bool
    private var context: ChannelHandlerContext?
    private var phase = Phase.head
    private var input = ByteBuffer()
    private var scanned = 0
    private var isHeadUnderWay = false
    private var lingerBytes = 0
    private var isReadHeld = false
    private var isThrottled = false
    private var hasInputEnded = false

    private let routing: Routing
    private var route: Route?
    private var upstream: Upstream?
    private var requestBody = HTTPBody(.none)
    private var bodyBytes = 0
    private var answer = AnswerReading()
    private var keepsConnection = true
    private var isOldVersion = false
    private var isRequestComplete = false
    private var isUpgrade = false
    /// Octets of the answer that the system has not taken, and the tunnel does not know of as read.
    private var unreturned = 0
    private var exchange: AccessLog.Exchange?

    init(_ loop: RelayLoop, isTLS: Bool) {
        self.loop = loop
        self.isTLS = isTLS
        routing = Routing(loop.core, isTLS: isTLS)
    }

    private var limits: RelayConfiguration.Limits { loop.core.configuration.limits }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        deadline = .now() + limits.headSeconds
    }

    func handlerRemoved(context: ChannelHandlerContext) { gone() }
    func channelInactive(context: ChannelHandlerContext) {
        gone()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        loop.counts.octetsIn += bytes.readableBytes
        switch phase {
        case .closed: return
        case .lingering:
            lingerBytes += bytes.readableBytes
            if lingerBytes > Self.maximumLingerBytes { close() }
            return
        default: break
        }
        if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
        process()
        if input.readableBytes == 0 { input = ByteBuffer() }
    }

    func channelReadComplete(context: ChannelHandlerContext) { loop.flushAll() }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable, unreturned > 0, let upstream else { return }
        upstream.consumed(unreturned)
        unreturned = 0
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: inputEnded()
        case let event as TLSEvent where event == .closedByPeer: inputEnded()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private var mayRead: Bool {
        if isThrottled { return false }
        switch phase {
        case .head, .lingering, .closed: return true
        case .answer: return input.readableBytes < Self.maximumEarlyBytes
        case .body, .upgraded: return upstream?.hasRoom ?? true
        }
    }

    private func readAgain() {
        guard isReadHeld, mayRead else { return }
        isReadHeld = false
        context?.read()
    }

    /// The sender says nothing more; it may still want the answer.
    private func inputEnded() {
        guard !hasInputEnded else { return }
        hasInputEnded = true
        switch phase {
        case .head, .body, .lingering: close()
        case .upgraded: upstream?.send(ByteBuffer(), isEnd: true)
        case .answer, .closed: break
        }
    }

    // MARK: The request

    private func process() {
        var goesOn = true
        while goesOn {
            switch phase {
            case .head: goesOn = readHead()
            case .body: goesOn = readBody()
            case .upgraded:
                guard input.readableBytes > 0 else { return }
                let part = input
                input = ByteBuffer()
                send(part, isEnd: false)
                return
            case .answer, .lingering, .closed: return
            }
        }
    }

    /// Reads a head and opens a way for its request; returns whether to go on.
    private func readHead() -> Bool {
        guard input.readableBytes > 0 else { return false }
        do {
            let isWhole = try input.withUnsafeReadableBytes { bytes throws(HTTPRefusal) in
                try loop.head.read(request: bytes, scanned: &scanned, limit: limits.headBytes)
            }
            guard isWhole else {
                if !isHeadUnderWay {
                    isHeadUnderWay = true
                    deadline = loop.now + limits.headSeconds
                }
                return false
            }
        } catch {
            isHeadUnderWay = false
            answer = AnswerReading()
            beginExchange(name: "")
            return refuse(.refused(error), mayKeep: false)
        }
        isHeadUnderWay = false
        return begin()
    }

    /// What the head asks for.
    private func begin() -> Bool {
        isOldVersion = loop.head.minorVersion == 0
        keepsConnection = loop.head.keepsConnection && !loop.core.isDraining
        bodyBytes = 0
        requestBody = HTTPBody(loop.head.framing)
        isRequestComplete = false
        let isToHead = input.withUnsafeReadableBytes {
            HTTPBytes.isSame($0, loop.head.method, "HEAD")
        }
        answer = AnswerReading(isToHead: isToHead)
        let route: Route
        do {
            route = try input.withUnsafeReadableBytes { bytes throws(Routing.Refusal) in
                try routing.route(of: loop.head, bytes, from: context?.remoteAddress)
            }
        } catch {
            beginExchange(name: "")
            return refuse(error.answer, mayKeep: !error.closes)
        }
        self.route = route
        beginExchange(name: route.name)
        if case .length(let count) = loop.head.framing, count > limits.bodyBytes {
            return refuse(.bodyTooLarge)
        }
        if loop.core.isDraining { return refuse(.draining) }
        guard let (line, terms) = choice(route) else { return refuse(.agentAway) }
        if let terms,
            let refusal = input.withUnsafeReadableBytes({
                Routing.admission(of: loop.head, $0, from: context?.remoteAddress, terms)
            })
        {
            return refuse(refusal)
        }
        guard let upstream = open(line) else { return refuse(line.isOpen ? .tooBusy : .agentAway) }
        loop.counts.openRequests += 1
        self.upstream = upstream
        sendHead(route)
        return true
    }

    /// The connection that the request goes through; the name may have been taken anew in the meantime.
    private func choice(_ route: Route) -> (line: TunnelHandler, terms: PublicTunnel.Terms?)? {
        if let choice = route.tunnel?.choice(for: loop.index) { return choice }
        route.tunnel = loop.core.registry.tunnel(named: route.name)
        return route.tunnel?.choice(for: loop.index)
    }

    private func open(_ tunnel: TunnelHandler) -> Upstream? {
        guard tunnel.eventLoop === loop.eventLoop else {
            return .across(Crossing(tunnel, self, on: loop.eventLoop))
        }
        if tunnel.session.isExhausted { tunnel.user(as: RelayLine.self)?.retire() }
        guard tunnel.isOpen, tunnel.session.streamCount - Self.controlStreams < limits.streams,
            let stream = tunnel.session.open()
        else { return nil }
        stream.user = self
        return .here(tunnel, stream)
    }

    private func sendHead(_ route: Route) {
        isUpgrade = loop.head.wantsUpgrade && requestBody.hasEnded && !isOldVersion
        let passing = HTTPHead.RequestPassing(
            target: route.target, trustsForwarding: route.isTrusted, isUpgrade: isUpgrade)
        loop.scratch.clear()
        input.withUnsafeReadableBytes { bytes in
            loop.head.write(
                request: bytes, passing, additions: route.additions, to: &loop.scratch)
        }
        input.moveReaderIndex(forwardBy: loop.head.count)
        phase = .body
        if requestBody.hasEnded {
            requestIsComplete()
            send(loop.scratch, isEnd: !isUpgrade)
        } else {
            deadline = loop.now + limits.requestSeconds
            guard let part = nextPart() else { return }
            if part.readableBytes <= Self.maximumJoinedBytes {
                loop.scratch.writeImmutableBuffer(part)
                if requestBody.hasEnded { requestIsComplete() }
                send(loop.scratch, isEnd: isRequestComplete)
            } else {
                send(loop.scratch, isEnd: false)
                passPart(part)
            }
        }
    }

    /// Passes a part of the body on; returns whether to go on.
    private func readBody() -> Bool {
        guard input.readableBytes > 0, let part = nextPart() else { return false }
        passPart(part)
        return true
    }

    private func passPart(_ part: ByteBuffer) {
        deadline = loop.now + limits.requestSeconds
        if requestBody.hasEnded { requestIsComplete() }
        send(part, isEnd: isRequestComplete)
    }

    /// What of the input belongs to the body; `nil` when it was refused.
    private func nextPart() -> ByteBuffer? {
        do {
            let count = try input.withUnsafeReadableBytes { bytes throws(HTTPRefusal) in
                try requestBody.take(bytes)
            }
            bodyBytes += count
            guard bodyBytes <= limits.bodyBytes else {
                cancel(with: .bodyTooLarge)
                return nil
            }
            return input.readSlice(length: count)
        } catch {
            cancel(with: .refused(error))
            return nil
        }
    }

    private func requestIsComplete() {
        isRequestComplete = true
        phase = .answer
        deadline = loop.now + limits.requestSeconds
    }

    private func send(_ bytes: ByteBuffer, isEnd: Bool) {
        upstream?.send(bytes, isEnd: isEnd)
        throttle(bytes.readableBytes)
    }

    /// Stops reading for as long as the tunnel has moved more than it may.
    private func throttle(_ count: Int) {
        guard limits.bytesPerSecond > 0, let tunnel = route?.tunnel,
            let pause = tunnel.allowance.take(count, rate: limits.bytesPerSecond, now: .now()),
            !isThrottled
        else { return }
        isThrottled = true
        loop.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.isThrottled = false
            self.readAgain()
            if let upstream = self.upstream, self.unreturned > 0 {
                upstream.consumed(self.unreturned)
                self.unreturned = 0
            }
        }
    }

    /// Ends a request whose body cannot be passed on to its end.
    private func cancel(with refusal: OwnAnswer) {
        detach(isReset: true)
        if answer.hasBegun { cut() } else { _ = refuse(refusal, mayKeep: false) }
    }

    // MARK: The answer

    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        received(bytes, isEnd: isEnd)
    }

    func streamWasReset(_ stream: YamuxStream, isLost: Bool) { upstreamWasReset(isLost: isLost) }
    func streamHasRoom(_ stream: YamuxStream) { upstreamHasRoom() }

    func upstreamHasRoom() { readAgain() }

    /// The way through the tunnel is broken.
    func upstreamWasReset(isLost: Bool) {
        guard upstream != nil else { return }
        detach(isReset: false)
        if answer.hasBegun || phase == .upgraded {
            cut()
        } else {
            refuseAndGoOn(isLost ? .agentLost : .agentReset)
        }
    }

    /// Takes octets of the answer.
    func received(_ bytes: ByteBuffer, isEnd: Bool) {
        guard upstream != nil, let context else { return }
        deadline = loop.now + limits.streamSeconds
        let count = bytes.readableBytes
        loop.counts.octetsOut += count
        do {
            let closes = !keepsConnection || !isRequestComplete
            let progress = try answer.take(
                bytes, isEnd: isEnd,
                sender: AnswerReading.Sender(
                    isOldVersion: isOldVersion, closes: closes, wantsUpgrade: isUpgrade), loop: loop
            ) { context.write(wrapOutboundOut($0), promise: nil) }
            loop.flushLater(self)
            account(count)
            if isUpgrade, answer.status >= 200 {
                // The handler stays with HTTP: the stream was only kept open for the other protocol.
                isUpgrade = false
                upstream?.send(ByteBuffer(), isEnd: true)
            }
            switch progress {
            case .more: break
            case .upgraded:
                phase = .upgraded
                process()
                readAgain()
            case .complete: finish()
            }
        } catch {
            detach(isReset: true)
            if answer.hasBegun { cut() } else { refuseAndGoOn(.badAnswer) }
        }
    }

    /// Lets the tunnel send as much again, once the system has taken what came.
    private func account(_ count: Int) {
        guard let context, let upstream else { return }
        throttle(count)
        if context.channel.isWritable, !isThrottled {
            upstream.consumed(count + unreturned)
            unreturned = 0
        } else {
            unreturned += count
        }
    }

    private func finish() {
        log(status: answer.status)
        let wasUpgraded = phase == .upgraded
        let closes = !keepsConnection || !isRequestComplete || answer.endsConnection || wasUpgraded
        detach(isReset: !isRequestComplete || wasUpgraded)
        if closes { return endConnection(lingers: !isRequestComplete || input.readableBytes > 0) }
        phase = .head
        if hasInputEnded, input.readableBytes == 0 { return endConnection(lingers: false) }
        deadline = loop.now + limits.idleSeconds
        process()
        readAgain()
    }

    /// Lets go of the way through the tunnel.
    private func detach(isReset: Bool) {
        unreturned = 0
        guard let upstream else { return }
        self.upstream = nil
        loop.counts.openRequests -= 1
        switch upstream {
        case .here(_, let stream):
            stream.user = nil
        case .across(let crossing):
            crossing.forget()
        }
        if isReset { upstream.reset() } else { upstream.settle() }
    }

    // MARK: Answers of our own, and ends

    /// Answers a request that was passed on, and goes on with the next one if that is possible.
    private func refuseAndGoOn(_ refusal: OwnAnswer) {
        if refuse(refusal, mayKeep: isRequestComplete) {
            process()
            readAgain()
        }
    }

    /// Answers in place of a handler; keeps the connection when the whole request is there and `mayKeep`.
    ///
    /// - Returns: Whether the connection takes another request.
    private func refuse(_ refusal: OwnAnswer, mayKeep: Bool = true) -> Bool {
        guard let context else { return false }
        var keeps = mayKeep && keepsConnection && !isOldVersion
        if keeps, !isRequestComplete {
            // The head was read and not passed on.
            input.moveReaderIndex(forwardBy: loop.head.count)
            let taken = try? input.withUnsafeReadableBytes { bytes throws(HTTPRefusal) in
                try requestBody.take(bytes)
            }
            input.moveReaderIndex(forwardBy: taken ?? 0)
            keeps = taken != nil && requestBody.hasEnded
        }
        loop.counts.own[refusal.reason, default: 0] += 1
        context.write(
            wrapOutboundOut(refusal.bytes(isToHead: answer.isToHead, closes: !keeps)), promise: nil)
        loop.flushLater(self)
        exchange?.reason = refusal.reason
        log(status: refusal.status)
        guard keeps else {
            endConnection(lingers: true)
            return false
        }
        phase = .head
        deadline = loop.now + limits.idleSeconds
        return true
    }

    private func endConnection(lingers: Bool) {
        guard let context else { return }
        flush()
        input = ByteBuffer()
        guard lingers, !hasInputEnded else {
            phase = .closed
            context.close(promise: nil)
            return
        }
        phase = .lingering
        deadline = loop.now + Self.lingerSeconds
        context.close(mode: .output, promise: nil)
        readAgain()
    }

    func flush() {
        isUnflushed = false
        context?.flush()
    }

    /// Ends in the middle of an answer, so that the sender can tell: what it has is not the whole.
    private func cut() {
        guard let context, phase != .closed else { return }
        flush()
        if isTLS {
            context.triggerUserOutboundEvent(TLSEvent.cut, promise: nil)
        } else if answer.endsConnection {
            // A plain end is how such an answer ends when it is whole.
            let provider = context.channel as? any SocketOptionProvider
            _ = provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        close()
    }

    /// Ends without another word.
    func close() {
        guard phase != .closed else { return }
        phase = .closed
        detach(isReset: true)
        context?.close(promise: nil)
    }

    func drain() {
        keepsConnection = false
        if phase == .head { close() }
    }

    func isLate() {
        switch phase {
        case .head where !isHeadUnderWay: close()
        case .head:
            beginExchange(name: "")
            _ = refuse(.headTooSlow, mayKeep: false)
        case .body: cancel(with: .bodyTooSlow)
        case .answer:
            let hasBegun = answer.hasBegun
            detach(isReset: true)
            if hasBegun { cut() } else { refuseAndGoOn(.answerTooSlow) }
        case .upgraded, .lingering, .closed: close()
        }
        loop.flushAll()
    }

    private func gone() {
        guard context != nil else { return }
        phase = .closed
        detach(isReset: true)
        loop.remove(self)
        context = nil
    }

    // MARK: What is noted

    private func beginExchange(name: String) {
        loop.counts.requests += 1
        guard loop.core.log != nil else { return }
        let (method, target) = input.withUnsafeReadableBytes { bytes in
            guard loop.head.target.upperBound <= bytes.count else { return ("", "") }
            return (
                String(decoding: bytes[loop.head.method], as: UTF8.self),
                String(decoding: bytes[loop.head.target], as: UTF8.self)
            )
        }
        exchange = AccessLog.Exchange(
            tunnel: name, address: context?.remoteAddress?.ipAddress ?? "", method: method,
            target: target,
            begun: .now())
    }

    private func log(status: Int) {
        loop.counts.answers[min(status / 100, 5)] += 1
        if let exchange { loop.core.log?.note(exchange, status: status, requestBytes: bodyBytes) }
        exchange = nil
    }
}
