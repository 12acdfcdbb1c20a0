package import Callbacks
import HTTPTypes
import HummingbirdCore
import Logging
package import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOOpenSSL
package import OpenSSL
import ServiceLifecycle
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A request that came to our server, complete.
package struct ServerRequest: Sendable {
    package var method: String
    /// Path and query as they came.
    package var target: String
    package var headers: [HeaderField]
    package var body: [UInt8]
}

/// What our server answers.
package struct ServerResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Pieces as they come, each sent at once.
        case stream(AsyncStream<[UInt8]>)
        /// No answer: the connection is closed.
        case reset
    }

    package var status: Int
    package var headers: [HeaderField]
    package var body: Body

    package init(status: Int, headers: [HeaderField] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// An HTTP/1.1 server: Hummingbird over our own TLS, with limits.
package struct HTTPServer: Sendable {
    package struct Configuration: Sendable {
        package var host: String
        /// 0 takes a free one.
        package var port: Int
        /// `nil` for a server without TLS.
        package var tls: TLSContext?
        /// Octets of a request's body.
        package var maximumBodyBytes: Int
        /// Seconds after which a connection without a request is closed.
        package var idleSeconds = 120
        /// Octets of a request's head.
        package var maximumHeadBytes = 64 << 10

        package init(host: String, port: Int, tls: TLSContext? = nil, maximumBodyBytes: Int) {
            self.host = host
            self.port = port
            self.tls = tls
            self.maximumBodyBytes = maximumBodyBytes
        }
    }

    /// Answers requests; `nil` in the place of a request means that its body was over the limit.
    package typealias Handler =
        @Sendable (ServerRequest, _ isTooLarge: Bool) async -> ServerResponse

    /// Seconds that the rest of a body which is too large is read and passed over: a connection that is
    /// cut at once takes the answer with it.
    private static let lingerSeconds: Int64 = 2
    /// How long an answer may still take when the server is told to end.
    private static let patience = Duration.seconds(3)

    private let configuration: Configuration
    private let group: any EventLoopGroup
    private let malformed: ServerResponse
    private let handler: Handler

    /// A server on the loops of `group`.
    ///
    /// - Parameters:
    ///   - configuration: Where it listens, and its limits.
    ///   - group: Shut down by the caller.
    ///   - malformed: Answers what is no HTTP.
    ///   - handler: Answers everything else.
    package init(
        _ configuration: Configuration, group: any EventLoopGroup, malformed: ServerResponse,
        handler: @escaping Handler
    ) {
        self.configuration = configuration
        self.group = group
        self.malformed = malformed
        self.handler = handler
    }

    /// Serves until the task is cancelled; what is under way then may still end.
    ///
    /// - Parameters:
    ///   - ready: Called with the port once connections are taken.
    ///   - closing: Called when the end begins; ends what would go on for ever.
    /// - Throws: ``ServerError`` when the address cannot be had.
    package func run(
        ready: @escaping @Sendable (Int) -> Void, closing: @escaping @Sendable () -> Void
    ) async throws {
        var logger = Logger(label: "countersign.server") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: configuration.maximumHeadBytes,
            maxHeaderListSize: configuration.maximumHeadBytes)
        let malformed = malformed
        let channel = HTTP1Channel(
            responder: { request, writer, channel in
                try await respond(to: request, writer, on: channel)
            },
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [MalformedAnswer(malformed)],
                idleTimeout: .seconds(Int64(configuration.idleSeconds)),
                httpDecoderConfiguration: decoder))
        let server = Server(
            childChannelSetup: SecuredChannel(http: channel, tls: configuration.tls),
            configuration: ServerConfiguration(
                address: .hostname(configuration.host, port: configuration.port), backlog: 1024),
            onServerRunning: { channel in ready(channel.localAddress?.port ?? 0) },
            eventLoopGroup: group, logger: logger)
        // A task of its own: a cancellation that reached the server would drop connections that it
        // has accepted and not begun to read, which the library answers by ending the program.
        let running = Task { try await server.run() }
        do {
            try await withTaskCancellationHandler {
                try await running.value
            } onCancel: {
                closing()
                Task {
                    let patience = Task {
                        try await Task.sleep(for: Self.patience)
                        running.cancel()
                    }
                    try? await server.shutdownGracefully()
                    patience.cancel()
                }
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw ServerError(error, host: configuration.host, port: configuration.port)
        }
    }

    @concurrent private func respond(
        to request: Request, _ writer: consuming ResponseWriter, on channel: any Channel
    ) async throws {
        let (read, isTooLarge) = try await read(request)
        let response = await handler(read, isTooLarge)
        var head = HTTPResponse(status: .init(code: response.status))
        for field in response.headers {
            guard let name = HTTPField.Name(field.name) else { continue }
            head.headerFields.append(HTTPField(name: name, value: field.value))
        }
        if isTooLarge { head.headerFields[.connection] = "close" }
        switch response.body {
        case .reset: try await channel.close().get()
        case .bytes(let bytes):
            head.headerFields[.contentLength] = String(bytes.count)
            let hasBody = !bytes.isEmpty && read.method != "HEAD"
            try await writer.write(
                response: head,
                body: hasBody ? ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)) : ResponseBody())
        case .stream where read.method == "HEAD":
            head.headerFields[.contentLength] = "0"  // else an end of chunks would follow
            try await writer.write(response: head, body: ResponseBody())
        case .stream(let pieces):
            var body = try await writer.writeHead(head)
            for await piece in pieces { try await body.write(ByteBuffer(bytes: piece)) }
            try await body.finish(nil)
        }
        if isTooLarge {
            channel.eventLoop.scheduleTask(in: .seconds(Self.lingerSeconds)) {
                channel.close(promise: nil)
            }
        }
    }

    private func read(_ request: Request) async throws -> (ServerRequest, isTooLarge: Bool) {
        var read = ServerRequest(
            method: request.method.rawValue, target: request.head.path ?? "", headers: [],
            body: [])
        read.headers.reserveCapacity(request.headers.count + 1)
        if let host = request.head.authority { read.headers.append(HeaderField("Host", host)) }
        for field in request.headers {
            read.headers.append(HeaderField(field.name.rawName, field.value))
        }
        for try await piece in request.body {
            guard read.body.count + piece.readableBytes <= configuration.maximumBodyBytes else {
                read.body = []
                return (read, true)
            }
            read.body.append(contentsOf: piece.readableBytesView)
        }
        return (read, false)
    }
}

