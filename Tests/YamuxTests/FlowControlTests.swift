import NIOCore
import TestSupport
import Testing
import Yamux

/// Windows: what a side may send, gives back, and how far that grows.
@Suite struct FlowControlTests {
    static let initial = YamuxConfiguration.initialWindow
    static let half = initial / 2

    let clock = TestClock()

    /// A server whose peer has opened streams with an octet each; it reads only what a test says.
    ///
    /// With a `roundTrip` in milliseconds windows grow.
    func server(
        streams: Int = 1, roundTrip: Int64? = nil,
        _ change: (inout YamuxConfiguration) -> Void = { _ in }
    ) throws -> Side {
        let server = Side(.server, .make(clock: clock, change))
        server.isReading = false
        server.session.roundTrip = roundTrip.map { .milliseconds($0) }
        for index in 0..<streams { try server.receive(.window(UInt32(2 * index + 1), .syn)) }
        return server
    }

    /// What goes out when the peer sends that many octets, and they are read.
    func passOn(_ count: Int, of stream: YamuxStream, on server: Side) throws -> [Frame] {
        try server.receive(.data(stream.id, [], [UInt8](repeating: 0, count: count)))
        server.session.consumed(count, of: stream)
        return try server.take()
    }

    // MARK: Sending

    @Test func `a sender stops at the window, and goes on with what comes back`() throws {
        let client = Side(.client)
        let stream = try client.open()
        let data = octets(Self.initial + 1000)
        client.send(data, on: stream)
        var sent = try client.take()
        #expect(sent.data(of: 1).count == Self.initial)
        #expect(stream.waitingBytes == 1000)
        #expect(!client.session.hasOutput)
        try client.receive(.window(1, .ack, adds: 300))
        sent += try client.take()
        #expect(sent.data(of: 1).count == Self.initial + 300)
        try client.receive(.window(1, [], adds: 700))
        sent += try client.take()
        #expect(sent.data(of: 1) == data)
        #expect(stream.waitingBytes == 0)
    }

    @Test func `a stream whose window is used up does not hold up the others`() throws {
        let client = Side(.client)
        let (stalled, other) = (try client.open(), try client.open())
        client.send(octets(1_000_000), on: stalled)
        _ = try client.take()
        client.send("small", on: other)
        client.send(octets(100_000), on: other)
        let frames = try client.take()
        #expect(frames.data(of: other.id).count == 100_005)
        #expect(frames.allSatisfy { $0.header.stream == other.id })
    }

    @Test func `a larger window of the peer is used from the start`() throws {
        let server = Side(.server)
        try server.receive(.window(1, .syn, adds: 500_000))
        server.send(octets(1_000_000), on: try server.lastAccepted())
        #expect(try server.take().data(of: 1).count == Self.initial + 500_000)
    }

