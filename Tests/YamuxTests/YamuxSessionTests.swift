import NIOCore
import Testing
import Yamux

/// What concerns the session itself: pings, going away, a peer that does not read, the end.
@Suite struct YamuxSessionTests {
    // MARK: Pings

    @Test func `a ping is answered with its value`() throws {
        let pair = SessionPair()
        pair.client.session.ping(0xdead_beef)
        let asked = try pair.client.take()
        #expect(asked == [.ping(.syn, 0xdead_beef)])
        #expect(try pair.server.receive(bytes: asked.bytes) == [])
        let answered = try pair.server.take()
        #expect(answered == [.ping(.ack, 0xdead_beef)])
        #expect(try pair.client.receive(bytes: answered.bytes) == [.pong(0xdead_beef)])
    }

    @Test func `an answer that nobody asked for is told, and does no harm`() throws {
        let client = Side(.client)
        #expect(try client.receive(.ping(.ack, 7), .ping(.ack, 7)) == [.pong(7), .pong(7)])
        #expect(try client.take() == [])
    }

    @Test func `pings pass a stream that has stalled`() throws {
        let pair = SessionPair()
        pair.server.isReading = false
        let streams = try pair.establish()
        pair.client.send(octets(1_000_000), on: streams.client)
        try pair.pass()
        pair.client.session.ping(1)
        #expect(try pair.client.take() == [.ping(.syn, 1)])
    }

    // MARK: Going away

    @Test func `who goes away opens and takes no stream, and those that are open go on`() throws {
        let pair = SessionPair()
        let streams = try pair.establish()
        pair.client.session.goAway(.normal)
        pair.client.session.goAway(.normal)
        #expect(pair.client.session.isGoingAway)
        #expect(pair.client.session.open() == nil)
        let told = try pair.client.take()
        #expect(told == [.goAway(0)])
        #expect(
            try pair.client.receive(.data(2, .syn, "gone"), .window(4, .syn), .data(2, [], "gone"))
                == [])
        #expect(try pair.client.take() == [.window(2, .rst), .window(4, .rst)])

        #expect(try pair.server.receive(bytes: told.bytes) == [.goAway(.normal)])
        #expect(pair.server.session.peerIsGoingAway)
        #expect(!pair.server.session.isGoingAway)
        #expect(pair.server.session.open() == nil)

        pair.client.send("still here", on: streams.client, isEnd: true)
        pair.server.send("so am I", on: streams.server, isEnd: true)
        try pair.pass()
        #expect(pair.server.received[1] == Array("?still here".utf8))
        #expect(pair.client.received[1] == Array("!so am I".utf8))
        #expect(pair.client.session.streamCount == 0)
        #expect(pair.server.session.streamCount == 0)
    }

    @Test func `a worse reason is told as well`() throws {
        let client = Side(.client)
        for reason in [YamuxEnd.normal, .internalError, .protocolError, .normal] {
            client.session.goAway(reason)
        }
        #expect(try client.take() == [.goAway(0), .goAway(2)])
    }

    @Test(
        arguments: [
            (0, .normal), (1, .protocolError), (2, .internalError), (3, .internalError),
            (.max, .internalError),
        ] as [(UInt32, YamuxEnd)])
    func `the peer's reason is told`(code: UInt32, reason: YamuxEnd) throws {
        #expect(try Side(.client).receive(.goAway(code)) == [.goAway(reason)])
    }

    // MARK: A peer that does not read

    @Test func `a flood of pings clogs the session, in bounded memory, until it is read`() throws {
        let server = Side(.server)
        let most = 2 * server.session.configuration.maximumOutputBytes
        let pings = [Frame](repeating: .ping(.syn, 1), count: 1000).bytes
        var count = 0
        while !server.session.isClogged {
            try server.receive(bytes: pings)
            count += pings.count
            try #require(count <= most + pings.count)
        }
        #expect(count > most)
        var output = 0
        while server.session.hasOutput { output += server.takeBytes().count }
        #expect(output == count)
        #expect(!server.session.isClogged)
    }

    @Test func `a flood of streams that are refused clogs the session too`() throws {
        let server = Side(.server, .make { $0.maximumIncomingStreams = 1 })
        var id: UInt32 = 1
        while !server.session.isClogged {
            try server.receive(.window(id, .syn))
            id += 2
            try #require(Int(id) < 4 * server.session.configuration.maximumOutputBytes)
        }
        #expect(server.session.streamCount == 1)
    }

    @Test func `data alone does not clog a session`() throws {
        let pair = SessionPair()
        let streams = try pair.establish()
        for _ in 0..<100 {
            pair.client.send(octets(30_000), on: streams.client)
            #expect(!pair.client.session.isClogged)
        }
        #expect(streams.client.waitingBytes > 2_000_000)
    }

    // MARK: The end of the connection

    @Test func `who abandons a session gets all its streams, dead`() throws {
        let pair = SessionPair()
        let streams = try pair.establish()
        let own = try pair.client.open()
        try pair.client.receive(.data(2, .syn, "a"))
        pair.client.send(octets(1_000_000), on: streams.client)
        pair.client.session.ping(1)
        let abandoned = pair.client.session.abandon()
        #expect(Set(abandoned.map(\.id)) == [1, 2, own.id])
        #expect(abandoned.allSatisfy { $0.isReset })
        #expect(abandoned.allSatisfy { $0.waitingBytes == 0 })
        #expect(pair.client.session.streamCount == 0)
        #expect(!pair.client.session.hasOutput)
        #expect(pair.client.session.abandon().isEmpty)
        pair.client.send("nobody hears", on: streams.client)
        pair.client.session.consumed(YamuxConfiguration.initialWindow, of: abandoned[0])
        pair.client.session.reset(streams.client)
        #expect(try pair.client.take() == [])
    }

    @Test func `a session that was abandoned inside a frame drops the rest of it`() throws {
        let server = Side(.server)
        let bytes = Frame.data(1, .syn, "abcdef").bytes
        try server.receive(bytes: Array(bytes.prefix(14)))
        #expect(server.session.abandon().map(\.id) == [1])
        #expect(try server.receive(bytes: Array(bytes.dropFirst(14))) == [])
    }

    @Test func `a session and its streams go when nobody holds them`() throws {
        struct Watched { weak var session: YamuxSession?; weak var stream: YamuxStream? }
        func make() throws -> Watched {
            let pair = SessionPair()
            let streams = try pair.establish()
            pair.client.send(octets(1_000_000), on: streams.client)
            return Watched(session: pair.client.session, stream: streams.client)
        }
        let watched = try make()
        #expect(watched.session == nil)
        #expect(watched.stream == nil)
    }
}
