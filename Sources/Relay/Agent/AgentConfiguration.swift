package import HTTPTransport
package import OpenSSL

/// What an agent does: whom it dials, and what becomes of the requests.
package struct AgentConfiguration: Sendable {
    /// Requests whose path begins with a prefix, and where they go.
    package struct Route: Hashable, Sendable {
        /// A path, such as `/callbacks`; it matches itself and what is below it.
        package var prefix: String
        package var target: HandlerTarget

        package init(prefix: String, target: HandlerTarget) {
            self.prefix = prefix
            self.target = target
        }
    }

    /// What a handler gets as `Host`.
    package enum HostHeader: Hashable, Sendable {
        /// What the sender sent.
        case asSent
        /// The handler's own name.
        case handler
        case fixed(String)
    }

    package var relayHost: String
    package var relayPort: Int
    /// Whom the relay's certificate must come from.
    package var relayTrust: TLSContext.Trust
    package var registration: Registration
    package var routes: [Route]
    package var hostHeader = HostHeader.asSent
    /// Whom handlers of HTTPS are trusted by.
    package var handlerTrust = TLSContext.Trust.system
    package var limits = Limits()
    /// Event loops.
    package var loops = 1
    /// Whether requests and answers are kept for the ``ExchangeSink``.
    package var keepsExchanges = true

    package struct Limits: Hashable, Sendable {
        /// Connections to handlers, on each event loop.
        package var handlerConnections = 10_000
        /// Of them, idle ones that are kept.
        package var idleConnections = 1024
        package var connectSeconds = 5.0
        /// From the end of a request to the answer's beginning.
        package var answerSeconds = 30.0
        /// Octets of a request that are kept for the reports; what is larger is forwarded and not kept.
        package var keptRequestBytes = 17 << 20
        /// Octets of all requests, and of all answers, that are kept for the reports until these are taken;
        /// no request is begun while reports that wait have half of them.
        package var keptBytes = 64 << 20
        /// Octets of requests that are not begun while too many reports wait, on an event loop.
        package var postponedBytes = 32 << 20
        /// Octets of an answer that are kept for the reports.
        package var keptAnswerBytes = 64 << 10
        /// Reports that wait to be taken; while there are as many no request is begun.
        package var waitingReports = 4096

        package init() {}
    }

    package init(
        relayHost: String, relayPort: Int, relayTrust: TLSContext.Trust,
        registration: Registration, routes: [Route]
    ) {
        self.relayHost = relayHost
        self.relayPort = relayPort
        self.relayTrust = relayTrust
        self.registration = registration
        self.routes = routes
    }
}

/// Who answers requests.
package enum HandlerTarget: Hashable, Sendable {
    /// A handler; the destination's path goes in front of the request's.
    case handler(Destination)
    /// Nobody: this answer, for as long as no handler runs, because the user said so.
    case fixed(status: Int, body: String)
}
