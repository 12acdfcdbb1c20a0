import NIOCore
import Yamux

/// The way of one request through the tunnel, seen from the sender's connection.
///
/// In the common case the tunnel's connection lives on the same event loop, and nothing crosses threads.
enum Upstream {
    case here(TunnelHandler, YamuxStream)
    case across(Crossing)

    /// Opens a way for a request; `nil` when the tunnel has too many under way, or is gone.
    init?(through tunnel: TunnelHandler, for connection: PublicConnection) {
        let loop = connection.loop
        guard tunnel.eventLoop === loop.eventLoop else {
            self = .across(Crossing(tunnel, connection))
            return
        }
        let limit = loop.core.configuration.limits.streams
        guard let stream = Self.stream(through: tunnel, limit: limit) else { return nil }
        stream.user = connection
        self = .here(tunnel, stream)
    }

    /// A stream for a request, on the tunnel's loop; `limit`: requests under way in the connection.
    fileprivate static func stream(through tunnel: TunnelHandler, limit: Int) -> YamuxStream? {
        if tunnel.session.isExhausted { tunnel.user(as: RelayLine.self)?.retire() }
        guard tunnel.isOpen, tunnel.session.streamCount - RelayLine.controlStreams < limit else {
            return nil
        }
        return tunnel.session.open()
    }

    func send(_ bytes: ByteBuffer, isEnd: Bool) {
        switch self {
        case .here(let tunnel, let stream):
            tunnel.session.send(bytes, on: stream, isEnd: isEnd)
            tunnel.scheduleFlush()
        case .across(let crossing): crossing.send(bytes, isEnd: isEnd)
        }
    }

    /// Whether the sender should be read on; if not, the stream's user is told later.
    var hasRoom: Bool {
        switch self {
        case .here(let tunnel, let stream): tunnel.session.hasRoom(stream)
        case .across(let crossing): crossing.hasRoom
        }
    }

    func consumed(_ count: Int) {
        switch self {
        case .here(let tunnel, let stream):
            tunnel.session.consumed(count, of: stream)
            if tunnel.session.hasOutput { tunnel.scheduleFlush() }
        case .across(let crossing): crossing.consumed(count)
        }
    }

    /// Lets go of the way: by a reset, or of one that has nothing more to say; what still waits of the
    /// request is not wanted then.
    func letGo(isReset: Bool) {
        switch self {
        case .here(let tunnel, let stream):
            stream.user = nil
            if isReset { tunnel.session.reset(stream) } else { tunnel.session.settle(stream) }
            if isReset || tunnel.session.hasOutput { tunnel.scheduleFlush() }
        case .across(let crossing): crossing.letGo(isReset: isReset)
        }
    }
}

/// A request whose sender and whose tunnel live on different event loops: every step is a message.
///
/// `@unchecked Sendable`: `stream` is confined to the tunnel's loop, the rest to the sender's.
final class Crossing: YamuxStreamUser, @unchecked Sendable {
    private let tunnel: TunnelHandler
    private let senderLoop: any EventLoop
    private let limit: Int
    private var stream: YamuxStream?
    private var connection: PublicConnection?
    /// Octets that are on their way to the tunnel's loop at which the sender should pause.
    private static let maximumUnderWay = 256 << 10

    private var isFull = false
    private var underWay = 0
    private var hasBegun = false

    var hasRoom: Bool { !isFull && underWay < Self.maximumUnderWay }

    init(_ tunnel: TunnelHandler, _ connection: PublicConnection) {
        self.tunnel = tunnel
        self.connection = connection
        senderLoop = connection.loop.eventLoop
        limit = connection.loop.core.configuration.limits.streams
    }

    /// The first octets open the stream, so that its number and its first frame go in one step.
    func send(_ bytes: ByteBuffer, isEnd: Bool) {
        if !hasBegun {
            hasBegun = true
            tunnel.eventLoop.execute { self.open() }
        }
        let count = bytes.readableBytes
        underWay += count
        toTunnel { tunnel, stream in
            tunnel.session.send(bytes, on: stream, isEnd: isEnd)
            let isFull = !tunnel.session.hasRoom(stream)
            self.toSender { connection in
                let hadRoom = self.hasRoom
                self.underWay -= count
                // Also when it is not: the stream tells of room only who was told of none last.
                self.isFull = isFull
                if !hadRoom, self.hasRoom { connection.upstreamHasRoom() }
            }
        }
    }

    private func open() {
        stream = Upstream.stream(through: tunnel, limit: limit)
        stream?.user = self
        guard stream == nil else { return }
        let isBusy = tunnel.isOpen
        toSender { $0.upstreamIsRefused(isBusy: isBusy) }
    }

    /// Passes nothing more to the sender's connection.
    func letGo(isReset: Bool) {
        connection = nil
        tunnel.eventLoop.execute {
            guard let stream = self.stream else { return }
            // Also where the tunnel is gone: it has forgotten a stream that has ended.
            self.part(from: stream)
            guard self.tunnel.isOpen else { return }
            let session = self.tunnel.session
            if isReset { session.reset(stream) } else { session.settle(stream) }
            self.tunnel.scheduleFlush()
        }
    }

    /// Parts the two, as each keeps the other.
    private func part(from stream: YamuxStream) {
        stream.user = nil
        self.stream = nil
    }

    func consumed(_ count: Int) { toTunnel { $0.session.consumed(count, of: $1) } }

    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        toSender { $0.received(bytes, isEnd: isEnd) }
    }

    func streamWasReset(_ stream: YamuxStream, isLost: Bool) {
        part(from: stream)
        toSender { $0.upstreamWasReset(isLost: isLost) }
    }

    func streamHasRoom(_ stream: YamuxStream) {
        toSender { connection in
            self.isFull = false
            connection.upstreamHasRoom()
        }
    }

    private func toTunnel(_ body: @escaping @Sendable (TunnelHandler, YamuxStream) -> Void) {
        tunnel.eventLoop.execute {
            guard let stream = self.stream, self.tunnel.isOpen else { return }
            body(self.tunnel, stream)
            self.tunnel.scheduleFlush()
        }
    }

    private func toSender(_ body: @escaping @Sendable (PublicConnection) -> Void) {
        senderLoop.execute {
            guard let connection = self.connection else { return }
            body(connection)
            connection.loop.flushAll()
        }
    }
}
