import NIOCore
import Testing
import Yamux

/// What a session told of what came, with the streams as their numbers.
enum Happening: Hashable {
    case data(UInt32, [UInt8], isNew: Bool, isEnd: Bool)
    case reset(UInt32)
    case pong(UInt32)
    case goAway(YamuxEnd)

    /// Data that is text.
    static func came(
        _ stream: UInt32, _ text: String = "", isNew: Bool = false, isEnd: Bool = false
    ) -> Happening {
        .data(stream, Array(text.utf8), isNew: isNew, isEnd: isEnd)
    }
}

/// A session, and what its user knows.
final class Side {
    let session: YamuxSession
    /// Whether what comes is passed on at once.
    var isReading = true
    /// Streams of the peer in the order in which they came.
    private(set) var accepted: [YamuxStream] = []
    private(set) var received: [UInt32: [UInt8]] = [:]
    private(set) var ended: Set<UInt32> = []
    private(set) var killed: Set<UInt32> = []

    init(_ role: YamuxSession.Role, _ configuration: YamuxConfiguration = .make()) {
        session = YamuxSession(role, configuration)
    }

    // MARK: What comes

    @discardableResult
    func receive(_ frames: Frame...) throws(YamuxViolation) -> [Happening] {
        try receive(bytes: frames.bytes)
    }

    @discardableResult
    func receive(bytes: [UInt8]) throws(YamuxViolation) -> [Happening] {
        var buffer = ByteBuffer(bytes: bytes)
        var happenings: [Happening] = []
        while let event = try session.next(from: &buffer) { happenings.append(note(event)) }
        #expect(buffer.readableBytes == 0, "something was left")
        return happenings
    }

    /// What is wrong with the last of `frames`, which must be refused, and only that.
    func violation(
        in frames: Frame..., sourceLocation: SourceLocation = #_sourceLocation
    ) -> YamuxViolation? {
        do {
            try receive(bytes: frames.dropLast().bytes)
        } catch {
            Issue.record("\(error) came too early", sourceLocation: sourceLocation)
        }
        return #expect(throws: YamuxViolation.self, sourceLocation: sourceLocation) {
            try receive(bytes: frames.suffix(1).bytes)
        }
    }

    private func note(_ event: YamuxSession.Event) -> Happening {
        switch event {
        case .data(let stream, let bytes, let isNew, let isEnd):
            if isNew { accepted.append(stream) }
            let octets = Array(bytes.readableBytesView)
            received[stream.id, default: []] += octets
            if isEnd { ended.insert(stream.id) }
            if isReading { session.consumed(octets.count, of: stream) }
            return .data(stream.id, octets, isNew: isNew, isEnd: isEnd)
        case .reset(let stream):
            killed.insert(stream.id)
            return .reset(stream.id)
        case .pong(let value): return .pong(value)
        case .goAway(let reason): return .goAway(reason)
        }
    }

    /// The stream of the peer that came last.
    func lastAccepted(sourceLocation: SourceLocation = #_sourceLocation) throws -> YamuxStream {
        try #require(accepted.last, sourceLocation: sourceLocation)
    }

    // MARK: What goes

    func open(sourceLocation: SourceLocation = #_sourceLocation) throws -> YamuxStream {
        try #require(session.open(), sourceLocation: sourceLocation)
    }

    func send(_ text: String, on stream: YamuxStream, isEnd: Bool = false) {
        session.send(ByteBuffer(string: text), on: stream, isEnd: isEnd)
    }

    func send(_ octets: [UInt8], on stream: YamuxStream, isEnd: Bool = false) {
        session.send(ByteBuffer(bytes: octets), on: stream, isEnd: isEnd)
    }

    /// What goes out at once.
    func takeBytes() -> [UInt8] {
        var bytes: [UInt8] = []
        session.takeOutput { bytes += $0.readableBytesView }
        return bytes
    }

    /// The frames that go out until nothing more does.
    func take(sourceLocation: SourceLocation = #_sourceLocation) throws -> [Frame] {
        var bytes: [UInt8] = []
        while session.hasOutput { bytes += takeBytes() }
        return try #require(Frame.all(in: bytes), sourceLocation: sourceLocation)
    }
}

/// So many octets that no two places nearby look the same.
func octets(_ count: Int, seed: Int = 0) -> [UInt8] {
    var word = UInt32(truncatingIfNeeded: seed &* 2_654_435_769 &+ 1)
    return [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
        for place in 0..<count {
            word = word &* 1_664_525 &+ 1_013_904_223
            room.initializeElement(at: place, to: UInt8(word >> 24))
        }
        initialized = count
    }
}
