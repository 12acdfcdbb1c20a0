import NIOCore
import NIOEmbedded
import Testing
import Yamux

@testable import Relay

/// Nobody who uses a tunnel.
private final class Nobody: TunnelUser {
    func tunnel(_ tunnel: TunnelHandler, opened stream: YamuxStream) {}
    func tunnelReadAll(_ tunnel: TunnelHandler) {}
    func tunnelPeerGoesAway(_ tunnel: TunnelHandler) {}
    func tunnelClosed(_ tunnel: TunnelHandler, _ reason: TunnelEnd) {}
}

@Suite struct CrossingTests {
    let channel = EmbeddedChannel()
    let senderLoop = EmbeddedEventLoop()
    let session = YamuxSession(.server)
    let crossing: Crossing

    init() throws {
        let tunnel = TunnelHandler(session, eventLoop: channel.eventLoop, user: Nobody())
        try channel.pipeline.syncOperations.addHandler(tunnel)
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        let loop = RelayLoop(RelayLoop.make().core, index: 0, eventLoop: senderLoop)
        crossing = Crossing(tunnel, PublicConnection(loop, isTLS: false))
    }

    /// Lets both loops do what they have to.
    private func settle() {
        channel.embeddedEventLoop.run()
        senderLoop.run()
    }

    /// The peer lets the only stream send so many octets more.
    private func giveWindow(_ count: Int) throws {
        var update = ByteBuffer()
        update.writeMultipleIntegers(
            UInt8(0), UInt8(1), UInt16(0), UInt32(2), UInt32(count))  // yamux's spec.md, "Framing"
        try channel.writeInbound(update)
    }

    @Test func `a sender goes on once there is room, also where octets were under way meanwhile`()
        throws
    {
        let limit = session.configuration.highWaterBytes
        let waiting = limit + limit / 4
        crossing.send(
            ByteBuffer(repeating: 1, count: YamuxConfiguration.initialWindow + waiting),
            isEnd: false)
        #expect(!crossing.hasRoom)
        settle()
        #expect(!crossing.hasRoom)
        // Less than the limit waits then, and more than what the stream tells of.
        try giveWindow(limit / 2)
        settle()
        #expect(!crossing.hasRoom)
        crossing.send(ByteBuffer(repeating: 2, count: 1), isEnd: false)
        settle()
        #expect(crossing.hasRoom)
    }

    @Test func `a sender that waits is told of room`() throws {
        let limit = session.configuration.highWaterBytes
        crossing.send(
            ByteBuffer(repeating: 1, count: YamuxConfiguration.initialWindow + 2 * limit),
            isEnd: false)
        settle()
        #expect(!crossing.hasRoom)
        try giveWindow(2 * limit)
        settle()
        #expect(crossing.hasRoom)
    }
}
