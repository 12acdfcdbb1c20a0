import NIOCore
import NIOPosix

/// Facts about the tunnel that both of its ends go by.
enum Tunnel {
    /// What the agents' side speaks, by ALPN (RFC 7301): a session of yamux, the agent being its client.
    static let protocolName = "countersign-tunnel/1"
    /// Seconds between two pings, and until the answer to one must have come.
    static let pingSeconds: Int64 = 10
    /// Octets in a channel that the system has not taken at which no more is written to it, and at which
    /// writing goes on.
    static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 64 << 10, high: 256 << 10)

    /// Options of a connection that carries the tunnel, or requests.
    static func setUp(_ channel: any Channel) throws {
        let options = channel.syncOptions
        try options?.setOption(.tcpOption(.tcp_nodelay), value: 1)
        try options?.setOption(.writeBufferWaterMark, value: waterMark)
    }
}

extension ClientBootstrap {
    /// Connects, and gives the channel its handlers with `furnish`; one that cannot have them is closed.
    ///
    /// No initializer does that, as a name with several addresses has a channel for each, and only one wins.
    func connect(
        host: String, port: Int, furnish: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        connect(host: host, port: port).flatMapThrowing { channel in
            do {
                try Tunnel.setUp(channel)
                try furnish(channel)
                return channel
            } catch {
                channel.close(promise: nil)
                throw error
            }
        }
    }
}
