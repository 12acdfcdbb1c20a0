import NIOCore
import Testing

@testable import Yamux

/// Streams that are killed.
@Suite struct YamuxResetTests {
    @Test func `a reset is told to the peer once, and ends the stream for both`() throws {
        let pair = SessionPair()
        let streams = try pair.establish()
        pair.client.session.reset(streams.client)
        pair.client.session.reset(streams.client)
        #expect(pair.client.session.streamCount == 0)
        let frames = try pair.client.take()
        #expect(frames == [.window(1, .rst)])
        #expect(try pair.server.receive(bytes: frames.bytes) == [.reset(1)])
        #expect(streams.server.isReset)
        #expect(pair.server.session.streamCount == 0)
        pair.server.send("too late", on: streams.server, isEnd: true)
        pair.server.session.consumed(YamuxConfiguration.initialWindow, of: streams.server)
        pair.server.session.reset(streams.server)
        #expect(try pair.server.take() == [])
    }

    /// Its number is used up all the same: see `numbers that are never used do no harm`.
    @Test func `a stream that the peer has not heard of is opened and killed at once`() throws {
        let pair = SessionPair()
        pair.client.session.reset(try pair.client.open())
        let stream = try pair.client.open()
        pair.client.send("a", on: stream)
        let frames = try pair.client.take()
        #expect(frames == [.window(1, [.syn, .rst]), .data(3, .syn, "a")])
        #expect(try pair.server.receive(bytes: frames.bytes) == [.came(3, "a", isNew: true)])
    }

    @Test func `what waits for a stream that is settled is not sent`() throws {
        let pair = SessionPair()
        let streams = try pair.establish()
        pair.client.send(octets(1_000_000), on: streams.client, isEnd: true)
        pair.server.send("enough", on: streams.server, isEnd: true)
        try pair.client.receive(bytes: try pair.server.take().bytes)
        pair.client.session.settle(streams.client)
        #expect(try pair.client.take() == [.window(1, .rst)])
        #expect(pair.client.session.streamCount == 0)
    }

    @Test func `a stream that has sent its end is not killed by settling it`() throws {
        let pair = SessionPair()
        let streams = try pair.establish()
        pair.client.send("all", on: streams.client, isEnd: true)
        pair.client.session.settle(streams.client)
        #expect(try pair.client.take() == [.data(1, .fin, "all")])
        #expect(!streams.client.isReset)
    }