    @Test func `a window of 32 bits is the largest`() throws {
        let most = Int(UInt32.max) - Self.initial
        let client = Side(.client)
        client.send("a", on: try client.open())
        try client.receive(.window(1, .ack, adds: most), .window(1, [], adds: 1), .window(1))
        #expect(
            client.violation(in: .window(1, [], adds: 1)) == .windowOverflow(stream: 1))
        #expect(
            Side(.server).violation(in: .window(1, .syn, adds: most + 1))
                == .windowOverflow(stream: 1))
    }

    // MARK: Receiving

    @Test func `a window is given back when half of it was read`() throws {
        let server = try server()
        let stream = try server.lastAccepted()
        try server.receive(.data(1, [], octets(Self.initial)))
        server.session.consumed(Self.half - 1, of: stream)
        #expect(try server.take() == [])
        server.session.consumed(1, of: stream)
        #expect(try server.take() == [.window(1, .ack, adds: Self.half)])
        server.session.consumed(Self.half, of: stream)
        #expect(try server.take() == [.window(1, [], adds: Self.half)])
    }

    @Test func `after the answer a window update accepts nothing`() throws {
        let server = try server()
        let stream = try server.lastAccepted()
        server.send("a", on: stream)
        #expect(try server.take() == [.data(1, .ack, "a")])
        #expect(
            try passOn(Self.half, of: stream, on: server) == [.window(1, [], adds: Self.half)])
    }

    @Test func `nothing is given back when the peer has ended`() throws {
        let server = try server()
        try server.receive(.data(1, .fin, octets(Self.initial)))
        server.session.consumed(Self.initial, of: try server.lastAccepted())
        #expect(try server.take() == [])
    }

    @Test func `the whole window may be under way, and no octet more`() throws {
        let server = try server(streams: 2)
        try server.receive(.data(1, [], octets(Self.initial - 1)), .data(1, [], "a"))
        #expect(server.violation(in: .data(1, [], "b")) == .windowExceeded(stream: 1))
        let other = try self.server()
        #expect(
            other.violation(in: .data(3, .syn, octets(Self.initial + 1)))
                == .windowExceeded(stream: 3))
    }

    @Test func `too much is refused before it comes`() throws {
        let server = try server()
        let header = YamuxHeader(.data, stream: 1, length: .max)
        #expect(
            server.violation(in: Frame(header: header)) == .windowExceeded(stream: 1))
    }

    @Test func `a window counts what was given back, read or not`() throws {
        let server = try server()
        let stream = try server.lastAccepted()
        try server.receive(.data(1, [], octets(Self.initial)))
        server.session.consumed(Self.half, of: stream)
        try server.receive(.data(1, [], octets(Self.half)))
        #expect(server.violation(in: .data(1, [], "a")) == .windowExceeded(stream: 1))
    }

    @Test func `two sessions never pass the window, whoever reads when`() throws {
        let pair = SessionPair(server: .make(clock: clock))
        pair.server.isReading = false
        let streams = try pair.establish()
        pair.client.send(octets(2_000_000), on: streams.client)
        try pair.pass()
        var unread = pair.server.received[1]?.count ?? 0
        #expect(unread == Self.initial)
        var numbers = SeededNumbers(seed: 3)
        while unread > 0 {
            let count = min(unread, numbers.number(in: 1...150_000))
            pair.server.session.consumed(count, of: streams.server)
            let before = pair.server.received[1]?.count ?? 0
            try pair.pass()
            unread += (pair.server.received[1]?.count ?? 0) - before - count
            #expect(unread <= Self.initial)
        }
        #expect(pair.server.received[1]?.count == 2_000_001)
    }

    // MARK: Growth

    /// The window of a stream, as its peer counts it: what came back beyond what was sent.
    func growth(in frames: [Frame], passed: Int) -> Int {
        frames.filter { $0.header.kind == .windowUpdate }
            .reduce(0) { $0 + Int($1.header.length) } - passed
    }

    @Test func `a window that is drained within two round trips doubles`() throws {
        let server = try server(roundTrip: 50)
        let stream = try server.lastAccepted()
        #expect(
            try passOn(Self.half, of: stream, on: server) == [.window(1, .ack, adds: Self.half)])
        clock.advance(by: .milliseconds(99))
        #expect(
            try passOn(Self.half, of: stream, on: server)
                == [.window(1, [], adds: Self.half + Self.initial)])
        // Now half of it is twice as much.
        #expect(try passOn(Self.initial - 1, of: stream, on: server) == [])
        clock.advance(by: .seconds(1))
        #expect(
            try passOn(1, of: stream, on: server) == [.window(1, [], adds: Self.initial)])
    }

    @Test func `the whole of a window that has grown may be used`() throws {
        let server = try server(roundTrip: 50)
        let stream = try server.lastAccepted()
        _ = try passOn(Self.half, of: stream, on: server)
        _ = try passOn(Self.half, of: stream, on: server)
        try server.receive(.data(1, [], octets(2 * Self.initial)))
        #expect(server.violation(in: .data(1, [], "a")) == .windowExceeded(stream: 1))
    }

    @Test(arguments: [100, 101, 5000] as [Int64])
    func `a window that lasts longer stays`(milliseconds: Int64) throws {
        let server = try server(roundTrip: 50)
        let stream = try server.lastAccepted()
        for _ in 0..<5 {
            let frames = try passOn(Self.half, of: stream, on: server)
            #expect(growth(in: frames, passed: Self.half) == 0)
            clock.advance(by: .milliseconds(milliseconds))
        }
    }

    @Test func `a window grows when it is drained faster than before`() throws {
        let server = try server(roundTrip: 50)
        let stream = try server.lastAccepted()
        var growths: [Int] = []
        for pause in [5000, 5000, 99] as [Int64] {
            let frames = try passOn(Self.half, of: stream, on: server)
            growths.append(growth(in: frames, passed: Self.half))
            clock.advance(by: .milliseconds(pause))
        }
        let frames = try passOn(Self.half, of: stream, on: server)
        growths.append(growth(in: frames, passed: Self.half))
        #expect(growths == [0, 0, 0, Self.initial])
    }

    @Test func `no window grows while the round trip is unknown`() throws {
        let server = try server()
        let stream = try server.lastAccepted()
        for _ in 0..<5 {
            let frames = try passOn(Self.half, of: stream, on: server)
            #expect(growth(in: frames, passed: Self.half) == 0)
        }
    }

    /// Passes on what lets the windows of all streams grow as far as they can; returns by how much.
    func grow(_ streams: [YamuxStream], on server: Side) throws -> [Int] {
        var growths = streams.map { _ in 0 }
        for _ in 0..<12 {
            for (index, stream) in streams.enumerated() {
                let count = (Self.initial + growths[index]) / 2
                let frames = try passOn(count, of: stream, on: server)
                growths[index] += growth(in: frames, passed: count)
            }
        }
        return growths
    }

    @Test(arguments: [initial, initial + 1, 3 * initial, 1 << 20])
    func `a window grows to its maximum`(maximum: Int) throws {
        let server = try server(roundTrip: 50) { $0.maximumWindow = maximum }
        #expect(try grow(server.accepted, on: server) == [maximum - Self.initial])
    }

    @Test func `a maximum below the protocol's window takes nothing from the peer`() throws {
        let server = try server(roundTrip: 50) { $0.maximumWindow = 100_000 }
        let stream = try server.lastAccepted()
        try server.receive(.data(1, [], octets(Self.half)))
        server.session.consumed(Self.half, of: stream)
        try server.receive(.data(1, [], octets(Self.half)))
        server.session.consumed(Self.half, of: stream)
        // Half of the window was given back at the least, and the other half never used.
        try server.receive(.data(1, [], octets(Self.half)))
    }

    @Test func `the windows of a session grow together by so much at the most`() throws {
        let server = try server(streams: 3, roundTrip: 50) {
            $0.maximumWindow = 1 << 20
            $0.maximumGrowth = 1_000_000
        }
        let growths = try grow(server.accepted, on: server)
        #expect(growths.reduce(0, +) == 1_000_000)
    }

    enum Ending: CaseIterable { case both, reset, resetByPeer }

    @Test(arguments: Ending.allCases)
    func `growth comes back when its stream ends`(ending: Ending) throws {
        let server = try server(streams: 1, roundTrip: 50) { $0.maximumGrowth = 1_000_000 }
        for id in stride(from: UInt32(1), through: 9, by: 2) {
            let stream = try server.lastAccepted()
            #expect(try grow([stream], on: server) == [1_000_000])
            switch ending {
            case .both:
                try server.receive(.data(id, .fin))
                server.send("", on: stream, isEnd: true)
            case .reset: server.session.reset(stream)
            case .resetByPeer: try server.receive(.window(id, .rst))
            }
            #expect(server.session.streamCount == 0)
            try server.receive(.window(id + 2, .syn))
        }
    }

    @Test func `the peer of a window that grew uses it`() throws {
        let pair = SessionPair(server: .make(clock: clock))
        pair.server.session.roundTrip = .seconds(1)
        let streams = try pair.establish()
        pair.client.send(octets(1_000_000), on: streams.client)
        try pair.pass()
        pair.server.isReading = false
        let before = pair.server.received[1]?.count ?? 0
        pair.client.send(octets(40_000_000), on: streams.client)
        try pair.pass()
        #expect((pair.server.received[1]?.count ?? 0) - before > 2 * Self.initial)
    }
}
