/// What a relay tells of itself.
package enum RelayStatus {
    package struct Counts: Hashable, Sendable {
        package var connections: Int
        package var openConnections: Int
        package var requests: Int
        package var openRequests: Int
        /// By the hundreds of their status, from 0.
        package var answers: [Int]
        package var octetsIn: Int
        package var octetsOut: Int
        package var own: [String: Int]
        /// Requests without a whole answer, by reason.
        package var cut: [String: Int]
        /// Connections over the limit of senders, and over that of agents.
        package var sendersTurnedAway: Int
        package var agentsTurnedAway: Int
        /// Streams in the tunnels' connections.
        package var streams: Int

        init(_ counts: RelayLoop.Counts, streams: Int) {
            connections = counts.connections
            openConnections = counts.openConnections
            requests = counts.requests
            openRequests = counts.openRequests
            answers = counts.answers
            octetsIn = counts.octetsIn
            octetsOut = counts.octetsOut
            own = counts.own
            cut = counts.cut
            sendersTurnedAway = counts.sendersTurnedAway
            agentsTurnedAway = counts.agentsTurnedAway
            self.streams = streams
        }
    }

    package struct Tunnel: Hashable, Sendable {
        package var name: String
        package var url: String
        package var connections: Int
        package var agents: Int
        package var isPaused: Bool
    }
}