    /// Its number overtakes those of all that wait, which are as many as the peer takes.
    @Test func `a stream that is killed behind many that wait their turn does no harm`() throws {
        let most = 5000
        let pair = SessionPair(
            client: .make { $0.maximumOutputBytes = 1000 },
            server: .make { $0.maximumIncomingStreams = most })
        let streams = try (0..<most).map { _ in try pair.client.open() }
        for stream in streams { pair.client.send("a", on: stream) }
        pair.client.session.reset(try #require(streams.last))
        try pair.pass()
        #expect(pair.server.accepted.count == most - 1)
    }

    @Test func `a stream that was not accepted yet is refused by a reset`() throws {
        let server = Side(.server)
        try server.receive(.data(1, .syn, "a"))
        server.session.reset(try server.lastAccepted())
        #expect(try server.take() == [.window(1, .rst)])
    }

    @Test func `what waits on a stream that the peer kills is not sent`() throws {
        let pair = SessionPair()
        let streams = try pair.establish()
        pair.client.send(octets(1_000_000), on: streams.client)
        _ = pair.client.takeBytes()
        #expect(streams.client.waitingBytes > 0)
        #expect(try pair.client.receive(.window(1, .rst)) == [.reset(1)])
        #expect(streams.client.waitingBytes == 0)
        #expect(streams.client.backlog.isEmpty)
        #expect(try pair.client.take() == [])
        #expect(try pair.client.receive(.window(1, [], adds: 1_000_000)) == [])
        #expect(try pair.client.take() == [])
    }

    @Test func `a reset overtakes what waits, and nothing follows it`() throws {
        let pair = SessionPair()
        let streams = try pair.establish()
        pair.client.send(octets(1_000_000), on: streams.client)
        pair.client.session.reset(streams.client)
        let frames = try pair.client.take()
        #expect(frames == [.window(1, .rst)])
    }

    @Test func `what was put in the output before a reset goes before it`() throws {
        let pair = SessionPair()
        let streams = try pair.establish()
        pair.client.send("a", on: streams.client)
        pair.client.session.reset(streams.client)
        #expect(try pair.client.take() == [.data(1, [], "a"), .window(1, .rst)])
    }

    @Test func `a reset while a frame is partly there lets the rest of it go by`() throws {
        let server = Side(.server)
        let bytes = [Frame.data(1, [.syn, .fin], "abcdef"), .data(3, .syn, "next")].bytes
        #expect(try server.receive(bytes: Array(bytes[..<14])) == [.came(1, "ab", isNew: true)])
        server.session.reset(try server.lastAccepted())
        #expect(try server.receive(bytes: Array(bytes[14..<16])) == [])
        #expect(try server.receive(bytes: Array(bytes[16...])) == [.came(3, "next", isNew: true)])
        #expect(try server.take() == [.window(1, .rst)])
    }

    @Test(arguments: [false, true])
    func `what the peer had under way is read past after a reset`(isCut: Bool) throws {
        let pair = SessionPair()
        let streams = try pair.establish()
        pair.server.send(octets(200_000), on: streams.server)
        pair.client.session.reset(streams.client)
        var late = try pair.server.take().bytes
        if isCut { late.removeLast() }
        #expect(try pair.client.receive(bytes: late) == [])
        if isCut { #expect(try pair.client.receive(bytes: [0]) == []) }
        try pair.pass()
        #expect(pair.server.killed == [1])
    }

    @Test func `a reset may bring data, which is nobody's`() throws {
        let server = Side(.server)
        try server.receive(.data(1, .syn, "a"))
        #expect(
            try server.receive(.data(1, .rst, "gone"), .data(3, .syn, "b")) == [
                .reset(1), .came(3, "b", isNew: true),
            ])
    }

    @Test func `a stream that opens with its reset never was`() throws {
        let server = Side(.server)
        #expect(
            try server.receive(
                .window(1, [.syn, .rst]), .data(3, [.syn, .rst], "gone"), .data(5, .syn, "a"))
                == [.came(5, "a", isNew: true)])
        #expect(server.session.streamCount == 1)
        #expect(try server.take() == [])
    }

    @Test(arguments: [Frame.window(1, .rst), .data(1, .rst)])
    func `a stream whose peer has ended may still be killed`(frame: Frame) throws {
        let server = Side(.server)
        try server.receive(.data(1, [.syn, .fin], "a"))
        #expect(try server.receive(frame) == [.reset(1)])
        #expect(server.session.streamCount == 0)
    }

    /// Otherwise a peer that opens and kills streams, and reads nothing, fills our memory.
    @Test func `streams that are killed while they wait their turn are let go of`() throws {
        let server = Side(.server, .make { $0.maximumOutputBytes = 1000 })
        try server.receive(.data(1, .syn, "a"))
        server.send(octets(5000), on: try server.lastAccepted())  // fills the output
        let killed = try stride(from: UInt32(3), to: 2003, by: 2).map {
            try Self.killedWhileWaiting($0, on: server.session)
        }
        #expect(killed.count { !$0.isGone } < 100)
    }

    private struct Watched {
        weak var stream: YamuxStream?

        var isGone: Bool { stream == nil }
    }

    /// A stream of the peer that was answered while the output was full, and then killed.
    private static func killedWhileWaiting(
        _ id: UInt32, on session: YamuxSession
    ) throws -> Watched {
        var bytes = ByteBuffer(bytes: Frame.data(id, .syn, "a").bytes)
        guard case .data(let stream, _, isNew: true, _) = try session.next(from: &bytes) else {
            throw Unexpected()
        }
        session.send(ByteBuffer(repeating: 0, count: 100), on: stream)
        bytes = ByteBuffer(bytes: Frame.window(id, .rst).bytes)
        guard case .reset = try session.next(from: &bytes) else { throw Unexpected() }
        return Watched(stream: stream)
    }

    private struct Unexpected: Error {}
}
