import NIOCore
import NIOEmbedded
import NIOOpenSSL
import OpenSSL
import Testing

/// Lets the output of a connection in memory end alone, which that cannot do by itself.
private final class HalfClosing: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        if mode == .all { context.close(promise: promise) } else { promise?.succeed() }
    }
}

@Suite struct TLSHandlerTests {
    let certificates: Certificates
    let peers: Peers

    init() throws {
        certificates = try Certificates()
        peers = try Peers(client: certificates.client, server: certificates.server)
    }

    static func established(_ serverName: String?) -> Recorder.Event {
        .tls(
            .established(
                TLSEvent.Agreement(
                    version: "TLSv1.3", serverName: serverName, isResumed: false)))
    }

    @Test func `both ends learn that the handshake is done`() throws {
        try peers.connect()
        #expect(Set(peers.client.recorder.events.map { "\($0)" }).count == 2)
        for (peer, name) in [(peers.client, "localhost"), (peers.server, "localhost")] {
            #expect(peer.recorder.events.contains(.active))
            #expect(peer.recorder.events.contains(Self.established(name)))
            #expect(peer.channel.isActive)
        }
    }

    @Test func `a handler that is added to an active channel shakes hands at once`() throws {
        let channel = EmbeddedChannel()
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        let handler = try TLSHandler(client: certificates.client, serverName: "localhost")
        try channel.pipeline.syncOperations.addHandler(handler)
        let hello = try #require(try channel.readOutbound(as: ByteBuffer.self))
        #expect(hello.getInteger(at: 0, as: UInt8.self) == 22, "a handshake record, RFC 8446, 5.1")
    }

    @Test(arguments: [1500, 16_413, Int.max])
    func `a megabyte goes both ways however the network cuts it`(chunk: Int) throws {
        try peers.connect()
        let data = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let sent = Outcomes([peers.client.write(data), peers.server.write(data.reversed())])
        try peers.pass(chunk: chunk)
        #expect(peers.server.recorder.bytes == data)
        #expect(peers.client.recorder.bytes == data.reversed())
        #expect(sent.succeeded == 2)
    }

    @Test(arguments: [false, true])
    func `a write that fails is told in a turn of its own, and before the end`(
        endsAtOnce: Bool
    ) throws {
        try peers.connect()
        let channel = peers.client.channel
        // Behind close_notify OpenSSL encrypts nothing.
        try channel.pipeline.syncOperations.addHandler(HalfClosing(), position: .first)
        channel.close(mode: .output, promise: nil)
        let before = peers.client.recorder.events.count
        let sent = Outcomes([peers.client.write([1]), peers.client.write([2])])
        #expect(sent.failed == 2)
        #expect(peers.client.recorder.events.count == before)
        if endsAtOnce { channel.pipeline.fireChannelInactive() }
        channel.embeddedEventLoop.run()
        let told = peers.client.recorder.events.dropFirst(before)
        #expect(told.filter { $0 != .inactive }.count == 1)
        #expect(told.last == .inactive)
        guard case .error = told.first else {
            Issue.record("no error in front of the end: \(told)")
            return
        }
    }

    @Test func `what is written before the handshake waits and keeps its order`() throws {
        try peers.server.activate()
        let before = [peers.client.write([1, 2]), peers.client.write([3])]
        try peers.client.activate()
        let sent = Outcomes(before + [peers.client.write([4, 5])])
        #expect(sent.succeeded == 0)
        try peers.pass()
        #expect(peers.server.recorder.bytes == [1, 2, 3, 4, 5])
        #expect(sent.succeeded == 3)
    }

    @Test func `no more waits for the handshake than the limit`() throws {
        let half = [UInt8](repeating: 1, count: TLSHandler.maximumWaitingBytes / 2)
        let sent = Outcomes([
            peers.client.write(half), peers.client.write(half), peers.client.write([1]),
        ])
        #expect(sent.codes == [.handshake])
        _ = try peers.client.channel.finish()
        #expect(sent.failed == 3)
    }

