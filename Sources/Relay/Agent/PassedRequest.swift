import NIOCore
import Yamux

/// A request that is passed on to a handler, and how far its answer has come.
final class PassedRequest {
    /// How much of an answer has been read.
    enum Reading {
        case head
        case body(HTTPBody, keepsConnection: Bool, endsWithConnection: Bool)
        case upgraded
    }

    /// Octets of a request that are sent again when a kept connection turns out to be closed.
    private static let maximumReplayBytes = 64 << 10
    private static let headMethod = Array("HEAD ".utf8)
    /// Methods whose requests may be sent twice (RFC 9110, section 9.2.2).
    private static let repeatable = ["GET ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "TRACE "].map {
        Array($0.utf8)
    }

    let tunnel: TunnelHandler
    let stream: YamuxStream
    var reading = Reading.head
    var status: Int?
    /// Whether the answer itself has begun to go into the tunnel; informational ones do not count.
    var hasBegun = false
    var recording: ExchangeRecording?
    private(set) var isComplete = false
    /// How many octets have been seen, of those that tell the method.
    private var seen = 0
    private var isLikeHead = true
    /// What has been sent over a connection that may be stale, to be sent again over another one.
    private var replay: ByteBuffer?

    init(
        _ tunnel: TunnelHandler, _ stream: YamuxStream, mayBeStale: Bool,
        recording: ExchangeRecording?
    ) {
        self.tunnel = tunnel
        self.stream = stream
        self.recording = recording
        replay = mayBeStale ? ByteBuffer() : nil
    }

    /// Whether any octet of it has been seen.
    var hasOctets: Bool { seen > 0 }

    /// A HEAD request's answer has no body, whatever its head says.
    var isToHead: Bool { isLikeHead && seen > 0 }

    /// Takes note of octets; `isEnd`: they are the last.
    func note(_ bytes: ByteBuffer, isEnd: Bool) {
        if seen < Self.headMethod.count { noteMethod(bytes) }
        // What another protocol says is no part of the request.
        if case .upgraded = reading {} else { recording?.request(bytes) }
        if isEnd { isComplete = true }
        noteForReplay(bytes)
    }

    private func noteMethod(_ bytes: ByteBuffer) {
        for octet in bytes.readableBytesView.prefix(Self.headMethod.count - seen) {
            if octet != Self.headMethod[seen] { isLikeHead = false }
            seen += 1
        }
    }

    private func noteForReplay(_ bytes: ByteBuffer) {
        guard let count = replay?.readableBytes else { return }
        if count == 0 {
            replay = bytes
        } else if count + bytes.readableBytes <= Self.maximumReplayBytes {
            replay?.writeImmutableBuffer(bytes)
        } else {
            replay = nil
        }
    }

    /// Forgets what would be sent again, as the handler has seen the request.
    func dropReplay() { replay = nil }

    /// What to send over another connection, where the handler may get the request twice in case it has got
    /// it once; no third time.
    func takeReplay() -> ByteBuffer? {
        guard let bytes = replay,
            Self.repeatable.contains(where: { bytes.readableBytesView.starts(with: $0) })
        else { return nil }
        replay = nil
        return bytes
    }

    func send(_ bytes: ByteBuffer, isEnd: Bool) {
        tunnel.session.send(bytes, on: stream, isEnd: isEnd)
        tunnel.scheduleFlush()
    }

    /// Answers in the handler's place; what has begun can only be cut.
    func fail(_ answer: OwnAnswer) {
        if hasBegun {
            tunnel.session.reset(stream)
            tunnel.scheduleFlush()
        } else {
            send(answer.bytes(isToHead: isToHead, closes: false), isEnd: true)
        }
    }
}
