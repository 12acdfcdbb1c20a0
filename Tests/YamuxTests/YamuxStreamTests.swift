import NIOCore
import Testing
import Yamux

/// How a stream opens, goes on and ends.
@Suite struct YamuxStreamTests {
    // MARK: Opening

    @Test func `the first data opens a stream, and what follows does not`() throws {
        let client = Side(.client)
        let stream = try client.open()
        #expect(try client.take() == [])
        client.send("a", on: stream)
        client.send("b", on: stream)
        #expect(try client.take() == [.data(1, .syn, "a"), .data(1, [], "b")])
    }

    @Test func `what is said first accepts a stream, and what follows does not`() throws {
        let server = Side(.server)
        #expect(try server.receive(.data(1, .syn, "a")) == [.came(1, "a", isNew: true)])
        let stream = try server.lastAccepted()
        server.send("b", on: stream)
        server.send("c", on: stream)
        #expect(try server.take() == [.data(1, .ack, "b"), .data(1, [], "c")])
    }

    @Test func `a client's streams are odd and a server's even`() throws {
        let (client, server) = (Side(.client), Side(.server))
        #expect(try (0..<3).map { _ in try client.open().id } == [1, 3, 5])
        #expect(try (0..<3).map { _ in try server.open().id } == [2, 4, 6])
    }

