import Foundation
import NIOCore
import NIOOpenSSL
import Yamux

/// A sender's connection: reads its requests one by one, and passes each through a tunnel.
///
/// `@unchecked Sendable`: confined to its loop.
final class PublicConnection: ChannelDuplexHandler, ListedConnection, YamuxStreamUser,
    @unchecked Sendable
{
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
        /// Nothing more is read; what was written goes out.
        case ending
        case closed
    }

    /// Octets of a later request that wait for the answer to an earlier one.
    private static let maximumEarlyBytes = 64 << 10
    /// Octets of a body that go with the head in one buffer.
    private static let maximumJoinedBytes = 16 << 10

    let loop: RelayLoop
    var place: Int?
    var isUnflushed = false
    private(set) var deadline: NIODeadline?

    private let isTLS: Bool
    private var context: ChannelHandlerContext?
    /// The address at the other end, which the system is asked for once.
    private lazy var peer = context?.remoteAddress?.ipAddress ?? ""
    private var phase = Phase.head
    private var ending = SenderEnding(lingers: false, isSent: false)
    private var isReadHeld = false
    private var hasInputEnded = false
    /// Whether the tunnel has moved more than it may, towards the handler and back.
    private var isRequestPaced = false
    private var isAnswerPaced = false

    private let routing: Routing
    private var route: Route?
    private var upstream: Upstream?
    private var request = RequestReading()
    private var answer = AnswerReading()
    private var isUpgrade = false
    /// Octets of the answer that the system has not taken, and the tunnel does not know of as read.
    private var unreturned = 0
    /// Octets that the system had not taken at the last look at them.
    private var lastUnsent = Int.max
    private var notes: RequestNotes

    init(_ loop: RelayLoop, isTLS: Bool) {
        self.loop = loop
        self.isTLS = isTLS
        routing = Routing(loop.core, isTLS: isTLS)
        notes = RequestNotes(loop)
    }

    private var limits: RelayConfiguration.Limits { loop.core.configuration.limits }

    /// Whether the connection takes another request behind this one.
    private var keepsConnection: Bool { request.keepsConnection && !loop.core.isDraining }

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
        let bytes = unwrapInboundIn(data)
        loop.counts.octetsIn += bytes.readableBytes
        switch phase {
        case .closed: return
        case .ending: return ending.throwAway(bytes.readableBytes)
        case .head, .body, .answer, .upgraded: break
        }
        request.append(bytes)
        process()
        request.trim()
    }

    func channelReadComplete(context: ChannelHandlerContext) { loop.flushAll() }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { isReadHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { returnWindow() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: inputEnded()
        case let event as TLSEvent where event == .closedByPeer: inputEnded()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private var mayRead: Bool {
        if isRequestPaced { return false }
        switch phase {
        case .head, .closed: return true
        case .answer: return request.input.readableBytes < Self.maximumEarlyBytes
        case .body, .upgraded: return upstream?.hasRoom ?? true
        case .ending: return ending.mayRead
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
        case .head, .body: wantsMore()
        case .upgraded: upstream?.send(ByteBuffer(), isEnd: true)
        case .ending where ending.isSent: close()
        case .answer, .ending, .closed: break
        }
    }

    // MARK: The request

    /// Takes what is there of requests.
    private func process() {
        takeInput()
        if hasInputEnded { wantsMore() }
    }

    /// What is there of a request is not the whole, and no more comes.
    private func wantsMore() {
        switch phase {
        case .head: end(lingers: false)
        case .body: cut(RequestNotes.senderGone)
        case .answer, .upgraded, .ending, .closed: break
        }
    }

    private func takeInput() {
        var goesOn = true
        while goesOn {
            switch phase {
            case .head: goesOn = readHead()
            case .body: goesOn = readBody()
            case .upgraded:
                guard request.hasInput else { return }
                deadline = loop.now + limits.streamSeconds
                return send(request.takeAll(), isEnd: false)
            case .answer, .ending, .closed: return
            }
        }
    }

    /// Reads a head and opens a way for its request; returns whether to go on.
    private func readHead() -> Bool {
        guard request.hasInput else { return false }
        let wasUnderWay = request.isHeadUnderWay
        do {
            guard try request.readHead(into: &loop.head, limit: limits.headBytes) else {
                if !wasUnderWay { deadline = loop.now + limits.headSeconds }
                return false
            }
        } catch {
            return refuseHead(.refused(error))
        }
        return begin()
    }

    /// What the head asks for.
    private func begin() -> Bool {
        answer = AnswerReading(isToHead: request.isToHead)
        let route: Route
        do {
            route = try request.input.withUnsafeReadableBytes { bytes throws(Routing.Refusal) in
                try routing.route(of: loop.head, bytes, from: peer)
            }
        } catch {
            notes.begin(AccessLog.Exchange(address: peer, begun: .now()))
            return refuse(error.answer, mayKeep: !error.closes)
        }
        self.route = route
        notes.begin(loop.exchange(of: request, route))
        if case .length(let count) = loop.head.framing, count > limits.bodyBytes {
            return refuse(.bodyTooLarge)
        }
        if loop.core.isDraining { return refuse(.draining) }
        guard let (line, terms) = route.choice(on: loop) else { return refuse(.agentAway) }
        if let terms,
            let refusal = request.input.withUnsafeReadableBytes({
                Routing.admission(of: loop.head, $0, from: route.sender, terms)
            })
        {
            return refuse(refusal)
        }
        guard let upstream = Upstream(through: line, for: self) else {
            return refuse(line.isOpen ? .tooBusy : .agentAway)
        }
        loop.counts.openRequests += 1
        self.upstream = upstream
        sendHead(route)
        return true
    }

    private func sendHead(_ route: Route) {
        isUpgrade = loop.head.wantsUpgrade && request.bodyHasEnded && !request.isOldVersion
        let passing = HTTPHead.RequestPassing(
            target: route.target, trustsForwarding: route.isTrusted, isUpgrade: isUpgrade)
        loop.scratch.clear()
        request.input.withUnsafeReadableBytes { bytes in
            loop.head.write(
                request: bytes, passing, additions: route.additions, to: &loop.scratch)
        }
        request.headIsDone(loop.head)
        phase = .body
        guard !request.isComplete else {
            requestIsComplete()
            return send(loop.scratch, isEnd: !isUpgrade)
        }
        guard let part = nextPart() else { return }
        if part.readableBytes <= Self.maximumJoinedBytes {
            loop.scratch.writeImmutableBuffer(part)
            if request.isComplete { requestIsComplete() }
            send(loop.scratch, isEnd: request.isComplete)
        } else {
            send(loop.scratch, isEnd: false)
            passPart(part)
        }
    }

    /// Passes a part of the body on; returns whether to go on.
    private func readBody() -> Bool {
        guard request.hasInput, let part = nextPart() else { return false }
        passPart(part)
        return true
    }

    private func passPart(_ part: ByteBuffer) {
        if request.isComplete { requestIsComplete() }
        send(part, isEnd: request.isComplete)
    }

    /// What of the input belongs to the body; `nil` when it was refused.
    private func nextPart() -> ByteBuffer? {
        deadline = loop.now + limits.requestSeconds
        do { return try request.nextPart(limit: limits.bodyBytes) } catch {
            detach(isReset: true)
            if answer.hasBegun { cut(error.reason) } else { _ = refuse(error, mayKeep: false) }
            return nil
        }
    }

    private func requestIsComplete() {
        phase = .answer
        deadline = loop.now + limits.requestSeconds
    }

    private func send(_ bytes: ByteBuffer, isEnd: Bool) {
        upstream?.send(bytes, isEnd: isEnd)
        guard let pause = pause(for: bytes.readableBytes, of: { $0.requestAllowance }) else {
            return
        }
        if let deadline { self.deadline = deadline + pause }
        guard !isRequestPaced else { return }
        isRequestPaced = true
        loop.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.isRequestPaced = false
            self.readAgain()
        }
    }

    /// How long to pause, as the tunnel has moved more than it may.
    private func pause(
        for count: Int, of allowance: (PublicTunnel) -> Allowance
    ) -> TimeAmount? {
        guard limits.bytesPerSecond > 0, let tunnel = route?.tunnel else { return nil }
        return allowance(tunnel).take(count, rate: limits.bytesPerSecond, now: .now())
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
        giveUp(isLost ? .agentLost : .agentReset)
    }

    /// There is no way through the tunnel, or too many are in use.
    func upstreamIsRefused(isBusy: Bool) {
        guard upstream != nil else { return }
        detach(isReset: false)
        giveUp(isBusy ? .tooBusy : .agentLost)
    }

    /// Takes octets of the answer.
    func received(_ bytes: ByteBuffer, isEnd: Bool) {
        guard upstream != nil, let context else { return }
        deadline = loop.now + limits.streamSeconds
        lastUnsent = .max
        let count = bytes.readableBytes
        loop.counts.octetsOut += count
        do {
            let closes = !keepsConnection || !request.isComplete
            let progress = try answer.take(
                bytes, isEnd: isEnd,
                sender: AnswerReading.Sender(
                    isOldVersion: request.isOldVersion, closes: closes, wantsUpgrade: isUpgrade),
                loop: loop
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
            giveUp(.badAnswer)
        }
    }

    /// Lets the tunnel send as much again, once the system has taken what came.
    private func account(_ count: Int) {
        unreturned += count
        if let pause = pause(for: count, of: { $0.answerAllowance }) {
            if let deadline { self.deadline = deadline + pause }
            if !isAnswerPaced {
                isAnswerPaced = true
                loop.eventLoop.assumeIsolated().scheduleTask(in: pause) {
                    self.isAnswerPaced = false
                    self.returnWindow()
                }
            }
        }
        returnWindow()
    }

    private func returnWindow() {
        guard unreturned > 0, !isAnswerPaced, let upstream, context?.channel.isWritable ?? false
        else { return }
        upstream.consumed(unreturned)
        unreturned = 0
    }

    private func finish() {
        notes.answered(status: answer.status, requestBytes: request.bodyBytes)
        let wasUpgraded = phase == .upgraded
        let isWhole = request.isComplete && !wasUpgraded
        let closes = !keepsConnection || !isWhole || answer.endsConnection
        detach(isReset: !isWhole)
        if closes { return end(lingers: !request.isComplete || request.hasInput) }
        phase = .head
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

    // MARK: Answers of our own

    /// Ends a request that was passed on and gets no whole answer.
    private func giveUp(_ refusal: OwnAnswer) {
        if answer.hasBegun || phase == .upgraded { return cut(refusal.reason) }
        if refuse(refusal, mayKeep: request.isComplete) {
            process()
            readAgain()
        }
    }

    /// Answers what is no request, or not yet one.
    private func refuseHead(_ refusal: OwnAnswer) -> Bool {
        answer = AnswerReading()
        notes.begin(AccessLog.Exchange(address: peer, begun: .now()))
        return refuse(refusal, mayKeep: false)
    }

    /// Answers in place of a handler; keeps the connection when the whole request is there and `mayKeep`.
    ///
    /// - Returns: Whether the connection takes another request.
    private func refuse(_ refusal: OwnAnswer, mayKeep: Bool = true) -> Bool {
        guard let context else { return false }
        // What is not complete was not passed on, and its head not passed over.
        let keeps =
            mayKeep && keepsConnection && !request.isOldVersion
            && (request.isComplete || request.skip(loop.head))
        context.write(
            wrapOutboundOut(refusal.bytes(isToHead: answer.isToHead, closes: !keeps)), promise: nil)
        loop.flushLater(self)
        notes.refused(with: refusal, requestBytes: request.bodyBytes)
        guard keeps else {
            end(lingers: true)
            return false
        }
        phase = .head
        deadline = loop.now + limits.idleSeconds
        return true
    }

    // MARK: The end

    func flush() { context?.flush() }

    /// Ends the connection behind what was written; `lingers` when the sender may still be sending.
    private func end(lingers: Bool) {
        guard let context else { return }
        phase = .ending
        request = RequestReading()
        context.flush()
        lastUnsent = unsent
        ending = SenderEnding(lingers: lingers, isSent: lastUnsent == 0)
        deadline = loop.now + limits.streamSeconds
        if ending.isSent {
            allIsSent()
        } else {
            let sent = context.eventLoop.makePromise(of: Void.self)
            // Not at once: the channel is in the middle of writing then, and would not write a farewell.
            sent.futureResult.assumeIsolated().whenComplete { _ in
                self.loop.eventLoop.assumeIsolated().execute { self.allIsSent() }
            }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: sent)
        }
        readAgain()
    }

    private func allIsSent() {
        guard phase == .ending, let context else { return }
        guard ending.lingers, !hasInputEnded else { return close() }
        ending.isSent = true
        deadline = .now() + SenderEnding.lingerSeconds
        context.close(mode: .output, promise: nil)
    }

    /// Octets that the system has not taken.
    private var unsent: Int {
        (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Whether the sender is slow, but has taken something since the last look.
    private func isBeingRead() -> Bool {
        let unsent = unsent
        defer { lastUnsent = unsent }
        return unsent > 0 && unsent < lastUnsent
    }

    /// Ends in the middle of an answer, so that the sender can tell: what it has is not the whole.
    private func cut(_ reason: String) {
        guard let context, phase != .closed else { return }
        detach(isReset: true)
        noteCut(reason)
        flush()
        showCut(context)
        close()
    }

    /// Makes the end that follows one that no whole answer has.
    private func showCut(_ context: ChannelHandlerContext) {
        if isTLS {
            context.triggerUserOutboundEvent(TLSEvent.cut, promise: nil)
        } else if answer.endsConnection {
            // A plain end is how such an answer ends when it is whole.
            let provider = context.channel as? any SocketOptionProvider
            _ = provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
    }

    private func noteCut(_ reason: String) {
        notes.cut(
            reason, status: answer.hasBegun ? answer.status : nil, requestBytes: request.bodyBytes)
    }

    /// Ends without another word.
    private func close() {
        guard phase != .closed else { return }
        if upstream != nil { noteCut(RequestNotes.senderGone) }
        phase = .closed
        detach(isReset: true)
        context?.close(promise: nil)
    }

    /// The relay ends: closes the connection unless a request is under way.
    func drain() {
        if phase == .head, !request.isHeadUnderWay { end(lingers: false) }
    }

    /// The relay waits no longer.
    func abandon() {
        if upstream != nil { return cut(RequestNotes.relayEnded) }
        if phase == .ending, !ending.isSent, let context { showCut(context) }
        close()
    }

    func isLate() {
        switch phase {
        case .head where request.isHeadUnderWay: _ = refuseHead(.headTooSlow)
        case .head: end(lingers: true)
        case .body:
            detach(isReset: true)
            giveUp(.bodyTooSlow)
        case .answer where isBeingRead(), .upgraded where isBeingRead(),
            .ending where isBeingRead():
            deadline = loop.now + limits.streamSeconds
        case .answer, .upgraded:
            detach(isReset: true)
            giveUp(.answerTooSlow)
        case .ending:
            if !ending.isSent, let context { showCut(context) }
            close()
        case .closed: break
        }
        loop.flushAll()
    }

    private func gone() {
        guard context != nil else { return }
        close()
        loop.remove(self)
        context = nil
    }
}
