import Foundation
import NIOCore
import NIOEmbedded
import NIOOpenSSL
import OpenSSL

/// Keeps what a TLS handler tells the handlers behind it.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    enum Event: Equatable {
        case active
        case tls(TLSEvent)
        case error(OpenSSLError.Code)
        case inactive
    }

    private(set) var bytes: [UInt8] = []
    private(set) var events: [Event] = []
    /// OpenSSL's words of the last error.
    private(set) var message = ""

    func channelActive(context: ChannelHandlerContext) { events.append(.active) }
    func channelInactive(context: ChannelHandlerContext) { events.append(.inactive) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytesView
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? TLSEvent { events.append(.tls(event)) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? OpenSSLError else { return context.fireErrorCaught(error) }
        events.append(.error(error.code))
        message = error.message
    }
}

/// One end of a connection in memory.
struct Peer {
    let channel: EmbeddedChannel
    let recorder = Recorder()

    init(_ handler: TLSHandler) throws {
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([handler, recorder])
    }

    func activate() throws {
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    }

    /// Writes and flushes; the result is known when the bytes are out.
    func write(_ bytes: [UInt8]) -> EventLoopFuture<Void> {
        channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func takeOutput() throws -> ByteBuffer {
        var all = ByteBuffer()
        while var buffer = try channel.readOutbound(as: ByteBuffer.self) {
            all.writeBuffer(&buffer)
        }
        return all
    }
}

/// A client and a server, joined in memory.
struct Peers {
    let client: Peer
    let server: Peer

    init(
        client: TLSContext, server: TLSContext, serverName: String = "localhost"
    ) throws {
        self.client = try Peer(TLSHandler(client: client, serverName: serverName))
        self.server = try Peer(TLSHandler(server: server))
    }

    /// Makes both active and passes bytes until both are quiet.
    func connect() throws {
        try server.activate()
        try client.activate()
        try pass()
    }

    /// Passes bytes both ways, at most `chunk` at once, until both are quiet.
    func pass(chunk: Int = .max) throws {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for (from, to) in [(client, server), (server, client)] {
                var output = try from.takeOutput()
                isQuiet = isQuiet && output.readableBytes == 0
                while let piece = output.readSlice(length: min(chunk, output.readableBytes)),
                    piece.readableBytes > 0
                {
                    try to.channel.writeInbound(piece)
                }
            }
        }
    }
}

/// Certificates for the tests, made once.
struct Certificates {
    let authority: CertificateAuthority
    /// Trusts the authority.
    let client: TLSContext
    /// Is `localhost`.
    let server: TLSContext

    init() throws {
        authority = try CertificateAuthority(name: "Tests")
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("authority-\(UUID().uuidString).pem")
        try authority.credentials.certificatePEM.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        client = try TLSContext(client: .authorities(file: file.path))
        server = try TLSContext(server: authority.issue(names: ["localhost"]))
    }
}
