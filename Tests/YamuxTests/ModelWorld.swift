import NIOCore
import TestSupport
import Testing
import Yamux

/// Two sessions, the wires between them, and what must come out of them.
///
/// Sides are 0 for the client and 1 for the server.
final class ModelWorld {
    /// What a session did that the model does not allow.
    struct Difference: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    struct Watched { weak var stream: YamuxStream? }

    private(set) var sessions: [YamuxSession] = []
    /// By the side that sends: what has not arrived.
    private var wires = [ByteBuffer(), ByteBuffer()]
    private var conversations: [UInt32: Conversation] = [:]
    private(set) var finished: [Conversation] = []
    private(set) var watched: [Watched] = []
    private var pings: [[UInt32]] = [[], []]
    private var lastPing: UInt32 = 0
    private let clock = TestClock()
    private var numbers: SeededNumbers
    /// Whether a side may refuse streams of the other, as it takes few.
    private let takesFew: Bool

    init(seed: UInt64) {
        numbers = SeededNumbers(seed: seed)
        takesFew = seed % 3 == 0
        for role in [YamuxSession.Role.client, .server] {
            let session = YamuxSession(role, randomConfiguration())
            if numbers.isOnce(in: 2) {
                session.roundTrip = .milliseconds(Int64(numbers.number(in: 1...100)))
            }
            sessions.append(session)
        }
    }

    private func randomConfiguration() -> YamuxConfiguration {
        .make(clock: clock) {
            $0.maximumIncomingStreams = takesFew ? 3 : 1000
            $0.maximumWindow = numbers.number(in: YamuxConfiguration.initialWindow...1_000_000)
            $0.maximumGrowth = numbers.number(in: 0...2_000_000)
            $0.sharedFrameBytes = numbers.number(in: 1...numbers.number(in: 1...40_000))
            $0.soleFrameBytes = numbers.number(in: $0.sharedFrameBytes...70_000)
            $0.maximumOutputBytes = numbers.number(in: 100...300_000)
            $0.highWaterBytes = numbers.number(in: 2...200_000)
        }
    }

    // MARK: Steps

    /// Does one thing at random.
    func step() throws {
        let side = numbers.number(in: 0...1)
        switch numbers.number(in: 0...99) {
        case 0..<10: open(side)
        case 10..<40: try send(side, isEnd: numbers.isOnce(in: 10))
        case 40..<42: kill(side)
        case 42..<60: read(side)
        case 60..<64: ping(side)
        case 64..<68: clock.advance(by: .milliseconds(Int64(numbers.number(in: 0...40))))
        case 68..<82: try take(side)
        default: try deliver(from: side, atMost: numbers.number(in: 1...100_000))
        }
        try hearOfRoom(side)
        forgetFinished()
    }

    private func any(
        of side: Int, where isSought: (Conversation) -> Bool = { _ in true }
    ) -> Conversation? {
        conversations.values.filter { $0.streams[side] != nil && isSought($0) }
            .sorted { $0.id < $1.id }.randomElement(using: &numbers)
    }

    private func open(_ side: Int) {
        guard conversations.values.count(where: { !$0.wasKilled }) < 24,
            let stream = sessions[side].open()
        else { return }
        watched.append(Watched(stream: stream))
        conversations[stream.id] = Conversation(stream, of: side)
    }

    private func send(_ side: Int, isEnd: Bool) throws {
        let found = any(of: side) { !$0.isDead(for: side) && !$0.ways[side].isEnded }
        guard let conversation = found, let stream = conversation.streams[side] else { return }
        let hasRoom = sessions[side].hasRoom(stream)
        conversation.ways[side].isPaused = !hasRoom
        guard hasRoom || isEnd else { return }
        let most = [50, 50, 50, 5000, 200_000].randomElement(using: &numbers) ?? 0
        send(numbers.number(in: 0...most), on: conversation, by: side, isEnd: isEnd)
    }

