import NIOCore
import NIOHTTP1

/// Stands between the HTTP decoder and the network: keeps what comes byte for byte, and lets out
/// the exact bytes that we made.
///
/// The decoder must see each request's head to know how its answer ends, so requests pass it as
/// parts; on this side only the bytes of the body parts go on, and the first of them is our own head.
final class WireTap: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = ByteBuffer

    /// Called with the bytes of each read, before the decoder sees them; returns whether to go on.
    var received: (ByteBuffer) -> Bool = { _ in true }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if received(unwrapInboundIn(data)) { context.fireChannelRead(data) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .body(.byteBuffer(let bytes)) = unwrapOutboundIn(data) {
            context.write(wrapOutboundOut(bytes), promise: promise)
        } else {
            promise?.succeed()
        }
    }
}
