import NIOCore
import NIOEmbedded
import Testing
import Yamux

@testable import Relay

@Suite struct CrossingTests {
    let channel = EmbeddedChannel()
    let senderLoop = EmbeddedEventLoop()
    let session = YamuxSession(.server)
    let crossing: Crossing

    init() throws {
        let tunnel = TunnelHandler(session, eventLoop: channel.eventLoop, user: Names.NoUser())
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

    @Test func `a request that has ended leaves nothing, also where its tunnel ended with it`()
        throws
    {
        weak var weakly: Crossing?
        try {
            let loop = RelayLoop(RelayLoop.make().core, index: 0, eventLoop: senderLoop)
            let tunnel = try channel.pipeline.syncOperations.handler(type: TunnelHandler.self)
            let crossing = Crossing(tunnel, PublicConnection(loop, isTLS: false))
            weakly = crossing
            crossing.send(ByteBuffer(bytes: [1]), isEnd: true)
            settle()
            // The peer's end of that stream: both sides have ended, and the session forgets it.
            var end = ByteBuffer()
            end.writeMultipleIntegers(UInt8(0), UInt8(0), UInt16(2 | 4), UInt32(2), UInt32(0))
            try channel.writeInbound(end)
            tunnel.close(.closed)
            crossing.letGo(isReset: false)
        }()
        #expect(weakly != nil)
        settle()
        #expect(weakly == nil)
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
