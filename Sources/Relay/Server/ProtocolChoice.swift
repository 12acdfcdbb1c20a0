import NIOCore
import NIOOpenSSL

/// Waits for the handshake, and then sets the connection up for what was chosen by ALPN.
final class ProtocolChoice: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let seconds: Int64
    private let choose: (any Channel, String?) throws -> Void
    private var patience: Scheduled<Void>?

    init(seconds: Int64, _ choose: @escaping (any Channel, String?) throws -> Void) {
        self.seconds = seconds
        self.choose = choose
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        patience = context.eventLoop.scheduleTask(in: .seconds(seconds)) {
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { patience?.cancel() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? TLSEvent, case .established(let agreement) = event else {
            return
        }
        do {
            try choose(context.channel, agreement.applicationProtocol)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