    private func send(_ count: Int, on conversation: Conversation, by side: Int, isEnd: Bool) {
        guard let stream = conversation.streams[side] else { return }
        let sent = conversation.ways[side].sent
        sessions[side].send(
            conversation.octets(from: sent, count: count, by: side), on: stream, isEnd: isEnd)
        conversation.ways[side].sent += count
        conversation.ways[side].isEnded = isEnd
    }

    private func kill(_ side: Int) {
        let found = any(of: side) { !$0.isDead(for: side) }
        guard let conversation = found, let stream = conversation.streams[side] else { return }
        kill(stream, of: conversation, by: side)
    }

    private func kill(_ stream: YamuxStream, of conversation: Conversation, by side: Int) {
        sessions[side].reset(stream)
        // Of a stream that is over for this side nothing is told.
        guard stream.isReset else { return }
        conversation.hasKilled[side] = true
        conversation.ways[1 - side].unread = 0
    }

    private func read(_ side: Int) {
        let found = any(of: side) { $0.ways[1 - side].unread > 0 }
        guard let conversation = found else { return }
        let unread = conversation.ways[1 - side].unread
        read(
            numbers.isOnce(in: 2) ? unread : numbers.number(in: 1...unread), of: conversation, side)
    }

    private func read(_ count: Int, of conversation: Conversation, _ side: Int) {
        guard let stream = conversation.streams[side] else { return }
        sessions[side].consumed(count, of: stream)
        conversation.ways[1 - side].unread -= count
    }

    private func ping(_ side: Int) {
        lastPing &+= 1
        pings[side].append(lastPing)
        sessions[side].ping(lastPing)
    }

    private func hearOfRoom(_ side: Int) throws {
        for stream in sessions[side].takeStreamsWithRoom() where !stream.isReset {
            guard let conversation = conversations[stream.id] else { continue }
            guard conversation.ways[side].isPaused else {
                throw Difference("stream \(stream.id) was told of room unasked")
            }
            conversation.ways[side].isPaused = false
        }
    }

    // MARK: Wires

    private func take(_ side: Int) throws {
        var taken = ByteBuffer()
        sessions[side].takeOutput { taken = $0 }
        wires[side].writeImmutableBuffer(taken)
        let largest = sessions[side].configuration.soleFrameBytes
        while taken.readableBytes > 0 {
            guard taken.readableBytes >= YamuxHeader.count else {
                throw Difference("half a frame went out")
            }
            let header = try YamuxHeader(reading: &taken)
            guard header.kind == .data else { continue }
            guard header.length <= largest, taken.readableBytes >= header.length else {
                throw Difference("a frame of \(header.length) octets went out")
            }
            taken.moveReaderIndex(forwardBy: Int(header.length))
        }
    }

    private func deliver(from side: Int, atMost most: Int) throws {
        let receiver = 1 - side
        guard !sessions[receiver].isClogged,
            var bytes = wires[side].readSlice(length: min(most, wires[side].readableBytes))
        else { return }
        wires[side].discardReadBytes()
        while let event = try sessions[receiver].next(from: &bytes) {
            try take(event, by: receiver)
        }
        guard bytes.readableBytes == 0 else { throw Difference("octets were left") }
    }

    private func take(_ event: YamuxSession.Event, by side: Int) throws {
        switch event {
        case .data(let stream, let bytes, let isNew, let isEnd):
            guard let conversation = conversations[stream.id] else {
                throw Difference("data of stream \(stream.id), which is over")
            }
            if isNew {
                guard conversation.streams[side] == nil else {
                    throw Difference("stream \(stream.id) came twice")
                }
                watched.append(Watched(stream: stream))
                conversation.streams[side] = stream
            }
            try take(bytes, of: conversation, by: side, isEnd: isEnd)
        case .reset(let stream):
            guard let conversation = conversations[stream.id], !conversation.isDead(for: side)
            else {
                throw Difference("a reset of stream \(stream.id), which is over")
            }
            let wasRefused = conversation.streams[1 - side] == nil
            guard conversation.hasKilled[1 - side] || wasRefused && mayRefuse(1 - side) else {
                throw Difference("nobody killed stream \(stream.id)")
            }
            conversation.hasHeardReset[side] = true
            conversation.ways[1 - side].unread = 0
        case .pong(let value):
            guard value == pings[side].first else { throw Difference("pong \(value)") }
            pings[side].removeFirst()
        case .goAway: break
        }
    }

