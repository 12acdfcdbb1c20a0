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
    /// Octets asked of OpenSSL at once: one TLS record (RFC 8446, section 5.1).
    private static let recordBytes = 16_384

    private enum State { case idle, handshaking, open, closed }

    private var session: TLSSession
    private var state = State.idle
    private var waiting: [(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)] = []
    private var waitingBytes = 0
    private var wantsFlush = false
    private var isClosedByPeer = false

    /// A handler for a connection that we dial; `serverName` is sent and checked.
    package init(client context: TLSContext, serverName: String) throws {
        session = try TLSSession(client: context, serverName: serverName)
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
        unwrapInboundIn(data).withUnsafeReadableBytes { session.receive($0) }
        if state == .handshaking { shakeHands(context) }
        if state == .open { readAll(context) }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        if state == .handshaking {
            context.fireErrorCaught(
                OpenSSLError(code: .handshake, message: "the connection ended in the handshake"))
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
                promise?.fail(
                    OpenSSLError(code: .handshake, message: "too much waits for the handshake"))
                return
            }
            waiting.append((bytes, promise))
        }
    }

    package func flush(context: ChannelHandlerContext) {
        if state == .open { context.flush() } else { wantsFlush = true }
    }

    package func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        if state == .open, mode != .input {
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
            context.fireUserInboundEventTriggered(TLSEvent.established(version: session.version))
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
        do {
            _ = try bytes.withUnsafeReadableBytes { bytes throws(OpenSSLError) in
                try session.write(bytes)
            }
            sendOutput(context, promise: promise)
        } catch {
            promise?.fail(error)
            fail(error, context)
        }
    }

    private func readAll(_ context: ChannelHandlerContext) {
        do {
            while state == .open {
                var buffer = context.channel.allocator.buffer(capacity: Self.recordBytes)
                var result = TLSSession.Read.needsInput
                _ = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.recordBytes) {
                    result = try session.read(into: $0)
                    return if case .bytes(let count) = result { count } else { 0 }
                }
                switch result {
                case .bytes: context.fireChannelRead(wrapInboundOut(buffer))
                case .needsInput:
                    sendOutput(context)  // an answer to a key update, perhaps
                    return
                case .closed:
                    isClosedByPeer = true
                    context.fireUserInboundEventTriggered(TLSEvent.closedByPeer)
                    return
                }
            }
        } catch {
            fail(error, context)
        }
    }

    private func sendOutput(
        _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>? = nil
    ) {
        let bytes = session.takeOutput { output in
            var buffer = context.channel.allocator.buffer(capacity: output.count)
            buffer.writeBytes(output)
            return buffer
        }
        guard bytes.readableBytes > 0 else {
            promise?.succeed()
            return
        }
        context.write(wrapOutboundOut(bytes), promise: promise)
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
    /// The handshake is done, with that version, such as `TLSv1.3`.
    case established(version: String)
    /// The peer has said that it sends no more.
    case closedByPeer
    /// The connection ended, and the peer did not say so: what was read may lack its end.
    case cut
}
