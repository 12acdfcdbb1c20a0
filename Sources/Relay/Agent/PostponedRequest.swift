import NIOCore
import Yamux

/// A request that is not begun yet: keeps what comes of it, and gives its sender no more room.
///
/// It is the stream's user until it is begun.
final class PostponedRequest: YamuxStreamUser {
    private let tunnel: TunnelHandler
    private let stream: YamuxStream
    /// What all that are postponed may keep.
    private let budget: RecordingBudget
    private var bytes = ByteBuffer()
    private var isEnd = false
    private(set) var isOver = false

    init(_ tunnel: TunnelHandler, _ stream: YamuxStream, _ budget: RecordingBudget) {
        self.tunnel = tunnel
        self.stream = stream
        self.budget = budget
        stream.user = self
    }

    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        guard budget.take(bytes.readableBytes) else { return refuse(bytes) }
        self.bytes.writeImmutableBuffer(bytes)
        self.isEnd = isEnd
    }

    /// Has `begin` make somebody the stream's user, and gives them what has come.
    func begin(_ begin: (YamuxStream) -> Void) {
        guard !isOver else { return }
        budget.giveBack(bytes.readableBytes)
        begin(stream)
        if bytes.readableBytes > 0 || isEnd {
            stream.user?.stream(stream, received: bytes, isEnd: isEnd)
        }
    }

    /// `latest`: what has no room.
    private func refuse(_ latest: ByteBuffer) {
        let start = bytes.readableBytes > 0 ? bytes : latest
        let isToHead = start.readableBytesView.starts(with: "HEAD ".utf8)
        end()
        tunnel.session.send(
            OwnAnswer.recordingTooSlow.bytes(isToHead: isToHead, closes: false), on: stream,
            isEnd: true)
        tunnel.scheduleFlush()
        stream.user = nil
    }

    private func end() {
        isOver = true
        budget.giveBack(bytes.readableBytes)
        bytes = ByteBuffer()
    }

    func streamWasReset(_ stream: YamuxStream, isLost: Bool) { end() }
    func streamHasRoom(_ stream: YamuxStream) {}
}

extension OwnAnswer {
    static let recordingTooSlow = OwnAnswer(
        503, "too-busy", "what is forwarded cannot be recorded as fast as it comes")
}
