import NIOCore
package import OpenSSL

/// Settings and limits of the client.
package struct HTTPClientConfiguration: Sendable {
    /// The time for one whole exchange, the connection included.
    ///
    /// The service waits 30 seconds.
    package var timeout: Duration
    /// Octets of one answer, head and body.
    package var maximumResponseBytes: Int
    /// Connections that are kept without a request, for each destination.
    package var maximumIdleConnections: Int
    /// Whom `https` destinations must prove to be.
    package var trust: TLSContext.Trust

    package init(
        timeout: Duration = .seconds(30), maximumResponseBytes: Int = 1 << 20,
        maximumIdleConnections: Int = 256, trust: TLSContext.Trust = .system
    ) {
        self.timeout = timeout
        self.maximumResponseBytes = maximumResponseBytes
        self.maximumIdleConnections = maximumIdleConnections
        self.trust = trust
    }
}

/// How one request is sent.
package struct SendOptions: Hashable, Sendable {
    /// Which connection carries it.
    package enum Connection: Hashable, Sendable {
        /// An idle one, or a new one; kept afterwards.
        case pooled
        /// A new one that is closed afterwards.
        case fresh
        /// The one with that label, when it is still open; kept afterwards under the label.
        case labelled(String)
    }

    /// What is unusual about the sending.
    package enum Manner: Hashable, Sendable {
        case ordinary
        /// The body waits for `100 Continue`, or for ``continueTimeout``.
        case expectContinue
        /// The connection is closed when that many octets of the body are out.
        case abandon(afterBodyBytes: Int)
    }

    /// How long the body waits for `100 Continue`; curl waits as long.
    package static let continueTimeout = Duration.seconds(1)

    package var connection: Connection
    package var manner: Manner
    /// Whether a kept connection that ends without an octet of an answer is replaced by a new one,
    /// once.
    ///
    /// Servers close idle connections at any time, so the request was most likely not seen.
    package var replacesStaleConnection: Bool

    package init(
        connection: Connection = .pooled, manner: Manner = .ordinary,
        replacesStaleConnection: Bool = true
    ) {
        self.connection = connection
        self.manner = manner
        self.replacesStaleConnection = replacesStaleConnection
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
