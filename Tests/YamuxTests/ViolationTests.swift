import NIOCore
import Testing
import Yamux

/// What a peer must not send; and what it may, though it looks odd.
@Suite struct ViolationTests {
    static let protocolError = Frame.goAway(1)

    struct Case: CustomTestStringConvertible, Sendable {
        let what: String
        let frames: [Frame]
        let violation: YamuxViolation

        init(_ what: String, _ frames: Frame..., is violation: YamuxViolation) {
            self.what = what
            self.frames = frames
            self.violation = violation
        }

        var testDescription: String { what }
    }

    static let cases = [
        Case("an even stream of a client", .data(2, .syn, "a"), is: .streamID(2)),
        Case("the same with a window", .window(2, .syn), is: .streamID(2)),
        Case(
            "a second SYN on an open stream", .data(1, .syn), .data(1, .syn, "a"),
            is: .streamID(1)),
        Case("the same with a window", .window(1, .syn), .window(1, .syn), is: .streamID(1)),
        Case(
            "the number of a stream that was killed", .data(1, .syn), .window(1, .rst),
            .data(1, .syn), is: .streamID(1)),
        Case(
            "the number of a stream that opened with its reset", .data(1, [.syn, .rst]),
            .data(1, .syn), is: .streamID(1)),
        Case("a stream of number 0", .data(0, .syn, "a"), is: .misplaced(stream: 0)),
        Case("data of the session", .data(0, [], "a"), is: .misplaced(stream: 0)),
        Case("a window of the session", .window(0, [], adds: 1), is: .misplaced(stream: 0)),
        Case("a ping of a stream", .ping(.syn, 1, stream: 1), is: .misplaced(stream: 1)),
        Case("an answer of a stream", .ping(.ack, 1, stream: 1), is: .misplaced(stream: 1)),
        Case("going away of a stream", .goAway(0, stream: 1), is: .misplaced(stream: 1)),
        Case(
            "data behind the end", .data(1, [.syn, .fin], "a"), .data(1, [], "b"),
            is: .misplaced(stream: 1)),
        Case(
            "more than the window", .data(1, .syn, octets(262_145)),
            is: .windowExceeded(stream: 1)),
    ]

    @Test(arguments: cases)
    func `the session ends with`(it: Case) throws {
        let server = Side(.server)
        for frame in it.frames.dropLast() { try server.receive(frame) }
        let last = try #require(it.frames.last)
        #expect(server.violation(in: last) == it.violation)
        #expect(try server.take() == [Self.protocolError])
        #expect(server.session.isGoingAway)
        #expect(server.session.open() == nil)
    }

