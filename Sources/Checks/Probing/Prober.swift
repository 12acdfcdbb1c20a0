package import Callbacks

/// What sends the checker's requests; the checker itself does no I/O.
package protocol Prober: Sendable {
    /// Sends one request and waits for what becomes of it.
    func send(_ probe: Probe) async -> Observation

    /// Sends all at the same time, each on a connection of its own.
    ///
    /// - Returns: One observation for each probe, in their order.
    func sendTogether(_ probes: [Probe]) async -> [Observation]
}

/// One request and the manner in which it is sent.
package struct Probe: Hashable, Sendable {
    package var request: CallbackRequest
    package var manner: Manner

    /// What a sender may do beside sending.
    package enum Manner: Hashable, Sendable {
        /// On any connection.
        case ordinary
        /// On the kept connection with that label, as long as the handler keeps it.
        case onConnection(label: String)
        /// With `Expect: 100-continue`, waiting for it before the body.
        case expectContinue
        /// Goes away after so many octets of the body.
        case disconnect(afterBodyBytes: Int)
    }

    package init(request: CallbackRequest, manner: Manner = .ordinary) {
        self.request = request
        self.manner = manner
    }
}
