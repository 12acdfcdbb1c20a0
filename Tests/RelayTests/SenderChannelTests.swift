import NIOCore
import NIOEmbedded
import Testing

@testable import Relay

/// A handler that stands where a sender's does.
private final class Standing: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Never
    typealias OutboundOut = ByteBuffer

    var sender: SenderChannel?

    func handlerAdded(context: ChannelHandlerContext) {
        sender = SenderChannel(context, isTLS: false)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { sender?.noteWritability() }
}

@Suite struct SenderChannelTests {
    let channel = EmbeddedChannel()
    let sender: SenderChannel

    init() throws {
        let standing = Standing()
        try channel.pipeline.syncOperations.addHandler(standing)
        sender = try #require(standing.sender)
    }

    private func become(writable: Bool) {
        channel.isWritable = writable
        channel.pipeline.fireChannelWritabilityChanged()
    }

    private func sent() throws -> [[UInt8]] {
        var all: [[UInt8]] = []
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
            all.append(Array(bytes.readableBytesView))
        }
        return all
    }

    @Test func `small pieces for a sender that does not read are one`() throws {
        become(writable: false)
        for octet in 0..<200 { sender.write(ByteBuffer(integer: UInt8(octet))) }
        sender.flush()
        #expect(try sent().isEmpty)
        become(writable: true)
        #expect(try sent() == [Array(0..<200)])
    }

    @Test func `what is large goes behind what is small`() throws {
        become(writable: false)
        let large = [UInt8](repeating: 7, count: 5000)
        sender.write(ByteBuffer(bytes: [1]))
        sender.write(ByteBuffer(bytes: [2]))
        sender.write(ByteBuffer(bytes: large))
        sender.write(ByteBuffer(bytes: [3]))
        sender.flush(whenSent: {})
        #expect(try sent().flatMap { $0 } == [1, 2] + large + [3])
    }

    @Test func `nothing waits where the sender reads`() throws {
        sender.write(ByteBuffer(bytes: [1]))
        sender.write(ByteBuffer(bytes: [2]))
        sender.flush()
        #expect(try sent() == [[1], [2]])
    }
}
