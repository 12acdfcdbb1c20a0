import NIOCore

/// The way of a connection's requests through the tunnel, one after another: holds both directions to the
/// tunnel's rate, and lets the tunnel send as much of an answer again as the sender's system has taken.
///
/// Confined to the connection's event loop.
final class Passage {
    private var upstream: Upstream?
    private var tunnel: PublicTunnel?
    /// Octets of the answer that the system has not taken, and the tunnel does not know of as read.
    private var unreturned = 0
    /// Where the tunnel's rate has a limit: towards the handler, and back.
    private let requestPacing: Pacing?
    private let answerPacing: Pacing?

    /// `rate`: octets a second each way, 0 for no limit.
    init(rate: Int, on eventLoop: any EventLoop) {
        requestPacing = Pacing(rate: rate, on: eventLoop)
        answerPacing = Pacing(rate: rate, on: eventLoop)
    }

    var isOpen: Bool { upstream != nil }
    /// Whether the rate leaves no room for more of a request.
    var isPaused: Bool { requestPacing?.isPaused ?? false }
    /// Whether the tunnel takes more of a request; if not, the connection is told later.
    var hasRoom: Bool { upstream?.hasRoom ?? true }

    func open(_ upstream: Upstream, of tunnel: PublicTunnel?) {
        self.upstream = upstream
        self.tunnel = tunnel
    }

    /// Passes octets of the request on; returns by how much that pauses it, with `goOn` called behind that.
    func send(
        _ bytes: ByteBuffer, isEnd: Bool, goOn: @escaping () -> Void
    ) -> TimeAmount? {
        upstream?.send(bytes, isEnd: isEnd)
        guard let requestPacing, let allowance = tunnel?.requestAllowance else { return nil }
        return requestPacing.moved(bytes.readableBytes, of: allowance, goOn: goOn)
    }

    /// Ends the request where its octets leave that open.
    func sendEnd() { upstream?.send(ByteBuffer(), isEnd: true) }

    /// Notes octets of the answer; returns by how much that pauses it, with `goOn` called behind that.
    func received(_ count: Int, goOn: @escaping () -> Void) -> TimeAmount? {
        unreturned += count
        guard let answerPacing, let allowance = tunnel?.answerAllowance else { return nil }
        return answerPacing.moved(count, of: allowance, goOn: goOn)
    }

    /// Lets the tunnel send as much again, as the system has taken what came.
    func returnWindow() {
        guard unreturned > 0, let upstream else { return }
        if let answerPacing, answerPacing.isPaused { return }
        upstream.consumed(unreturned)
        unreturned = 0
    }

    /// Lets go of the way; returns whether there was one.
    func close(isReset: Bool) -> Bool {
        unreturned = 0
        guard let upstream else { return false }
        self.upstream = nil
        upstream.letGo(isReset: isReset)
        return true
    }
}