    @Test(arguments: [
        ("elsewhere", "hostname mismatch"),
        ("localhost", "self-signed certificate in certificate chain"),
    ])
    func `a certificate that is not accepted is an error at both ends`(
        serverName: String, reason: String
    ) throws {
        let other = try CertificateAuthority(name: "Somebody else")
        let stranger = try TLSContext(server: other.issue(names: ["localhost"]))
        let peers = try Peers(
            client: certificates.client,
            server: serverName == "localhost" ? stranger : certificates.server,
            serverName: serverName)
        let sent = Outcomes([peers.client.write([1])])
        try peers.connect()
        #expect(peers.client.recorder.events == [.active, .error(.verification), .inactive])
        #expect(peers.client.recorder.message.contains(reason))
        #expect(sent.codes == [.verification])
        #expect(peers.server.recorder.events == [.active, .error(.handshake), .inactive])
        #expect(peers.server.recorder.message.contains("alert"))
        #expect(peers.server.recorder.bytes.isEmpty)
    }

    @Test func `a peer that closes says so, and that is no cut`() throws {
        try peers.connect()
        let last = Outcomes([peers.client.write([7])])
        peers.client.channel.close(promise: nil)
        try peers.pass()
        #expect(last.succeeded == 1)
        #expect(peers.server.recorder.bytes == [7])
        peers.server.channel.pipeline.fireChannelInactive()
        let events = peers.server.recorder.events
        #expect(Array(events.suffix(2)) == [.tls(.closedByPeer), .inactive])
        #expect(!events.contains(.tls(.cut)))
        #expect(!peers.client.recorder.events.contains(.tls(.cut)))
    }

    @Test func `a connection that ends without a word is cut`() throws {
        try peers.connect()
        peers.server.channel.pipeline.fireChannelInactive()
        #expect(Array(peers.server.recorder.events.suffix(2)) == [.tls(.cut), .inactive])
    }

    @Test func `a connection that ends in the handshake is an error`() throws {
        try peers.client.activate()
        peers.client.channel.pipeline.fireChannelInactive()
        #expect(peers.client.recorder.events == [.active, .error(.handshake), .inactive])
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"])
    func `garbage in place of a handshake closes the channel`(garbage: String) throws {
        try peers.server.activate()
        try peers.server.channel.writeInbound(ByteBuffer(string: garbage))
        #expect(peers.server.recorder.events == [.active, .error(.handshake), .inactive])
        #expect(!peers.server.channel.isActive)
        try peers.server.channel.writeInbound(ByteBuffer(string: garbage))
        #expect(peers.server.recorder.events.count == 3, "what follows is dropped")
    }

    @Test func `garbage behind the handshake closes the channel`() throws {
        try peers.connect()
        try peers.client.channel.writeInbound(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n"))
        #expect(
            Array(peers.client.recorder.events.suffix(2)) == [
                .error(.protocolViolation), .inactive,
            ])
        #expect(peers.client.recorder.message.contains("wrong version number"))
        #expect(peers.client.recorder.bytes.isEmpty)
    }

    @Test func `half of a connection that ends in the handshake ends all of it`() throws {
        try peers.server.activate()
        peers.server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(peers.server.recorder.events == [.active, .error(.handshake), .inactive])
    }

    @Test func `an empty write is done when what was written before it is`() throws {
        try peers.connect()
        let channel = peers.client.channel
        let first = channel.write(ByteBuffer(bytes: [1, 2, 3]))
        let empty = channel.write(ByteBuffer())
        #expect(Outcomes([first, empty]).succeeded == 0)
        let outcomes = Outcomes([first, empty])
        channel.flush()
        #expect(outcomes.succeeded == 2)
    }

    @Test func `writing behind the end fails`() throws {
        try peers.connect()
        peers.client.channel.close(promise: nil)
        #expect(Outcomes([peers.client.write([1])]).failed == 1)
    }
}

/// Counts how writes end.
final class Outcomes {
    private(set) var succeeded = 0
    private(set) var errors: [any Error] = []

    var failed: Int { errors.count }
    var codes: [OpenSSLError.Code] { errors.compactMap { ($0 as? OpenSSLError)?.code } }

    init(_ futures: [EventLoopFuture<Void>]) {
        for future in futures {
            future.assumeIsolated().whenComplete { result in
                switch result {
                case .success: self.succeeded += 1
                case .failure(let error): self.errors.append(error)
                }
            }
        }
    }
}
