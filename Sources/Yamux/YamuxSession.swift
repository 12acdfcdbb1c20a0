package import NIOCore

/// A session of yamux: many streams over one connection, as a state machine.
///
/// Octets of the peer go into ``next(from:)``, which tells what they mean, frame by frame; octets for
/// the peer are taken with ``takeOutput(_:)``. It knows no socket and no time but what it is given, and
/// lives on one event loop.
package final class YamuxSession {
    package enum Role: Sendable {
        /// The side that dialled; its streams have odd numbers.
        case client
        case server
    }

    /// What a frame of the peer, or a part of one, means.
    package enum Event {
        /// Octets of a stream, its beginning and its end, as far as they are there.
        case data(YamuxStream, ByteBuffer, isNew: Bool, isEnd: Bool)
        /// The peer has killed the stream.
        case reset(YamuxStream)
        /// An answer to ``ping(_:)``, with its value.
        case pong(UInt32)
        /// The peer opens no stream any more, and takes none; those that are open go on.
        case goAway(YamuxEnd)
    }

    /// Data of a frame that is only partly there.
    private struct Body {
        var stream: YamuxStream?
        var left: Int
        var isNew: Bool
        var isEnd: Bool
    }

    package let configuration: YamuxConfiguration
    /// The round trip as the session's user measured it; windows grow by it.
    package var roundTrip: TimeAmount?
    /// Streams that are open.
    package var streamCount: Int { streams.count }
    package private(set) var isGoingAway = false
    package private(set) var peerIsGoingAway = false

    private var saidReason: YamuxEnd?
    private var takesLate = false
    private let role: Role
    private var streams: [UInt32: YamuxStream] = [:]
    private var incomingCount = 0
    private var nextID: UInt32
    private var lastIncomingID: UInt32 = 0
    /// Numbers below the last one that were not used yet: a peer with several threads may open its
    /// streams in one order and send their first frames in another.
    private var skippedIDs: Set<UInt32> = []
    private var output: ByteBuffer
    /// Streams with something to send that had no room in the output, in the order of their turns.
    private var line = CircularBuffer<YamuxStream>()
    private var deadInLine = 0
    private var withRoom: [YamuxStream] = []
    private var partialHeader = ByteBuffer()
    private var body: Body?
    private var growthLeft: Int

    package init(_ role: Role, _ configuration: YamuxConfiguration = .init()) {
        self.role = role
        self.configuration = configuration
        nextID = role == .client ? 1 : 2
        growthLeft = configuration.maximumGrowth
        output = ByteBuffer()
    }

    // MARK: What comes

    /// Takes the next frame, or the part of it that is there, from the front of `bytes`.
    ///
    /// - Returns: `nil` when all of `bytes` is taken.
    /// - Throws: ``YamuxViolation``; the session is over then, and its output says so.
    package func next(from bytes: inout ByteBuffer) throws(YamuxViolation) -> Event? {
        do {
            while true {
                if body != nil {
                    guard let event = nextPart(of: &bytes) else {
                        if bytes.readableBytes == 0 { return nil }
                        continue
                    }
                    return event
                }
                guard let header = try header(from: &bytes) else { return nil }
                if let event = try take(header) { return event }
            }
        } catch {
            goAway(.protocolError)
            throw error
        }
    }

    private func header(from bytes: inout ByteBuffer) throws(YamuxViolation) -> YamuxHeader? {
        if partialHeader.readableBytes == 0, bytes.readableBytes >= YamuxHeader.count {
            return try YamuxHeader(reading: &bytes)
        }
        let missing = YamuxHeader.count - partialHeader.readableBytes
        if var part = bytes.readSlice(length: min(missing, bytes.readableBytes)) {
            partialHeader.writeBuffer(&part)
        }
        guard partialHeader.readableBytes == YamuxHeader.count else { return nil }
        defer { partialHeader.clear() }
        return try YamuxHeader(reading: &partialHeader)
    }

    private func take(_ header: YamuxHeader) throws(YamuxViolation) -> Event? {
        switch header.kind {
        case .ping:
            guard header.stream == 0 else { throw .misplaced(stream: header.stream) }
            if header.flags.contains(.ack) { return .pong(header.length) }
            write(YamuxHeader(.ping, flags: .ack, stream: 0, length: header.length))
            return nil
        case .goAway:
            guard header.stream == 0 else { throw .misplaced(stream: header.stream) }
            peerIsGoingAway = true
            return .goAway(YamuxEnd(rawValue: header.length) ?? .internalError)
        case .data: return try takeData(header)
        case .windowUpdate: return try takeWindow(header)
        }
    }

    private func takeData(_ header: YamuxHeader) throws(YamuxViolation) -> Event? {
        let (stream, isNew) = try stream(of: header)
        let count = Int(header.length)
        if let stream, !header.flags.contains(.rst) {
            guard !stream.isEndedByPeer else { throw .misplaced(stream: header.stream) }
            guard stream.receiveWindow.take(count) else {
                throw .windowExceeded(stream: header.stream)
            }
        }
        if header.flags.contains(.rst) {
            if count > 0 { body = Body(stream: nil, left: count, isNew: false, isEnd: false) }
            return killed(stream)
        }
        let isEnd = header.flags.contains(.fin)
        if count > 0 {
            body = Body(stream: stream, left: count, isNew: isNew, isEnd: isEnd)
            return nil
        }
        guard let stream, isNew || isEnd else { return nil }
        if isEnd { endedByPeer(stream) }
        return .data(stream, ByteBuffer(), isNew: isNew, isEnd: isEnd)
    }

    /// The part of a data frame that is there; `nil` when that is nothing, or nobody's.
    private func nextPart(of bytes: inout ByteBuffer) -> Event? {
        guard let current = body,
            let part = bytes.readSlice(length: min(current.left, bytes.readableBytes)),
            part.readableBytes > 0
        else { return nil }
        let left = current.left - part.readableBytes
        body =
            left == 0
            ? nil : Body(stream: current.stream, left: left, isNew: false, isEnd: current.isEnd)
        // A stream that we have reset in the meantime has nobody who reads it.
        guard let stream = current.stream, !stream.isReset else { return nil }
        let isEnd = left == 0 && current.isEnd
        if isEnd { endedByPeer(stream) }
        return .data(stream, part, isNew: current.isNew, isEnd: isEnd)
    }

    private func takeWindow(_ header: YamuxHeader) throws(YamuxViolation) -> Event? {
        let (stream, isNew) = try stream(of: header)
        guard let stream else { return nil }
        if header.flags.contains(.rst) { return killed(stream) }
        stream.sendWindow += Int(header.length)
        guard stream.sendWindow <= UInt32.max else { throw .windowOverflow(stream: header.stream) }
        standInLine(stream)
        let isEnd = header.flags.contains(.fin) && !stream.isEndedByPeer
        if isEnd { endedByPeer(stream) }
        return isNew || isEnd ? .data(stream, ByteBuffer(), isNew: isNew, isEnd: isEnd) : nil
    }

    /// The stream that a frame is about; `nil` for one that is over, or that we do not take.
    private func stream(
        of header: YamuxHeader
    ) throws(YamuxViolation) -> (YamuxStream?, isNew: Bool) {
        let id = header.stream
        guard id != 0 else { throw .misplaced(stream: 0) }
        guard header.flags.contains(.syn) else { return (streams[id], false) }
        try takeIncoming(id)
        if header.flags.contains(.rst) { return (nil, false) }
        guard incomingCount < configuration.maximumIncomingStreams, !isGoingAway || takesLate
        else {
            write(YamuxHeader(.windowUpdate, flags: .rst, stream: id, length: 0))
            return (nil, false)
        }
        let stream = YamuxStream(id: id, greeting: .ack, window: YamuxConfiguration.initialWindow)
        streams[id] = stream
        incomingCount += 1
        return (stream, true)
    }

    /// Notes that the peer uses a number; each may be used once.
    private func takeIncoming(_ id: UInt32) throws(YamuxViolation) {
        guard (id % 2 == 1) == (role == .server) else { throw .streamID(id) }
        guard id > lastIncomingID else {
            guard skippedIDs.remove(id) != nil else { throw .streamID(id) }
            return
        }
        let first = lastIncomingID == 0 ? (role == .server ? 1 : 2) : lastIncomingID + 2
        guard Int(id - first) / 2 + skippedIDs.count <= maximumSkipped else {
            throw .streamID(id)
        }
        for skipped in stride(from: first, to: id, by: 2) { skippedIDs.insert(skipped) }
        lastIncomingID = id
    }

    /// Numbers that a peer may leave out for later: a reset overtakes all streams that wait their turn.
    private var maximumSkipped: Int { max(1024, configuration.maximumIncomingStreams) }

    private func killed(_ stream: YamuxStream?) -> Event? {
        guard let stream, !stream.isReset else { return nil }
        forget(stream, asReset: true)
        return .reset(stream)
    }

    private func endedByPeer(_ stream: YamuxStream) {
        stream.isEndedByPeer = true
        if stream.isOver { forget(stream, asReset: false) }
    }

    // MARK: What goes

    /// Opens a stream; the peer learns of it with what is sent first.
    ///
    /// - Returns: `nil` when one of the sides goes away, or all numbers are used up.
    package func open() -> YamuxStream? {
        guard !isGoingAway, !peerIsGoingAway, nextID <= UInt32.max - 2 else { return nil }
        let stream = YamuxStream(
            id: nextID, greeting: .syn, window: YamuxConfiguration.initialWindow)
        nextID += 2
        streams[stream.id] = stream
        return stream
    }

    /// Whether the numbers of streams come to their end, so that another session should take over; those
    /// that are left are for what happens until then.
    package var isExhausted: Bool { nextID > UInt32.max - 2 * Self.reservedStreams }

    private static let reservedStreams: UInt32 = 1_000_000

    /// Sends octets, and with `isEnd` says that none follow; what has no room waits in the stream.
    package func send(_ bytes: ByteBuffer, on stream: YamuxStream, isEnd: Bool = false) {
        guard !stream.isReset, !stream.isEnded else { return }
        stream.isEnded = isEnd
        let count = bytes.readableBytes
        // The common case: nothing waits, all of it fits.
        if stream.backlog.isEmpty, line.isEmpty, count <= stream.sendWindow,
            count <= configuration.sharedFrameBytes,
            output.readableBytes < configuration.maximumOutputBytes
        {
            if count > 0 || isEnd { writeData(bytes, on: stream, isEnd: isEnd) }
            return
        }
        stream.backlog.append(bytes)
        standInLine(stream)
    }

    /// Whether more should be sent on the stream now; if not, ``takeStreamsWithRoom()`` has it once it should.
    package func hasRoom(_ stream: YamuxStream) -> Bool {
        let hasRoom = stream.waitingBytes < configuration.highWaterBytes
        stream.wantsRoom = !hasRoom
        return hasRoom
    }

    /// Streams whose writers paused and may go on; each is told once.
    package func takeStreamsWithRoom() -> [YamuxStream] {
        defer { withRoom.removeAll(keepingCapacity: true) }
        for stream in withRoom { stream.isToldOfRoom = false }
        return withRoom.filter { !$0.isReset }
    }

    /// Kills a stream: neither side sends anything any more.
    ///
    /// Not a way to end one: what the peer has not read yet may be lost to it.
    package func reset(_ stream: YamuxStream) {
        guard !stream.isReset, streams[stream.id] === stream else { return }
        // Also of one that the peer has not heard of: its number must not stay open.
        let opening = stream.greeting.intersection(.syn)
        forget(stream, asReset: true)
        write(
            YamuxHeader(.windowUpdate, flags: opening.union(.rst), stream: stream.id, length: 0))
    }

    /// Ends a stream to which the peer has said everything: what still waits for it is not wanted any more.
    package func settle(_ stream: YamuxStream) {
        if !stream.hasSentEnd { reset(stream) }
    }

    /// Notes that octets of a stream have been passed on, so that the peer may send as many again.
    package func consumed(_ count: Int, of stream: YamuxStream) {
        guard count > 0, !stream.isEndedByPeer, !stream.isReset else { return }
        let returned = stream.receiveWindow.giveBack(
            count, roundTrip: roundTrip, maximum: configuration.maximumWindow,
            growth: &growthLeft, clock: configuration.clock)
        guard returned > 0 else { return }
        write(
            YamuxHeader(
                .windowUpdate, flags: stream.greeting, stream: stream.id, length: UInt32(returned)))
        stream.greeting = []
    }

    /// Accepts the streams of the peer on which nothing has been said yet.
    ///
    /// Usually the first frame does that; a peer may lose its patience when that is long in coming
    /// (hashicorp/yamux ends its session after 75 s).
    package func acceptStreams() {
        for stream in streams.values where stream.greeting.contains(.ack) {
            write(YamuxHeader(.windowUpdate, flags: .ack, stream: stream.id, length: 0))
            stream.greeting = []
        }
    }

    /// Asks for a ``Event/pong(_:)`` with that value.
    package func ping(_ value: UInt32) {
        write(YamuxHeader(.ping, flags: .syn, stream: 0, length: value))
    }

    /// Says that no stream is opened or taken any more.
    ///
    /// With `takesLate` those are taken that the peer opens before it hears of it, which would be reset otherwise.
    package func goAway(_ reason: YamuxEnd, takesLate: Bool = false) {
        guard reason.rawValue > saidReason?.rawValue ?? 0 || !isGoingAway else { return }
        isGoingAway = true
        self.takesLate = takesLate
        saidReason = reason
        write(YamuxHeader(.goAway, stream: 0, length: reason.rawValue))
    }

    /// Kills all streams, as their connection is gone; returns them.
    package func abandon() -> [YamuxStream] {
        for stream in line { stream.isInLine = false }
        line.removeAll()
        deadInLine = 0
        let all = Array(streams.values)
        for stream in all { forget(stream, asReset: true) }
        output.clear()
        withRoom = []
        return all
    }

    /// Whether there is something to send.
    package var hasOutput: Bool { output.readableBytes > 0 || !line.isEmpty }

    /// Whether the peer reads so little of what we say that we should read nothing of it.
    package var isClogged: Bool { output.readableBytes > 2 * configuration.maximumOutputBytes }

    /// Hands out the octets to send next, about ``YamuxConfiguration/maximumOutputBytes`` at the most.
    ///
    /// Streams take turns, one frame each. A buffer that `body` does not keep is used again.
    package func takeOutput(_ body: (ByteBuffer) -> Void) {
        fill()
        guard output.readableBytes > 0 else { return }
        var taken = output
        output = ByteBuffer()
        body(taken)
        // What was written in the meantime, as an answer to an error perhaps, is for the next time.
        guard output.readableBytes == 0, taken.capacity <= Self.maximumKeptBytes else { return }
        taken.clear()
        output = taken
    }

    /// Octets of a buffer that an idle session keeps.
    private static let maximumKeptBytes = 64 << 10

    private func fill() {
        while output.readableBytes < configuration.maximumOutputBytes, let stream = line.popFirst()
        {
            stream.isInLine = false
            if stream.isReset { deadInLine -= 1 }
            guard stream.canSend else { continue }
            let limit = line.isEmpty ? configuration.soleFrameBytes : configuration.sharedFrameBytes
            writeWaiting(on: stream, limit: limit)
            if stream.wantsRoom, stream.waitingBytes < configuration.highWaterBytes / 2 {
                stream.wantsRoom = false
                if !stream.isToldOfRoom { withRoom.append(stream) }
                stream.isToldOfRoom = true
            }
            if stream.canSend { standInLine(stream) }
        }
    }

    /// Notes that one in the line is dead, and takes the dead out once they are the most of it: the line may
    /// stand still for as long as the peer reads nothing.
    private func dieInLine() {
        deadInLine += 1
        guard deadInLine > Self.maximumDeadInLine, deadInLine > line.count / 2 else { return }
        line.removeAll { $0.isReset }
        deadInLine = 0
    }

    private static let maximumDeadInLine = 32

    private func standInLine(_ stream: YamuxStream) {
        guard !stream.isInLine, stream.canSend else { return }
        stream.isInLine = true
        line.append(stream)
    }

    /// Writes one frame of what waits.
    private func writeWaiting(on stream: YamuxStream, limit: Int) {
        let count = min(limit, stream.sendWindow, stream.backlog.count)
        let isEnd = stream.isEnded && count == stream.backlog.count
        writeHeader(ofData: count, on: stream, isEnd: isEnd)
        stream.backlog.move(count, to: &output)
        if stream.isOver { forget(stream, asReset: false) }
    }

    private func writeData(_ bytes: ByteBuffer, on stream: YamuxStream, isEnd: Bool) {
        writeHeader(ofData: bytes.readableBytes, on: stream, isEnd: isEnd)
        output.writeImmutableBuffer(bytes)
        if stream.isOver { forget(stream, asReset: false) }
    }

    private func writeHeader(ofData count: Int, on stream: YamuxStream, isEnd: Bool) {
        stream.sendWindow -= count
        var flags = stream.greeting
        stream.greeting = []
        if isEnd {
            flags.insert(.fin)
            stream.hasSentEnd = true
        }
        write(YamuxHeader(.data, flags: flags, stream: stream.id, length: UInt32(count)))
    }

    private func write(_ header: YamuxHeader) { header.write(to: &output) }

    private func forget(_ stream: YamuxStream, asReset isReset: Bool) {
        stream.isReset = isReset
        stream.backlog.clear()
        if isReset, stream.isInLine { dieInLine() }
        growthLeft += stream.receiveWindow.size - YamuxConfiguration.initialWindow
        guard streams.removeValue(forKey: stream.id) != nil else { return }
        if (stream.id % 2 == 1) == (role == .server) { incomingCount -= 1 }
    }
}