    private func mayRefuse(_ side: Int) -> Bool { takesFew || sessions[side].isGoingAway }

    private func take(
        _ bytes: ByteBuffer, of conversation: Conversation, by side: Int, isEnd: Bool
    ) throws {
        var way = conversation.ways[1 - side]
        let count = bytes.readableBytes
        guard !conversation.isDead(for: side), !way.endWasReceived, way.received + count <= way.sent
        else { throw Difference("unexpected data of stream \(conversation.id)") }
        guard bytes == conversation.octets(from: way.received, count: count, by: 1 - side) else {
            throw Difference("other octets on stream \(conversation.id) after \(way.received)")
        }
        way.received += count
        way.unread += count
        way.endWasReceived = isEnd
        guard way.unread <= sessions[side].configuration.maximumWindow else {
            throw Difference("more unread than any window")
        }
        if isEnd, !way.isEnded || way.received < way.sent {
            throw Difference("stream \(conversation.id) ended after \(way.received)")
        }
        conversation.ways[1 - side] = way
    }

    /// Lets go of conversations of which nothing can come any more.
    private func forgetFinished() {
        let isQuiet = isQuiet
        for conversation in conversations.values
        where conversation.ways.allSatisfy(\.isWhole) || isQuiet && conversation.wasKilled {
            conversation.streams = [nil, nil]
            finished.append(conversation)
            conversations[conversation.id] = nil
        }
    }

    /// Whether nothing is under way.
    private var isQuiet: Bool {
        wires.allSatisfy { $0.readableBytes == 0 } && sessions.allSatisfy { !$0.hasOutput }
    }

    // MARK: The end

    func goAway(_ side: Int) { sessions[side].goAway(.normal) }

    /// Ends or kills all that is open and lets everything arrive.
    func finish() throws {
        for conversation in conversations.values.sorted(by: { $0.id < $1.id }) {
            for side in 0...1 where !conversation.isDead(for: side) {
                guard let stream = conversation.streams[side] else { continue }
                if numbers.isOnce(in: 8) {
                    kill(stream, of: conversation, by: side)
                } else if !conversation.ways[side].isEnded {
                    send(numbers.number(in: 0...1000), on: conversation, by: side, isEnd: true)
                }
            }
        }
        for _ in 0..<100_000 {
            try settle()
            if isQuiet, !hasUnread { break }
        }
        for side in 0...1 { try hearOfRoom(side) }
        forgetFinished()
        try check()
    }

    private var hasUnread: Bool {
        conversations.values.contains { $0.ways.contains { $0.unread > 0 } }
    }

    /// One round in which everything moves; what the other side has opened meanwhile is ended.
    private func settle() throws {
        for side in 0...1 {
            try take(side)
            try deliver(from: side, atMost: .max)
            for conversation in conversations.values {
                let unread = conversation.ways[1 - side].unread
                if unread > 0 { read(unread, of: conversation, side) }
                if conversation.streams[side] != nil, !conversation.isDead(for: side),
                    !conversation.ways[side].isEnded
                {
                    send(0, on: conversation, by: side, isEnd: true)
                }
            }
        }
    }

    private func check() throws {
        if let conversation = conversations.values.first {
            throw Difference("stream \(conversation.id) did not end: \(conversation.ways)")
        }
        for (side, session) in sessions.enumerated() {
            guard session.streamCount == 0 else {
                throw Difference("side \(side) keeps \(session.streamCount) streams")
            }
            guard !session.hasOutput, !session.isClogged, pings[side].isEmpty else {
                throw Difference("side \(side) has not said everything")
            }
        }
        for conversation in finished where !conversation.wasKilled {
            if let side = conversation.ways.firstIndex(where: \.isPaused) {
                throw Difference("stream \(conversation.id) of side \(side) never heard of room")
            }
        }
    }
}
