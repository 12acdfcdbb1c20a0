import Callbacks
import NIOCore
import NIOHTTP1
import NIOOpenSSL
import OpenSSL

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// One connection: carries exchanges one after another.
///
/// Confined to its event loop.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    let channel: any Channel
    private(set) var isOpen = true
    private(set) var exchangeCount = 0
    /// Whether bytes can pass: at once without TLS, behind its handshake with it.
    private var isReady = false
    private var current: PendingExchange?
    private var waitingBody: ByteBuffer?
    /// Called when an exchange is over: the connection, the exchange, and whether another may follow.
    private let released: (HTTPConnection, PendingExchange, Bool) -> Void
    /// Called when a kept connection ended before an octet of the answer came.
    private let wentStale: (PendingExchange) -> Void

    init(
        channel: any Channel, released: @escaping (HTTPConnection, PendingExchange, Bool) -> Void,
        wentStale: @escaping (PendingExchange) -> Void
    ) {
        self.channel = channel
        self.released = released
        self.wentStale = wentStale
    }

    /// Puts the handlers of this connection into the channel's pipeline.
    func install(tls: TLSHandler?) throws {
        let tap = WireTap()
        tap.received = { [unowned self] bytes in
            if self.current?.receive(bytes) ?? true { return true }
            self.release(keep: false)  // the exchange is over, and what follows is not wanted
            return false
        }
        isReady = tls == nil
        let decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward)
        if let tls { try channel.pipeline.syncOperations.addHandler(tls) }
        try channel.pipeline.syncOperations.addHandlers([
            tap, ByteToMessageHandler(decoder), self,
        ])
    }

    func start(_ exchange: PendingExchange) {
        if isReady { exchange.markConnected(reused: exchangeCount > 0) }
        exchangeCount += 1
        current = exchange
        let method = HTTPMethod(rawValue: exchange.request.method)
        // Only the method counts here: it tells the decoder how the answer ends.
        let marker = HTTPRequestHead(version: .http1_1, method: method, uri: "/")
        channel.write(HTTPClientRequestPart.head(marker), promise: nil)
        switch exchange.options.manner {
        case .ordinary: write(exchange.request.head, exchange.request.body[...])
        case .abandon(let count): abandon(exchange, afterBodyBytes: count)
        case .expectContinue: writeExpecting(exchange)
        }
    }

    /// Ends the exchange at hand: its connection is of no use any more.
    func fail(_ exchange: PendingExchange, _ failure: TransportFailure) {
        guard current === exchange else { return }
        end(.failure(failure), keep: false)
    }

    func close() {
        isOpen = false
        channel.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let current else { return close() }  // bytes that nobody asked for
        switch unwrapInboundIn(data) {
        case .head(let head):
            if !current.take(head) { return writeWaitingBody() }
        case .body(let bytes): current.takeBody(bytes)
        case .end:
            // An answer before our body was out leaves the connection in the middle of a request.
            let keep = waitingBody == nil
            current.finishWithAnswer()
            release(keep: keep)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .established? = event as? TLSEvent {
            isReady = true
            current?.markConnected(reused: false)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOpen = false
        guard let exchange = current else { return }
        if exchange.isUnanswered, exchange.connectionWasReused, !exchange.hasReplacedConnection,
            exchange.options.replacesStaleConnection
        {
            current = nil
            exchange.hasReplacedConnection = true
            wentStale(exchange)
        } else {
            let place = exchange.isUnanswered ? "before" : "in the middle of"
            end(.failure(.reset("the connection ended \(place) the answer")), keep: false)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        isOpen = false
        if case .reset = TransportFailure(error), let current, current.isUnanswered {
            // What follows is channelInactive, which knows whether to try another connection.
            context.close(promise: nil)
            return
        }
        end(.failure(TransportFailure(error)), keep: false)
        context.close(promise: nil)
    }

    private func write(_ head: [UInt8], _ body: ArraySlice<UInt8>) {
        var bytes = channel.allocator.buffer(capacity: head.count + body.count)
        bytes.writeBytes(head)
        bytes.writeBytes(body)
        channel.write(HTTPClientRequestPart.body(.byteBuffer(bytes)), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    private func writeExpecting(_ exchange: PendingExchange) {
        waitingBody = ByteBuffer(bytes: exchange.request.body)
        write(exchange.request.head, [])
        channel.eventLoop.assumeIsolated().scheduleTask(in: .init(SendOptions.continueTimeout)) {
            [weak self, weak exchange] in
            if let self, let exchange, self.current === exchange { self.writeWaitingBody() }
        }
    }

    private func writeWaitingBody() {
        guard let body = waitingBody else { return }
        waitingBody = nil
        channel.writeAndFlush(HTTPClientRequestPart.body(.byteBuffer(body)), promise: nil)
    }

    private func abandon(_ exchange: PendingExchange, afterBodyBytes count: Int) {
        var bytes = ByteBuffer(bytes: exchange.request.head)
        bytes.writeBytes(exchange.request.body.prefix(count))
        let written = channel.eventLoop.makePromise(of: Void.self)
        channel.writeAndFlush(HTTPClientRequestPart.body(.byteBuffer(bytes)), promise: written)
        written.futureResult.assumeIsolated().whenComplete { _ in
            self.fail(exchange, .abandoned)
        }
    }

    private func end(_ result: Result<HTTPAnswer, TransportFailure>, keep: Bool) {
        guard let exchange = current else { return }
        exchange.finish(result)
        release(keep: keep)
    }

    private func release(keep: Bool) {
        guard let exchange = current else { return }
        current = nil
        waitingBody = nil
        released(self, exchange, keep && isOpen)
    }
}

extension TransportFailure {
    /// What an error in the pipeline or of a connection attempt means.
    init(_ error: any Error) {
        switch error {
        case let error as OpenSSLError: self = .tls(error)
        case HTTPParserError.invalidEOFState:
            self = .reset("the connection ended in the middle of the answer")
        case let error as HTTPParserError: self = .notHTTP("\(error)")
        case let error as NIOHTTPDecoderError: self = .notHTTP("\(error)")
        case let error as IOError where error.errnoCode == ECONNREFUSED: self = .refused
        case let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode):
            self = .reset("the connection was reset")
        case let error as IOError: self = .unreachable(error.description)
        case ChannelError.connectTimeout: self = .timeout("connecting")
        default: self = .reset("\(error)")
        }
    }
}
