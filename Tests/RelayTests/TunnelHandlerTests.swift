import NIOCore
import NIOEmbedded
import Testing
import Yamux

@testable import Relay

@Suite struct TunnelHandlerTests {
    let channel = EmbeddedChannel()

    private func join(_ session: YamuxSession, _ user: any TunnelUser) throws -> TunnelHandler {
        let tunnel = TunnelHandler(session, eventLoop: channel.eventLoop, user: user)
        try channel.pipeline.syncOperations.addHandler(tunnel)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        return tunnel
    }

    /// A frame's header, and what follows it (yamux's spec.md, "Framing").
    private func frame(
        type: UInt8, flags: UInt16, stream: UInt32, length: UInt32, data: [UInt8] = []
    ) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(UInt8(0), type, flags, stream, length)
        bytes.writeBytes(data)
        return bytes
    }

    @Test func `a peer whose pong is long in coming lives as long as anything comes`() throws {
        let tunnel = try join(YamuxSession(.server), Names.NoUser())
        let interval = TimeAmount.seconds(Tunnel.pingSeconds)
        channel.embeddedEventLoop.advanceTime(by: .zero)
        for value in 1...5 {
            // Its own ping, in place of an answer to ours.
            try channel.writeInbound(frame(type: 2, flags: 1, stream: 0, length: UInt32(value)))
            channel.embeddedEventLoop.advanceTime(by: interval)
            #expect(tunnel.isOpen)
        }
        channel.embeddedEventLoop.advanceTime(by: interval)
        #expect(!tunnel.isOpen)
    }

    @Test func `a registration that is refused leaves nothing in memory`() throws {
        weak var weakly: RelayLine?
        try {
            let loop = RelayLoop(
                RelayLoop.make().core, index: 0, eventLoop: channel.embeddedEventLoop)
            let line = RelayLine(loop)
            weakly = line
            line.begin(try join(YamuxSession(.server), line))
        }()
        #expect(weakly != nil)
        // Too much for a message, and no more: with that the stream has ended on both sides.
        let data = [UInt8](repeating: 0x78, count: TunnelMessage.maximumBytes + 1)
        try channel.writeInbound(
            frame(type: 0, flags: 1 | 4, stream: 1, length: UInt32(data.count), data: data))
        #expect(!channel.isActive)
        _ = try channel.finish(acceptAlreadyClosed: true)
        channel.embeddedEventLoop.run()
        #expect(weakly == nil)
    }
}