    @Test func `a stream opens without data`() throws {
        let server = Side(.server)
        #expect(
            try server.receive(.window(1, .syn), .data(3, .syn)) == [
                .came(1, isNew: true), .came(3, isNew: true),
            ])
        #expect(server.session.streamCount == 2)
    }

    @Test func `a stream may open and end at once`() throws {
        let pair = SessionPair()
        let stream = try pair.client.open()
        pair.client.send("", on: stream, isEnd: true)
        #expect(try pair.client.take() == [.data(1, [.syn, .fin])])
        let happenings = try pair.server.receive(.data(1, [.syn, .fin]), .window(3, [.syn, .fin]))
        #expect(
            happenings == [
                .came(1, isNew: true, isEnd: true), .came(3, isNew: true, isEnd: true),
            ])
    }

    @Test func `both sides open streams at the same time`() throws {
        let pair = SessionPair()
        let (first, second) = (try pair.client.open(), try pair.server.open())
        pair.client.send("of the client", on: first)
        pair.server.send("of the server", on: second)
        try pair.pass()
        #expect(pair.server.received == [1: Array("of the client".utf8)])
        #expect(pair.client.received == [2: Array("of the server".utf8)])
        #expect(pair.client.session.streamCount == 2)
        #expect(pair.server.session.streamCount == 2)
    }

    @Test func `streams may first speak in another order than they were opened`() throws {
        let pair = SessionPair()
        let (first, second) = (try pair.client.open(), try pair.client.open())
        pair.client.send("second", on: second)
        pair.client.send("first", on: first)
        try pair.pass()
        #expect(pair.server.received[first.id] == Array("first".utf8))
        #expect(pair.server.received[second.id] == Array("second".utf8))
    }

    /// hashicorp/yamux does that: its numbers are given before its frames are in order.
    @Test func `a peer's numbers may come out of order`() throws {
        let server = Side(.server)
        #expect(
            try server.receive(.window(3, .syn), .window(1, .syn), .data(1, [], "a")) == [
                .came(3, isNew: true), .came(1, isNew: true), .came(1, "a"),
            ])
    }

    @Test func `a number that was left out may be used later, and once`() throws {
        let server = Side(.server)
        try server.receive(.window(9, .syn))
        #expect(
            try server.receive(.window(3, .syn), .window(7, .syn)) == [
                .came(3, isNew: true), .came(7, isNew: true),
            ])
        #expect(server.violation(in: .window(7, .syn)) == .streamID(7))
    }

    /// A stream that is killed before the peer knew of it leaves a gap, as often as that happens.
    @Test func `numbers that are never used do no harm`() throws {
        let pair = SessionPair()
        for _ in 0..<3000 {
            pair.client.session.reset(try pair.client.open())
            let stream = try pair.client.open()
            pair.client.send("a", on: stream, isEnd: true)
            try pair.pass()
            pair.server.send("b", on: try pair.server.lastAccepted(), isEnd: true)
            try pair.pass()
            try #require(pair.client.ended.contains(stream.id))
        }
        #expect(pair.client.session.streamCount == 0)
        #expect(pair.server.session.streamCount == 0)
    }

    // MARK: Data

    @Test(arguments: [1, 7, 13, 1000, 100_000])
    func `data goes both ways however the network cuts it`(piece: Int) throws {
        let pair = SessionPair(seed: UInt64(piece), largestPiece: piece)
        let count = min(piece * 2000, 1_000_000)
        let streams = try pair.establish()
        let (there, back) = (octets(count, seed: 1), octets(count, seed: 2))
        pair.client.send(there, on: streams.client, isEnd: true)
        pair.server.send(back, on: streams.server, isEnd: true)
        try pair.pass()
        #expect(pair.server.received[1]?.dropFirst() == there[...])
        #expect(pair.client.received[1]?.dropFirst() == back[...])
        #expect(pair.client.ended == [1])
        #expect(pair.server.ended == [1])
        #expect(pair.client.session.streamCount == 0)
        #expect(pair.server.session.streamCount == 0)
    }

    @Test func `the parts of a frame come as they are there`() throws {
        let server = Side(.server)
        let bytes = Frame.data(1, [.syn, .fin], "abcdef").bytes
        #expect(try server.receive(bytes: Array(bytes[..<5])) == [])
        #expect(try server.receive(bytes: Array(bytes[5..<12])) == [])
        #expect(try server.receive(bytes: Array(bytes[12..<14])) == [.came(1, "ab", isNew: true)])
        #expect(try server.receive(bytes: Array(bytes[14..<17])) == [.came(1, "cde")])
        #expect(try server.receive(bytes: []) == [])
        #expect(try server.receive(bytes: Array(bytes[17...])) == [.came(1, "f", isEnd: true)])
    }

    @Test func `empty data means nothing`() throws {
        let server = Side(.server)
        #expect(
            try server.receive(.data(1, .syn), .data(1), .data(1, .ack)) == [.came(1, isNew: true)])
        let client = Side(.client)
        client.send("", on: try client.open())
        #expect(try client.take() == [])
    }

    // MARK: Ending

    @Test func `the end goes with the last data, or by itself`() throws {
        let client = Side(.client)
        let (first, second) = (try client.open(), try client.open())
        client.send("a", on: first, isEnd: true)
        client.send("b", on: second)
        client.send("", on: second, isEnd: true)
        #expect(
            try client.take() == [
                .data(1, [.syn, .fin], "a"), .data(3, .syn, "b"), .data(3, .fin),
            ])
    }

    @Test func `nothing goes behind the end`() throws {
        let client = Side(.client)
        let stream = try client.open()
        client.send("a", on: stream, isEnd: true)
        client.send("b", on: stream)
        client.send("", on: stream, isEnd: true)
        #expect(try client.take() == [.data(1, [.syn, .fin], "a")])
        #expect(stream.isEnded)
    }

    @Test func `of a stream that ended on one side the other goes on, in full`() throws {
        let pair = SessionPair()
        let stream = try pair.client.open()
        pair.client.send("?", on: stream, isEnd: true)
        try pair.pass()
        #expect(pair.server.ended == [1])
        let answer = octets(1_000_000)
        let accepted = try pair.server.lastAccepted()
        #expect(accepted.isEndedByPeer)
        pair.server.send(answer, on: accepted)
        try pair.pass()
        #expect(pair.client.received[1] == answer)
        #expect(pair.client.ended == [])
        #expect(pair.client.session.streamCount == 1)
        pair.server.send("", on: accepted, isEnd: true)
        try pair.pass()
        #expect(pair.client.ended == [1])
        #expect(pair.client.session.streamCount == 0)
        #expect(pair.server.session.streamCount == 0)
    }

    @Test func `an end comes with a window update too`() throws {
        let server = Side(.server)
        try server.receive(.data(1, .syn, "a"))
        #expect(try server.receive(.window(1, .fin)) == [.came(1, isEnd: true)])
    }

    @Test func `the end waits for all data before it`() throws {
        let client = Side(.client)
        let stream = try client.open()
        let data = octets(YamuxConfiguration.initialWindow + 100)
        client.send(data, on: stream)
        client.send("", on: stream, isEnd: true)
        var frames = try client.take()
        #expect(!frames.contains { $0.header.flags.contains(.fin) })
        #expect(stream.waitingBytes == 100)
        try client.receive(.window(1, .ack, adds: 60))
        frames += try client.take()
        #expect(!frames.contains { $0.header.flags.contains(.fin) })
        try client.receive(.window(1, [], adds: 60))
        let last = try client.take()
        #expect(last == [.data(1, .fin, Array(data.suffix(40)))])
        #expect((frames + last).data(of: 1) == data)
    }

    @Test func `an end that comes while data waits for window waits too`() throws {
        let client = Side(.client)
        let stream = try client.open()
        client.send(octets(YamuxConfiguration.initialWindow + 1), on: stream)
        _ = try client.take()
        client.send("", on: stream, isEnd: true)
        #expect(try client.take() == [])
        try client.receive(.window(1, .ack, adds: 1))
        let last = try client.take()
        #expect(last.map(\.body.count) == [1])
        #expect(last.first?.header.flags == .fin)
    }

    @Test func `an end without data needs no window`() throws {
        let client = Side(.client)
        let stream = try client.open()
        client.send(octets(YamuxConfiguration.initialWindow), on: stream)
        _ = try client.take()
        client.send("", on: stream, isEnd: true)
        #expect(try client.take() == [.data(1, .fin)])
    }

    @Test func `what comes late for a stream that has ended is nobody's`() throws {
        let server = Side(.server)
        try server.receive(.data(1, [.syn, .fin], "a"))
        server.send("b", on: try server.lastAccepted(), isEnd: true)
        #expect(try server.take() == [.data(1, [.ack, .fin], "b")])
        #expect(server.session.streamCount == 0)
        #expect(
            try server.receive(
                .window(1, [], adds: 1), .data(1, [], "late"), .window(1, .rst), .data(1, .fin),
                .data(3, .syn, "c")) == [.came(3, "c", isNew: true)])
    }
}
