import NIOCore
import TestSupport
import Testing
import Yamux

/// Who sends when, and how much at once.
@Suite struct SendingTests {
    static let shared = YamuxConfiguration().sharedFrameBytes
    static let sole = YamuxConfiguration().soleFrameBytes

    /// A client whose streams have all been opened, with windows that do not matter.
    func client(
        streams: Int, _ change: (inout YamuxConfiguration) -> Void = { _ in }
    ) throws -> (Side, [YamuxStream]) {
        let client = Side(.client, .make(change))
        let opened = try (0..<streams).map { _ in try client.open() }
        for stream in opened { client.send("a", on: stream) }
        _ = try client.take()
        for stream in opened { try client.receive(.window(stream.id, .ack, adds: 1 << 30)) }
        return (client, opened)
    }

    // MARK: Turns

    @Test func `a stream with megabytes makes small ones wait for a frame at the most`() throws {
        let (client, streams) = try client(streams: 20)
        client.send(octets(10_000_000), on: streams[0])
        for round in 0..<200 where streams[0].waitingBytes > 0 {
            client.send("small", on: streams[1 + round % 19])
            let frames = try #require(Frame.all(in: client.takeBytes()))
            let place = try #require(frames.firstIndex { $0.header.stream != 1 })
            #expect(frames[place].body == Array("small".utf8))
            #expect(place <= 1)
            #expect(frames[..<place].bytes.count <= Self.shared + YamuxHeader.count)
        }
        #expect(streams[0].waitingBytes == 0)
    }

    @Test func `streams that wait take turns, a frame each`() throws {
        let (client, streams) = try client(streams: 3) { $0.maximumOutputBytes = 1 }
        client.send(octets(10), on: streams[0])  // fills the output
        for stream in streams { client.send(octets(3 * Self.shared), on: stream) }
        let frames = try client.take().dropFirst()
        #expect(frames.map(\.header.stream) == [1, 3, 5, 1, 3, 5, 1, 3, 5])
        #expect(frames.dropLast().allSatisfy { $0.body.count == Self.shared })
    }

    @Test func `a stream that comes later waits for a frame of each before it`() throws {
        let (client, streams) = try client(streams: 4) { $0.maximumOutputBytes = Self.shared }
        for stream in streams[..<3] { client.send(octets(1_000_000), on: stream) }
        _ = client.takeBytes()
        client.send("late", on: streams[3])
        let order = try client.take().map(\.header.stream)
        #expect(order.prefix(4) == [3, 5, 1, 7])
    }

