import Foundation
import NIOCore
import NIOOpenSSL

/// The channel that leads to a sender, with what the system knows of it.
///
/// Confined to its event loop.
final class SenderChannel {
    let context: ChannelHandlerContext
    let isTLS: Bool
    /// The address at the other end, which the system is asked for once.
    private(set) lazy var address = context.remoteAddress?.ipAddress ?? ""
    /// Octets that the system had not taken at the last look at them.
    private var lastUnsent = Int.max

    init(_ context: ChannelHandlerContext, isTLS: Bool) {
        self.context = context
        self.isTLS = isTLS
    }

    /// What the channel says of it, which is asked often.
    private(set) var isWritable = true

    func writabilityChanged() { isWritable = context.channel.isWritable }

    func write(_ bytes: ByteBuffer) { context.write(NIOAny(bytes), promise: nil) }

    /// More has been written: all of that counts as taken at the next look at it.
    func hasMore() { lastUnsent = .max }

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

    /// Flushes, and calls `body` once the system has taken all of that; returns whether it has already.
    func flush(whenSent body: @escaping () -> Void) -> Bool {
        context.flush()
        lastUnsent = unsent
        guard lastUnsent > 0 else { return true }
        let eventLoop = context.eventLoop
        let sent = eventLoop.makePromise(of: Void.self)
        // Not at once: the channel is in the middle of writing then, and would not write a farewell.
        sent.futureResult.assumeIsolated().whenComplete { _ in
            eventLoop.assumeIsolated().execute(body)
        }
        context.writeAndFlush(NIOAny(ByteBuffer()), promise: sent)
        return false
    }

    /// Makes the end that follows one that no whole answer has; `endsConnection`: a whole one would end so.
    func showCut(endsConnection: Bool) {
        if isTLS {
            context.triggerUserOutboundEvent(TLSEvent.cut, promise: nil)
        } else if endsConnection {
            // A plain end is how such an answer ends when it is whole.
            let provider = context.channel as? any SocketOptionProvider
            _ = provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
    }
}