    @Test(arguments: [[1, 0], [0, 4], [255, 255]] as [[UInt8]])
    func `the session ends with a frame that is none`(start: [UInt8]) throws {
        let server = Side(.server)
        #expect(throws: YamuxViolation.self) {
            try server.receive(bytes: start + [UInt8](repeating: 0, count: 10))
        }
        #expect(try server.take() == [Self.protocolError])
    }

    @Test func `a stream that ended is not opened again`() throws {
        let server = Side(.server)
        try server.receive(.data(1, [.syn, .fin]))
        server.send("", on: try server.lastAccepted(), isEnd: true)
        #expect(server.session.streamCount == 0)
        #expect(server.violation(in: .data(1, .syn)) == .streamID(1))
    }

    @Test func `a server must not open a client's streams`() throws {
        let client = Side(.client)
        client.send("a", on: try client.open())
        #expect(client.violation(in: .data(1, .syn, "a")) == .streamID(1))
        #expect(Side(.client).violation(in: .data(7, .syn)) == .streamID(7))
        #expect(try Side(.client).receive(.data(8, .syn)) == [.came(8, isNew: true)])
    }

    @Test func `what came before a violation counts`() throws {
        let server = Side(.server)
        #expect(
            server.violation(in: .data(1, .syn, "a"), .ping(.syn, 9), .data(2, .syn))
                == .streamID(2))
        #expect(server.received[1] == Array("a".utf8))
        #expect(try server.take() == [.ping(.ack, 9), Self.protocolError])
    }

    @Test func `who is going away already names a violation all the same`() throws {
        let server = Side(.server)
        server.session.goAway(.normal)
        #expect(server.violation(in: .data(2, .syn)) == .streamID(2))
        #expect(try server.take() == [.goAway(0), Self.protocolError])
    }

    // MARK: Streams that we do not take

    @Test func `a stream too many is reset, and its data read past`() throws {
        let server = Side(.server, .make { $0.maximumIncomingStreams = 2 })
        #expect(
            try server.receive(
                .data(1, .syn, "a"), .window(3, .syn), .data(5, .syn, "gone"), .window(7, .syn),
                .data(5, [], "gone too"), .data(7, .fin, "and this"), .data(3, [], "b")) == [
                    .came(1, "a", isNew: true), .came(3, isNew: true), .came(3, "b"),
                ])
        #expect(try server.take() == [.window(5, .rst), .window(7, .rst)])
        #expect(server.session.streamCount == 2)
    }

    enum Ending: CaseIterable { case both, reset, resetByPeer }

    @Test(arguments: Ending.allCases)
    func `a stream that is over makes room for another`(ending: Ending) throws {
        let server = Side(.server, .make { $0.maximumIncomingStreams = 1 })
        for id in stride(from: UInt32(1), to: 21, by: 4) {
            #expect(
                try server.receive(.data(id, .syn, "a"), .data(id + 2, .syn)) == [
                    .came(id, "a", isNew: true)
                ])
            #expect(try server.take() == [.window(id + 2, .rst)])
            let stream = try server.lastAccepted()
            switch ending {
            case .both:
                server.send("", on: stream, isEnd: true)
                #expect(try server.receive(.data(id, .fin)) == [.came(id, isEnd: true)])
            case .reset: server.session.reset(stream)
            case .resetByPeer: #expect(try server.receive(.window(id, .rst)) == [.reset(id)])
            }
            _ = try server.take()
        }
    }

    @Test func `our own streams do not count`() throws {
        let server = Side(.server, .make { $0.maximumIncomingStreams = 1 })
        for _ in 0..<3 { server.send("a", on: try server.open()) }
        _ = try server.take()
        #expect(try server.receive(.data(1, .syn)) == [.came(1, isNew: true)])
        server.session.reset(try server.open())
        _ = try server.take()
        #expect(try server.receive(.data(3, .syn)) == [])
        #expect(try server.take() == [.window(3, .rst)])
    }

    // MARK: Streams that are none

    @Test(arguments: [2, 3, 9, UInt32.max])
    func `frames of a stream that is unknown are nobody's`(id: UInt32) throws {
        let server = Side(.server)
        #expect(
            try server.receive(
                .data(id, [], "gone"), .window(id, [], adds: 5), .window(id, .rst),
                .data(id, .fin), .data(id, .ack, "gone"), .data(1, .syn, "a")) == [
                    .came(1, "a", isNew: true)
                ])
        #expect(try server.take() == [])
        #expect(server.session.streamCount == 1)
    }

    @Test(arguments: [1, 5, 11, 12, 13, 100])
    func `unknown data is read past also in parts`(piece: Int) throws {
        let server = Side(.server)
        let bytes = [
            Frame.data(9, [], octets(1000)), .data(1, .syn, "a"), .data(9, [.fin], octets(7)),
            .data(1, .fin, "b"),
        ].bytes
        var happenings: [Happening] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            let end = min(start + piece, bytes.count)
            happenings += try server.receive(bytes: Array(bytes[start..<end]))
        }
        #expect(happenings == [.came(1, "a", isNew: true), .came(1, "b", isEnd: true)])
    }

    /// More than fits into memory is announced; nothing of it is kept.
    @Test func `unknown data may be longer than any window`() throws {
        let server = Side(.server)
        let header = YamuxHeader(.data, stream: 9, length: .max)
        try server.receive(Frame(header: header))
        for _ in 0..<10 { #expect(try server.receive(bytes: octets(100_000)) == []) }
        #expect(try server.take() == [])
    }
}