/// Why a server does not run.
package struct ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// Another program listens there.
        case addressInUse
        /// The system's words.
        case other(String)
    }

    package let reason: Reason
    /// Such as `127.0.0.1:7446`.
    package let address: String

    package init(_ error: any Error, host: String, port: Int) {
        address = "\(host):\(port)"
        reason =
            switch error {
            case let error as IOError where error.errnoCode == EADDRINUSE: .addressInUse
            case let error as IOError: .other(String(cString: strerror(error.errnoCode)))
            case is SocketAddressError, is SocketAddressError.UnknownHost:
                .other("there is no such address")
            default: .other("\(error)")
            }
    }

    /// One line: where, and why.
    package var description: String {
        switch reason {
        case .addressInUse: "\(address): another program listens there"
        case .other(let words): "\(address): \(words)"
        }
    }
}

/// HTTP/1.1 behind TLS where there is a context.
private struct SecuredChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let http: HTTP1Channel
    let tls: TLSContext?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        do {
            if let tls {
                try channel.pipeline.syncOperations.addHandler(TLSHandler(server: tls))
            }
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return http.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(OldVersionEnd(), position: .before(codec))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        // A connection's work stays on its own loop: no request waits for a change of threads.
        let executor = EventLoopExecutor(value.channel.eventLoop)
        await withTaskExecutorPreference(executor) {
            await http.handle(value: value, logger: logger)
        }
    }
}

/// Ends the connection behind a request of HTTP/1.0, whose clients wait for that (RFC 9112, 9.3).
private final class OldVersionEnd: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data),
            (head.version.major, head.version.minor) < (1, 1)
        else {
            context.fireChannelRead(data)
            return
        }
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}

/// Gives the bare answer to what is no HTTP the form of all other errors.
private final class MalformedAnswer: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let answer: ServerResponse

    init(_ answer: ServerResponse) { self.answer = answer }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        // Ours always say what they carry; Hummingbird's own say only that the connection ends.
        case .head(var head)
        where head.status == .badRequest && head.headerFields[.connection] == "close"
            && head.headerFields[.contentLength] == "0":
            guard case .bytes(let bytes) = answer.body else { break }
            for field in answer.headers {
                if let name = HTTPField.Name(field.name) { head.headerFields[name] = field.value }
            }
            head.headerFields[.contentLength] = String(bytes.count)
            context.write(wrapOutboundOut(.head(head)), promise: promise)
            context.write(wrapOutboundOut(.body(ByteBuffer(bytes: bytes))), promise: nil)
            return
        default: break
        }
        context.write(data, promise: promise)
    }
}
