import NIOCore
import TestSupport
import Testing
import Yamux

/// Edited recordings: whatever comes of them, it is events or a ``YamuxViolation``, in little memory.
@Suite struct FuzzTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a session takes or refuses what comes, and keeps little of it`(seed: UInt64) throws {
        var mutation = Mutation(
            numbers: SeededNumbers(seed: seed), recordings: Recording.all)
        var counts = FuzzedSession.Counts()
        for round in 0..<6000 {
            let input = mutation.next()
            do {
                let session = try FuzzedSession(
                    round.isMultiple(of: 3) ? .client : .server, seed: seed << 32 + UInt64(round))
                try session.take(input)
                counts.add(session.counts)
            } catch {
                let digits = input.map {
                    $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16)
                }
                Issue.record("round \(round): \(error)\n\(digits.joined())")
                return
            }
        }
        #expect((600..<5400).contains(counts.violations), "the edits are too mild or too wild")
        #expect(counts.streams > 1000)
        #expect(counts.resets > 100)
        #expect(counts.octets > 50_000)
    }
}

/// A session whose user does anything with what comes, and that is watched.
final class FuzzedSession {
    struct Counts {
        var violations = 0
        var streams = 0
        var resets = 0
        var octets = 0

        mutating func add(_ other: Counts) {
            violations += other.violations
            streams += other.streams
            resets += other.resets
            octets += other.octets
        }
    }

    struct Difference: Error, CustomStringConvertible {
        let description: String
    }

    private(set) var counts = Counts()
    private let session: YamuxSession
    private var numbers: SeededNumbers
    private var streams: [UInt32: YamuxStream] = [:]
    private var unread: [UInt32: Int] = [:]
    private var ownCount = 0
    private let takesOutput: Bool
    private static let maximumIncomingStreams = 8

    init(_ role: YamuxSession.Role, seed: UInt64) throws {
        numbers = SeededNumbers(seed: seed)
        takesOutput = numbers.isOnce(in: 2)
        session = YamuxSession(
            role,
            .make {
                $0.maximumIncomingStreams = Self.maximumIncomingStreams
                $0.maximumOutputBytes = 500
                $0.sharedFrameBytes = 64
                $0.soleFrameBytes = 256
                $0.highWaterBytes = 500
            })
        for _ in 0..<4 {
            let stream = try #require(session.open())
            streams[stream.id] = stream
            session.send(ByteBuffer(string: "?"), on: stream)
            ownCount += 1
        }
    }

    /// Takes all of `input`, in pieces, unless the session does not want to be given any more.
    func take(_ input: [UInt8]) throws {
        var rest = input[...]
        while !rest.isEmpty {
            if session.isClogged {
                guard takesOutput else { break }
                try takeOutput(after: input.count)
            }
            let part = rest.prefix(numbers.number(in: 1...200))
            rest = rest.dropFirst(part.count)
            guard try take(part: ByteBuffer(bytes: part)) else { break }
            if takesOutput, numbers.isOnce(in: 3) { try takeOutput(after: input.count) }
        }
        try finish(after: input.count)
    }

    /// Whether the session goes on.
    private func take(part: ByteBuffer) throws -> Bool {
        var part = part
        do {
            while let event = try session.next(from: &part) {
                try take(event)
                try check()
            }
        } catch is YamuxViolation {
            counts.violations += 1
            guard session.isGoingAway, session.open() == nil else {
                throw Difference(description: "the session goes on after a violation")
            }
            return false
        }
        guard part.readableBytes == 0 else { throw Difference(description: "octets were left") }
        return true
    }

    private func take(_ event: YamuxSession.Event) throws {
        switch event {
        case .data(let stream, let bytes, let isNew, let isEnd):
            guard isNew == (streams[stream.id] == nil), !stream.isReset,
                isEnd == stream.isEndedByPeer
            else { throw Difference(description: "unexpected data of stream \(stream.id)") }
            if isNew {
                counts.streams += 1
                streams[stream.id] = stream
            }
            counts.octets += bytes.readableBytes
            unread[stream.id, default: 0] += bytes.readableBytes
            guard unread[stream.id, default: 0] <= YamuxConfiguration.initialWindow else {
                throw Difference(description: "more than the window of stream \(stream.id)")
            }
            answer(stream)
        case .reset(let stream):
            counts.resets += 1
            guard stream.isReset, streams[stream.id] === stream else {
                throw Difference(description: "stream \(stream.id) died that was not there")
            }
        case .pong, .goAway: break
        }
    }

    private func answer(_ stream: YamuxStream) {
        switch numbers.number(in: 0...9) {
        case 0..<4:
            let count = numbers.number(in: 0...600)
            session.send(
                ByteBuffer(repeating: 7, count: count), on: stream, isEnd: numbers.isOnce(in: 3))
        case 4: session.reset(stream)
        case 5..<8:
            session.consumed(unread[stream.id, default: 0], of: stream)
            unread[stream.id] = 0
        case 8: _ = session.hasRoom(stream)
        default: _ = session.takeStreamsWithRoom()
        }
    }

    private func check() throws {
        guard session.streamCount <= Self.maximumIncomingStreams + ownCount else {
            throw Difference(description: "\(session.streamCount) streams are open")
        }
        for stream in streams.values where stream.isReset && stream.waitingBytes > 0 {
            throw Difference(description: "dead stream \(stream.id) keeps what it would have sent")
        }
    }

    /// An octet of output at the most comes of an octet of input, beside data.
    private func takeOutput(after count: Int) throws {
        var bytes = ByteBuffer()
        session.takeOutput { bytes = $0 }
        guard bytes.readableBytes <= 500 + 256 + YamuxHeader.count + count else {
            throw Difference(description: "\(bytes.readableBytes) octets went out at once")
        }
        guard let frames = Frame.all(in: Array(bytes.readableBytesView)) else {
            throw Difference(description: "what went out are no frames")
        }
        guard frames.allSatisfy({ $0.body.count <= 256 }) else {
            throw Difference(description: "a frame is too long")
        }
    }

    private func finish(after count: Int) throws {
        while session.hasOutput { try takeOutput(after: count) }
        _ = session.abandon()
        guard session.streamCount == 0, !session.hasOutput else {
            throw Difference(description: "something was left behind")
        }
    }
}
