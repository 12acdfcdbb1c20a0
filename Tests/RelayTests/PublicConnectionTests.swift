import NIOCore
import NIOEmbedded
import Testing

@testable import Relay

@Suite struct PublicConnectionTests {
    @Test func `a connection that is over is in nobody's memory`() throws {
        let channel = EmbeddedChannel()
        let outside = RelayLoop.make()
        let loop = RelayLoop(outside.core, index: 0, eventLoop: channel.embeddedEventLoop)
        weak var weakly: PublicConnection?
        try {
            let connection = PublicConnection(loop, isTLS: false)
            weakly = connection
            try channel.pipeline.syncOperations.addHandler(connection)
        }()
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        let request = headText("GET / HTTP/1.1", "Host: nobody.relay.test")
        for _ in 0..<3 {
            try channel.writeInbound(ByteBuffer(string: request))
            let answer = try #require(try channel.readOutbound(as: ByteBuffer.self))
            #expect(String(buffer: answer).hasPrefix("HTTP/1.1 503 "))
        }
        #expect(loop.counts.openConnections == 1)
        #expect(weakly != nil)
        _ = try channel.finish()
        channel.embeddedEventLoop.run()
        #expect(loop.counts.openConnections == 0)
        #expect(loop.counts.openRequests == 0)
        #expect(loop.counts.requests == 3)
        #expect(weakly == nil)
    }
}
