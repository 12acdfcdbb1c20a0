import Foundation
import NIOCore
import NIOOpenSSL

/// The channel that leads to a sender, with what the system knows of it.
///
/// Confined to its event loop.
final class SenderChannel {
    /// Octets below which a piece is joined with others while the sender does not read: each write costs
    /// some hundred octets beside its own.
    private static let joinedBytes = 1024

    private let context: ChannelHandlerContext
    private let isTLS: Bool
    /// What the channel says of it, which is asked often.
    private(set) var isWritable = true
    /// The address at the other end, which the system is asked for once.
    private(set) lazy var address = context.remoteAddress?.ipAddress ?? ""
    /// Small pieces that wait for the sender to read.
    private var joined = ByteBuffer()
    /// Octets that the system had not taken at the last look at them.
    private var lastUnsent = Int.max

    init(_ context: ChannelHandlerContext, isTLS: Bool) {
        self.context = context
        self.isTLS = isTLS
    }

    func noteWritability() {
        isWritable = context.channel.isWritable
        guard isWritable, joined.readableBytes > 0 else { return }
        writeJoined()
        context.flush()
    }

    func read() { context.read() }

    func write(_ bytes: ByteBuffer) {
        if isWritable { return context.write(NIOAny(bytes), promise: nil) }
        guard bytes.readableBytes >= Self.joinedBytes else {
            joined.writeImmutableBuffer(bytes)
            return
        }
        writeJoined()
        context.write(NIOAny(bytes), promise: nil)
    }

    private func writeJoined() {
        guard joined.readableBytes > 0 else { return }
        let bytes = joined
        joined = ByteBuffer()
        context.write(NIOAny(bytes), promise: nil)
    }

    func flush() { context.flush() }
    func closeOutput() { context.close(mode: .output, promise: nil) }
    func close() { context.close(promise: nil) }

    /// Notes that there is more to read: at the next look the sender counts as reading, whatever it took.
    func noteMore() { lastUnsent = .max }

    /// Whether the sender is slow, but has taken something since the last look.
    func isBeingRead() -> Bool {
        let unsent = unsent
        defer { lastUnsent = unsent }
        return unsent > 0 && unsent < lastUnsent
    }

    /// Octets that the system has not taken.
    private var unsent: Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Flushes, and calls `body` once the system has taken all of that, or never will: at once, where that is so.
    func flush(whenSent body: @escaping () -> Void) {
        writeJoined()
        context.flush()
        lastUnsent = unsent
        guard lastUnsent > 0 else { return body() }
        let eventLoop = context.eventLoop
        let sent = eventLoop.makePromise(of: Void.self)
        // Not at once: the channel is in the middle of writing then, and would not write a farewell.
        sent.futureResult.assumeIsolated().whenComplete { _ in
            eventLoop.assumeIsolated().execute(body)
        }
        context.writeAndFlush(NIOAny(ByteBuffer()), promise: sent)
    }

    /// Flushes, and makes the end that follows one that no whole answer has; `endsConnection`: a whole one
    /// would end so.
    func showCut(endsConnection: Bool) {
        writeJoined()
        context.flush()
        if isTLS {
            context.triggerUserOutboundEvent(TLSEvent.cut, promise: nil)
        } else if endsConnection {
            // A plain end is how such an answer ends when it is whole.
            let provider = context.channel as? any SocketOptionProvider
            _ = provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
    }
}
