import Callbacks
import Delivery
import HTTPTransport
import Journal
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

/// A handler that answers as a script says, and remembers what it got.
final class Handler: Sendable {
    private let bodies = Mutex<[String]>([])
    private let answer: @Sendable (Int) -> String

    /// The bodies, in the order of arrival.
    var received: [String] { bodies.withLock { $0 } }

    /// `answer`: The answer's status and text, for the number of a request, from 1.
    private init(_ answer: @escaping @Sendable (Int) -> String) { self.answer = answer }

    static let acknowledgement = "200 OK|\(Acknowledgement.text)"

    /// Lends a handler and its address.
    static func with(
        _ answer: @escaping @Sendable (Int) -> String = { _ in Handler.acknowledgement },
        _ body: (Handler, String) async throws -> Void
    ) async throws {
        let handler = Handler(answer)
        let server = try await ServerBootstrap(group: loops)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Connection(handler))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = server.localAddress?.port ?? 0
        do { try await body(handler, "http://127.0.0.1:\(port)/callbacks") } catch {
            try await server.close()
            throw error
        }
        try await server.close()
    }

    fileprivate func answer(to body: String) -> (status: HTTPResponseStatus, text: String) {
        let number = bodies.withLock { bodies in
            bodies.append(body)
            return bodies.count
        }
        let parts = answer(number).split(separator: "|", maxSplits: 1).map(String.init)
        let status = HTTPResponseStatus(statusCode: Int(parts[0].prefix(3)) ?? 500)
        return (status, parts.count > 1 ? parts[1] : "")
    }
}

private final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private let handler: Handler
    private var body = ""

    init(_ handler: Handler) { self.handler = handler }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: body = ""
        case .body(let buffer): body += String(buffer: buffer)
        case .end:
            let (status, text) = handler.answer(to: body)
            let headers = HTTPHeaders([("Content-Length", "\(text.utf8.count)")])
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
