/// Where a relay listens, and what it allows.
package struct RelayConfiguration: Sendable {
    /// A host and a port; port 0 takes a free one.
    package struct Address: Hashable, Sendable, CustomStringConvertible {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        package var description: String {
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }

    /// What the relay's names end in; lower case.
    package var domain: String
    /// Where senders come in.
    package var publicAddress: Address
    /// Where agents dial in; may be the public one, as ALPN tells the two apart.
    package var agentAddress: Address
    /// Whether the public side speaks plain HTTP, behind something that ends TLS.
    package var isPublicPlain = false
    /// The port that senders use, where it is not the one that we listen on.
    package var publicPort: Int?
    package var limits = Limits()
    /// Ranges of the senders whose word on who they forward for counts.
    package var trustedForwarders: [AddressRange] = []
    /// Event loops; each has connections, and streams, of its own.
    package var loops = 1

    package struct Limits: Hashable, Sendable {
        package var tunnels = 1000
        /// Connections on the public side.
        package var connections = 100_000
        /// Connections on the agents' side; an agent has one for each of the relay's event loops.
        package var agentConnections = 10_000
        /// Requests that are under way in one of a tunnel's connections.
        package var streams = 10_000
        /// Octets of a request's head.
        package var headBytes = 64 << 10
        /// Octets of a request's body.
        package var bodyBytes = 1 << 30
        /// Octets a second through a tunnel, each way; 0 is no limit.
        package var bytesPerSecond = 0
        /// A kept connection without a request.
        package var idleSeconds = 60.0
        /// From a connection, or the first octet of a head, to its end.
        package var headSeconds = 10.0
        /// Between two pieces of a request's body, and from its end to the answer.
        package var requestSeconds = 60.0
        /// Between two pieces of an answer, or of an upgraded connection.
        package var streamSeconds = 600.0
        /// What is under way may take so long when the relay ends.
        package var drainSeconds = 30.0

        package init() {}
    }

    /// Whether senders and agents come in by one port.
    package var sidesShareAddress: Bool { publicAddress == agentAddress && publicAddress.port != 0 }

    package init(domain: String, publicAddress: Address, agentAddress: Address) {
        self.domain = domain
        self.publicAddress = publicAddress
        self.agentAddress = agentAddress
    }
}
