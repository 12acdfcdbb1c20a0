package import NIOCore
package import OpenSSL

/// Puts TLS between a channel and its bytes: ciphertext towards the network, plain bytes towards the pipeline.
///
/// The handshake starts when the channel is active. Writes before its end wait, at most
/// ``maximumWaitingBytes`` of them. A failed handshake is an error in the pipeline, an ``OpenSSLError``,
/// and the channel closes. A peer's close_notify fires ``TLSEvent/closedByPeer``; a connection that ends
/// without it fires ``TLSEvent/cut`` before `channelInactive`.
package final class TLSHandler: ChannelDuplexHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Octets that may wait for the end of the handshake.
    package static let maximumWaitingBytes = 16 << 20
    /// Octets of a buffer that is kept for the next read or write.
    private static let maximumKeptBytes = 64 << 10
    /// Octets of a buffer that is kept whatever comes next.
    private static let minimumKeptBytes = 4 << 10

    private enum State { case idle, handshaking, open, closed }

    private var session: TLSSession
    private var state = State.idle
    private var waiting: [(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)] = []
    private var waitingBytes = 0
    private var wantsFlush = false
    private var isClosedByPeer = false
    private var saysFarewell = true
    /// Why the connection ends, until the handlers behind this one know.
    private var untoldFailure: OpenSSLError?
    private var unaskedBytes = 0
    /// Octets of OpenSSL's own words over the life of a connection; a key update's answer has about thirty.
    private static let maximumUnaskedBytes = 64 << 10
    /// Buffers for plain bytes and for encrypted ones; used again while nobody else keeps them.
    private var plain = ByteBuffer()
    private var encrypted = ByteBuffer()

    /// A handler for a connection that we dial; `serverName` is sent, and it or `orName` must be in the
    /// certificate.
    package init(client context: TLSContext, serverName: String, orName: String? = nil) throws {
        session = try TLSSession(client: context, serverName: serverName, orName: orName)
    }

    /// A handler for a connection that we accepted.
    package init(server context: TLSContext) throws {
        session = try TLSSession(server: context)
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        failWaiting(ChannelError.ioOnClosedChannel)
    }

    package func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .closed else { return }
        let bytes = unwrapInboundIn(data)
        bytes.withUnsafeReadableBytes { input in
            session.beginInput(input)
            if state == .handshaking { shakeHands(context) }
            if state == .open { readAll(context, inputCount: input.count) }
            session.endInput()
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Where half of a connection may end by itself: nothing comes of the other half.
        if event as? ChannelEvent == .inputClosed, state == .handshaking {
            return fail(Self.endInHandshake, context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private static let endInHandshake = OpenSSLError(
        code: .handshake, message: "the connection ended in the handshake")

    package func channelInactive(context: ChannelHandlerContext) {
        tellFailure(context)
        if state == .handshaking {
            context.fireErrorCaught(Self.endInHandshake)
        } else if state == .open, !isClosedByPeer {
            context.fireUserInboundEventTriggered(TLSEvent.cut)
        }
        state = .closed
        failWaiting(ChannelError.ioOnClosedChannel)
        context.fireChannelInactive()
    }

    package func write(
        context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?
    ) {
        let bytes = unwrapOutboundIn(data)
        switch state {
        case .open: encrypt(bytes, context, promise)
        case .closed: promise?.fail(ChannelError.ioOnClosedChannel)
        case .idle, .handshaking:
            waitingBytes += bytes.readableBytes
            guard waitingBytes <= Self.maximumWaitingBytes else {
                return failToWrite(
                    OpenSSLError(code: .handshake, message: "too much waits for the handshake"),
                    context, promise)
            }
            waiting.append((bytes, promise))
        }
    }

    package func flush(context: ChannelHandlerContext) {
        if state == .open { context.flush() } else { wantsFlush = true }
    }

    /// Takes ``TLSEvent/cut``: the connection then ends without close_notify, as one that was cut.
    package func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard event as? TLSEvent == .cut else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        saysFarewell = false
        promise?.succeed()
    }

    package func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        if state == .open, mode != .input, saysFarewell {
            session.close()
            sendOutput(context)
            context.flush()
        }
        if mode == .all { state = .closed }
        context.close(mode: mode, promise: promise)
    }

    private func start(_ context: ChannelHandlerContext) {
        guard state == .idle else { return }
        state = .handshaking
        shakeHands(context)
    }

    private func shakeHands(_ context: ChannelHandlerContext) {
        do {
            let result = try session.handshake()
            sendOutput(context)
            context.flush()
            guard result == .done else { return }
            state = .open
            context.fireUserInboundEventTriggered(
                TLSEvent.established(
                    TLSEvent.Agreement(
                        version: session.version,
                        applicationProtocol: session.applicationProtocol,
                        serverName: session.requestedName, isResumed: session.isResumed)))
            sendWaiting(context)
        } catch {
            fail(error, context)
        }
    }

    private func sendWaiting(_ context: ChannelHandlerContext) {
        for (bytes, promise) in waiting { encrypt(bytes, context, promise) }
        waiting = []
        waitingBytes = 0
        if wantsFlush { context.flush() }
        wantsFlush = false
    }

    private func encrypt(
        _ bytes: ByteBuffer, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?
    ) {
        guard bytes.readableBytes > 0 else {
            // Nothing to encrypt, but whoever waits for it waits for what was written before, too.
            return context.write(wrapOutboundOut(bytes), promise: promise)
        }
        do {
            sendOutput(context)
            let room = TLSSession.encryptedCount(bytes.readableBytes)
            encrypted.clear(minimumCapacity: room)
            _ = try bytes.withUnsafeReadableBytes { bytes throws(OpenSSLError) in
                try encrypted.writeWithUnsafeMutableBytes(minimumWritableBytes: room) {
                    room throws(OpenSSLError) in try session.write(bytes, into: room)
                }
            }
            context.write(wrapOutboundOut(encrypted), promise: promise)
            sendOutput(context)  // of records that are smaller than usual there are more
            if encrypted.capacity > Self.maximumKeptBytes { encrypted = ByteBuffer() }
        } catch {
            failToWrite(error, context, promise)
        }
    }

    /// Ends the connection, as it would miss something; soon, as whoever writes is in the middle of something
    /// and does not expect to be told of an end.
    private func failToWrite(
        _ error: OpenSSLError, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?
    ) {
        promise?.fail(error)
        state = .closed
        untoldFailure = error
        context.eventLoop.assumeIsolated().execute { self.tellFailure(context) }
    }

    private func tellFailure(_ context: ChannelHandlerContext) {
        guard let error = untoldFailure else { return }
        untoldFailure = nil
        fail(error, context)
    }

    /// Passes on what the input holds, in one buffer where that fits.
    private func readAll(_ context: ChannelHandlerContext, inputCount: Int) {
        do {
            makeRoom(inputCount, context)
            var result = TLSSession.Read.bytes(0)
            while case .bytes = result {
                if plain.writableBytes == 0 {
                    // What an earlier record's beginning adds; a larger buffer would be twice as large.
                    context.fireChannelRead(wrapInboundOut(plain))
                    guard state == .open else { return }
                    makeRoom(Self.minimumKeptBytes, context)
                }
                try plain.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) {
                    room throws(OpenSSLError) in
                    result = try session.read(into: room)
                    return if case .bytes(let count) = result { count } else { 0 }
                }
            }
            try sendUnasked(context)
            if plain.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plain)) }
            if plain.capacity > Self.maximumKeptBytes { plain = ByteBuffer() }
            if result == .closed, !isClosedByPeer {
                isClosedByPeer = true
                context.fireUserInboundEventTriggered(TLSEvent.closedByPeer)
            }
        } catch {
            if plain.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plain)) }
            fail(error, context)
        }
    }

    /// An empty buffer for so many plain octets.
    ///
    /// Who keeps a piece of a buffer keeps the whole: it must not be much larger than what is in it.
    private func makeRoom(_ count: Int, _ context: ChannelHandlerContext) {
        if plain.capacity > max(2 * count, Self.minimumKeptBytes) {
            plain = context.channel.allocator.buffer(capacity: count)
        } else {
            plain.clear(minimumCapacity: count)
        }
    }

    /// Sends what OpenSSL says by itself to what it has read, such as to a wish for a new handshake, which is
    /// refused each time: a peer that wishes on and on, and reads nothing, would fill memory with that.
    private func sendUnasked(_ context: ChannelHandlerContext) throws(OpenSSLError) {
        guard let bytes = output(context) else { return }
        unaskedBytes += bytes.readableBytes
        guard unaskedBytes <= Self.maximumUnaskedBytes else {
            throw OpenSSLError(
                code: .protocolViolation, message: "too many handshakes are wished for")
        }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    private func output(_ context: ChannelHandlerContext) -> ByteBuffer? {
        session.takeOutput { output in
            output.isEmpty ? nil : context.channel.allocator.buffer(bytes: output)
        }
    }

    private func sendOutput(_ context: ChannelHandlerContext) {
        if let bytes = output(context) { context.write(wrapOutboundOut(bytes), promise: nil) }
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        state = .closed
        sendOutput(context)  // the alert, so that the peer knows why
        context.flush()
        failWaiting(error)
        context.fireErrorCaught(error)
        context.close(promise: nil)
    }

    private func failWaiting(_ error: any Error) {
        let failed = waiting
        waiting = []
        waitingBytes = 0
        for (_, promise) in failed { promise?.fail(error) }
    }
}

/// What the TLS handler tells the handlers behind it.
package enum TLSEvent: Equatable, Sendable {
    /// The handshake is done.
    case established(Agreement)
    /// The peer has said that it sends no more.
    case closedByPeer
    /// The connection ended, and the peer did not say so: what was read may lack its end.
    case cut

    /// What both sides agreed on in the handshake.
    package struct Agreement: Equatable, Sendable {
        /// Such as `TLSv1.3`.
        package var version: String
        /// Chosen by ALPN (RFC 7301).
        package var applicationProtocol: String?
        /// What the client asked for (SNI, RFC 6066).
        package var serverName: String?
        /// Whether it goes on from an earlier session.
        package var isResumed: Bool

        package init(
            version: String, applicationProtocol: String? = nil, serverName: String? = nil,
            isResumed: Bool
        ) {
            self.version = version
            self.applicationProtocol = applicationProtocol
            self.serverName = serverName
            self.isResumed = isResumed
        }
    }
}
