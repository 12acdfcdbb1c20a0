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
    var deadline: NIODeadline? { ending?.deadline ?? stepDeadline }

    private let isTLS: Bool
    private var sender: SenderChannel?
    private var phase = Phase.head
    private var ending: SenderEnding?
    /// When what the phase waits for is late.
    private var stepDeadline: NIODeadline?
    private var isReadHeld = false
    private var hasInputEnded = false

    private let routing: Routing
    private let passage: Passage
    private var request = RequestReading()
    private var answer = AnswerReading()
    private var isUpgrade = false
    private var notes: RequestNotes

    init(_ loop: RelayLoop, isTLS: Bool) {
        self.loop = loop
        self.isTLS = isTLS
        routing = Routing(loop.core, isTLS: isTLS)
        notes = RequestNotes(loop)
        passage = Passage(
            rate: loop.core.configuration.limits.bytesPerSecond, on: loop.eventLoop)
    }

    private var address: String { sender?.address ?? "" }

    private var limits: RelayConfiguration.Limits { loop.core.configuration.limits }

    /// Whether the connection takes another request behind this one.
    private var keepsConnection: Bool { request.keepsConnection && !loop.core.isDraining }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        sender = SenderChannel(context, isTLS: isTLS)
        loop.add(self)
        stepDeadline = .now() + limits.headSeconds
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
        case .ending: return ending?.throwAway(bytes.readableBytes) ?? ()
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

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        sender?.noteWritability()
        returnWindow()
        guard phase == .head, !isStalled else { return }
        // Not at once: this may be in the middle of an answer's last write.
        context.eventLoop.assumeIsolated().execute { self.goOn() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: inputEnded()
        case let event as TLSEvent where event == .closedByPeer: inputEnded()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private var mayRead: Bool {
        switch phase {
        case .head: !isStalled && !passage.isPaused
        case .answer: request.input.readableBytes < Self.maximumEarlyBytes && !passage.isPaused
        case .body, .upgraded: passage.hasRoom && !passage.isPaused
        case .ending: ending?.mayRead ?? true
        case .closed: true
        }
    }

    /// Whether no request is taken, as the sender has to read answers to earlier ones first: who sends on and
    /// on, and reads nothing, would fill memory with them.
    private var isStalled: Bool { !(sender?.isWritable ?? true) }

    /// Takes up again what is there, and what is not.
    private func goOn() {
        process()
        readAgain()
        loop.flushAll()
    }

    private func readAgain() {
        guard isReadHeld, mayRead else { return }
        isReadHeld = false
        sender?.read()
    }

    /// The sender says nothing more; it may still want the answer.
    private func inputEnded() {
        guard !hasInputEnded else { return }
        hasInputEnded = true
        switch phase {
        case .head, .body, .upgraded: wantsMore()
        case .ending: ending?.inputEnded()
        case .answer, .closed: break
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
        case .head where isStalled && request.hasInput: break
        case .head: end(lingers: false)
        case .body: cut(RequestNotes.senderGone)
        case .upgraded: passage.sendEnd()
        case .answer, .ending, .closed: break
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
                stepDeadline = loop.now + limits.streamSeconds
                return send(request.takeAll(), isEnd: false)
            case .answer, .ending, .closed: return
            }
        }
    }

    /// Reads a head and opens a way for its request; returns whether to go on.
    private func readHead() -> Bool {
        guard request.hasInput, !isStalled else { return false }
        let wasUnderWay = request.isHeadUnderWay
        do {
            guard try request.readHead(into: &loop.head, limit: limits.headBytes) else {
                if !wasUnderWay { stepDeadline = loop.now + limits.headSeconds }
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
        let decision = request.input.withUnsafeReadableBytes {
            routing.decide($0, from: address, on: loop)
        }
        notes.begin(loop.exchange(of: request, decision.route, from: address))
        switch decision {
        case .through(let line, let route): return pass(through: line, route)
        case .refused(let answer, _, let closes): return refuse(answer, mayKeep: !closes)
        }
    }

    private func pass(through line: TunnelHandler, _ route: Route) -> Bool {
        guard let upstream = Upstream(through: line, for: self) else {
            return refuse(line.isOpen ? .tooBusy : .agentAway)
        }
        loop.counts.openRequests += 1
        passage.open(upstream, of: route.tunnel)
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
        stepDeadline = loop.now + limits.requestSeconds
        do { return try request.nextPart(limit: limits.bodyBytes) } catch {
            detach(isReset: true)
            if answer.hasBegun { cut(error.reason) } else { _ = refuse(error, mayKeep: false) }
            return nil
        }
    }

    private func requestIsComplete() {
        phase = .answer
        stepDeadline = loop.now + limits.requestSeconds
    }

    private func send(_ bytes: ByteBuffer, isEnd: Bool) {
        postpone(passage.send(bytes, isEnd: isEnd) { self.readAgain() })
    }

    /// Waits longer for the other side, as it has to wait for us.
    private func postpone(_ pause: TimeAmount?) {
        if let pause, let stepDeadline { self.stepDeadline = stepDeadline + pause }
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
        guard passage.isOpen else { return }
        detach(isReset: false)
        giveUp(isLost ? .agentLost : .agentReset)
    }

    /// There is no way through the tunnel, or too many are in use.
    func upstreamIsRefused(isBusy: Bool) {
        guard passage.isOpen else { return }
        detach(isReset: false)
        giveUp(isBusy ? .tooBusy : .agentLost)
    }

    /// Takes octets of the answer.
    func received(_ bytes: ByteBuffer, isEnd: Bool) {
        guard passage.isOpen, let sender else { return }
        stepDeadline = loop.now + limits.streamSeconds
        sender.noteMore()
        let count = bytes.readableBytes
        loop.counts.octetsOut += count
        do {
            let closes = !keepsConnection || !request.isComplete
            let progress = try answer.take(
                bytes, isEnd: isEnd,
                sender: AnswerReading.Sender(
                    isOldVersion: request.isOldVersion, closes: closes, wantsUpgrade: isUpgrade),
                loop: loop
            ) { sender.write($0) }
            loop.flushLater(self)
            postpone(passage.received(count) { self.returnWindow() })
            returnWindow()
            if isUpgrade, answer.status >= 200 {
                // The handler stays with HTTP: the stream was only kept open for the other protocol.
                isUpgrade = false
                passage.sendEnd()
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
    private func returnWindow() {
        if let sender, sender.isWritable { passage.returnWindow() }
    }

    private func finish() {
        notes.answered(status: answer.status, requestBytes: request.bodyBytes)
        let wasUpgraded = phase == .upgraded
        let isWhole = request.isComplete && !wasUpgraded
        let closes = !keepsConnection || !isWhole || answer.endsConnection
        detach(isReset: !isWhole)
        if closes { return end(lingers: !request.isComplete || request.hasInput || wasUpgraded) }
        phase = .head
        stepDeadline = loop.now + limits.idleSeconds
        process()
        readAgain()
    }

    /// Lets go of the way through the tunnel.
    private func detach(isReset: Bool) {
        if passage.close(isReset: isReset) { loop.counts.openRequests -= 1 }
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
        notes.begin(AccessLog.Exchange(address: address, begun: .now()))
        return refuse(refusal, mayKeep: false)
    }

    /// Answers in place of a handler; keeps the connection when the whole request is there and `mayKeep`.
    ///
    /// - Returns: Whether the connection takes another request.
    private func refuse(_ refusal: OwnAnswer, mayKeep: Bool = true) -> Bool {
        guard let sender else { return false }
        // What is not complete was not passed on, and its head not passed over.
        let keeps =
            mayKeep && keepsConnection && !request.isOldVersion
            && (request.isComplete || request.skip(loop.head))
        sender.write(refusal.bytes(isToHead: answer.isToHead, closes: !keeps))
        loop.flushLater(self)
        notes.refused(with: refusal, requestBytes: request.bodyBytes)
        guard keeps else {
            end(lingers: true)
            return false
        }
        phase = .head
        stepDeadline = loop.now + limits.idleSeconds
        return true
    }

    // MARK: The end

    func flush() { sender?.flush() }

    /// Ends the connection behind what was written; `lingers` when the sender may still be sending.
    private func end(lingers: Bool) {
        guard let sender else { return }
        phase = .ending
        request = RequestReading()
        let ending = SenderEnding(
            of: sender, lingers: lingers && !hasInputEnded, patience: limits.streamSeconds,
            endsConnection: answer.endsConnection)
        self.ending = ending
        ending.begin()
        readAgain()
    }

    /// Ends in the middle of an answer, so that the sender can tell: what it has is not the whole.
    private func cut(_ reason: String) {
        guard phase != .closed else { return }
        detach(isReset: true)
        noteCut(reason)
        sender?.showCut(endsConnection: answer.endsConnection)
        close()
    }

    private func noteCut(_ reason: String) {
        notes.cut(
            reason, status: answer.hasBegun ? answer.status : nil, requestBytes: request.bodyBytes)
    }

    /// Ends without another word.
    private func close() {
        guard phase != .closed else { return }
        if passage.isOpen { noteCut(RequestNotes.senderGone) }
        phase = .closed
        detach(isReset: true)
        sender?.close()
    }

    /// The relay ends: closes the connection unless a request is under way.
    func drain() {
        if phase == .head, !request.isHeadUnderWay { end(lingers: false) }
    }

    /// The relay waits no longer.
    func abandon() {
        if passage.isOpen { return cut(RequestNotes.relayEnded) }
        if let ending { ending.cut() } else { close() }
    }

    func isLate() {
        switch phase {
        case .head where passage.isPaused: stepDeadline = loop.now + limits.headSeconds
        case .head where isStalled && isBeingRead(): stepDeadline = loop.now + limits.idleSeconds
        case .head where request.isHeadUnderWay: _ = refuseHead(.headTooSlow)
        case .head: end(lingers: true)
        case .body:
            detach(isReset: true)
            giveUp(.bodyTooSlow)
        case .answer where isBeingRead(), .upgraded where isBeingRead():
            stepDeadline = loop.now + limits.streamSeconds
        case .answer, .upgraded:
            detach(isReset: true)
            giveUp(.answerTooSlow)
        case .ending: ending?.isLate()
        case .closed: break
        }
        loop.flushAll()
    }

    private func isBeingRead() -> Bool { sender?.isBeingRead() ?? false }

    private func gone() {
        guard sender != nil else { return }
        close()
        loop.remove(self)
        (sender, ending) = (nil, nil)
    }
}