    @Test func `what a stream is given goes in that order, whatever was in the way`() throws {
        let (client, streams) = try client(streams: 2) { $0.maximumOutputBytes = 5000 }
        var expected: [UInt32: [UInt8]] = [:]
        var sent: [Frame] = []
        var numbers = SeededNumbers(seed: 11)
        for _ in 0..<500 {
            let stream = streams[numbers.number(in: 0...1)]
            let data = octets(numbers.number(in: 0...(numbers.isOnce(in: 10) ? 40_000 : 300)))
            client.send(data, on: stream)
            expected[stream.id, default: []] += data
            if numbers.isOnce(in: 3) { sent += try #require(Frame.all(in: client.takeBytes())) }
        }
        sent += try client.take()
        for stream in streams { #expect(sent.data(of: stream.id) == expected[stream.id]) }
    }

    @Test func `control frames do not wait for data`() throws {
        let (client, streams) = try client(streams: 2)
        client.send(octets(1_000_000), on: streams[0])
        client.session.ping(7)
        client.session.reset(streams[1])
        let frames = try client.take()
        #expect(frames.prefix(2) == [.ping(.syn, 7), .window(3, .rst)])
    }

    // MARK: Sizes

    @Test func `a frame is larger while nobody else waits, and bounded then too`() throws {
        let (client, streams) = try client(streams: 2)
        client.send(octets(1_000_000), on: streams[0])
        let alone = try client.take()
        #expect(alone.map(\.body.count).max() == Self.sole)
        #expect(alone.count == 1_000_000 / Self.sole + 1)
        client.send(octets(1_000_000), on: streams[0])
        client.send(octets(500_000), on: streams[1])
        let together = try client.take()
        // Who is left over when the other is done may take more.
        let end = try #require(together.lastIndex { $0.header.stream == 3 })
        #expect(together[...end].allSatisfy { $0.body.count <= Self.shared })
        #expect(together[end...].contains { $0.body.count == Self.sole })
        #expect(together.allSatisfy { $0.body.count <= Self.sole })
    }

    @Test func `what is handed out at once is bounded`() throws {
        let (client, streams) = try client(streams: 5)
        for stream in streams { client.send(octets(1_000_000), on: stream) }
        let most = client.session.configuration.maximumOutputBytes + Self.sole
        var total = 0
        while client.session.hasOutput {
            let count = client.takeBytes().count
            #expect(count <= most + YamuxHeader.count)
            total += count
        }
        #expect(total > 5_000_000)
    }

    @Test func `data that is sent while the output is full waits in its stream`() throws {
        let (client, streams) = try client(streams: 1) { $0.maximumOutputBytes = 10_000 }
        for _ in 0..<100 { client.send(octets(1000), on: streams[0]) }
        #expect(streams[0].waitingBytes >= 90_000 - 2 * YamuxHeader.count)
        #expect(try client.take().data(of: 1).count == 100_000)
    }

    // MARK: Room

    @Test func `a writer that paused is told once that there is room`() throws {
        let (client, streams) = try client(streams: 1) {
            $0.maximumOutputBytes = 10_000
            $0.highWaterBytes = 60_000
            $0.soleFrameBytes = 10_000
        }
        let stream = streams[0]
        #expect(client.session.hasRoom(stream))
        client.send(octets(59_999), on: stream)
        #expect(client.session.hasRoom(stream))
        client.send(octets(1), on: stream)
        #expect(!client.session.hasRoom(stream))
        while stream.waitingBytes >= 30_000 {
            #expect(client.session.takeStreamsWithRoom().isEmpty)
            _ = client.takeBytes()
        }
        #expect(client.session.takeStreamsWithRoom().map(\.id) == [1])
        #expect(client.session.takeStreamsWithRoom().isEmpty)
        _ = try client.take()
        #expect(client.session.takeStreamsWithRoom().isEmpty)
    }

    @Test func `who never paused is told nothing`() throws {
        let (client, streams) = try client(streams: 1)
        client.send(octets(1_000_000), on: streams[0])
        _ = try client.take()
        #expect(client.session.takeStreamsWithRoom().isEmpty)
        #expect(client.session.hasRoom(streams[0]))
    }

    @Test func `a writer that the peer's window stops is told when it opens`() throws {
        let client = Side(.client)
        let stream = try client.open()
        client.send(octets(1_000_000), on: stream)
        #expect(!client.session.hasRoom(stream))
        _ = try client.take()
        #expect(client.session.takeStreamsWithRoom().isEmpty)
        try client.receive(.window(1, .ack, adds: 1_000_000))
        _ = try client.take()
        #expect(client.session.takeStreamsWithRoom().map(\.id) == [1])
    }

    @Test func `a writer whose stream was killed meanwhile is not told of room`() throws {
        let (client, streams) = try client(streams: 2)
        for stream in streams {
            client.send(octets(1_000_000), on: stream)
            #expect(!client.session.hasRoom(stream))
        }
        _ = try client.take()
        client.session.reset(streams[0])
        try client.receive(.window(3, .rst))
        #expect(client.session.takeStreamsWithRoom().isEmpty)
    }

    @Test func `who pauses again before it heard of room is told once`() throws {
        let (client, streams) = try client(streams: 1)
        for _ in 0..<2 {
            client.send(octets(1_000_000), on: streams[0])
            #expect(!client.session.hasRoom(streams[0]))
            _ = try client.take()
        }
        #expect(client.session.takeStreamsWithRoom().map(\.id) == [1])
    }

    // MARK: Output

    @Test func `an output that its taker keeps is not written over`() throws {
        let (client, streams) = try client(streams: 1)
        var kept: [ByteBuffer] = []
        for round in 0..<5 {
            client.send("round \(round)", on: streams[0])
            client.session.takeOutput { kept.append($0) }
        }
        let expected = (0..<5).map { Frame.data(1, [], "round \($0)").bytes }
        #expect(kept.map { Array($0.readableBytesView) } == expected)
    }

    @Test func `an idle session keeps no large buffer`() throws {
        let (client, streams) = try client(streams: 1)
        client.send(octets(1_000_000), on: streams[0])
        _ = try client.take()
        client.session.ping(1)
        client.session.takeOutput { #expect($0.capacity <= 64 << 10) }
    }

    @Test func `nothing is handed out when there is nothing`() throws {
        let client = Side(.client)
        client.session.takeOutput { _ in Issue.record("there was something") }
        #expect(!client.session.hasOutput)
        client.session.ping(1)
        #expect(client.session.hasOutput)
    }
}
