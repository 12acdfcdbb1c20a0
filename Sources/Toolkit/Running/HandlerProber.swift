import Callbacks
package import Checks
package import HTTPTransport
import Synchronization

/// Sends the checker's requests over HTTP.
package struct HandlerProber: Prober {
    private let client: HTTPClient
    private let destination: Destination

    /// A prober of one handler; whoever made the client shuts it down.
    package init(client: HTTPClient, destination: Destination) {
        self.client = client
        self.destination = destination
    }

    package func send(_ probe: Probe) async -> Observation {
        await send(probe, .pooled)
    }

    package func sendTogether(_ probes: [Probe]) async -> [Observation] {
        await withTaskGroup(of: (Int, Observation).self) { group in
            for (index, probe) in probes.enumerated() {
                group.addTask { (index, await send(probe, .fresh)) }
            }
            var observations = [Observation?](repeating: nil, count: probes.count)
            for await (index, observation) in group { observations[index] = observation }
            return observations.compactMap { $0 }
        }
    }

    private func send(
        _ probe: Probe, _ connection: SendOptions.Connection
    ) async -> Observation {
        var options = SendOptions(connection: connection)
        switch probe.manner {
        case .ordinary: break
        // Whether the handler keeps its connections is what such a probe asks, so none is replaced.
        case .onConnection(let label):
            options = SendOptions(connection: .labelled(label), replacesStaleConnection: false)
        case .expectContinue:
            options = SendOptions(connection: .fresh, manner: .expectContinue)
        case .disconnect(let count):
            options = SendOptions(connection: .fresh, manner: .abandon(afterBodyBytes: count))
        }
        var request = probe.request
        if probe.manner == .expectContinue {
            request.headers.append(HeaderField("Expect", "100-continue"))
        }
        return Observation(await client.send(request, to: destination, options: options))
    }
}

extension Observation {
    /// Octets of an answer's body that checks look at.
    private static let maximumBodyBytes = 1 << 20

    init(_ exchange: HTTPExchange) {
        let (outcome, detail) = exchange.judged
        self.init(
            outcome: outcome, detail: detail, duration: exchange.timings.total,
            connectionWasReused: exchange.connectionWasReused,
            continueWasSent: exchange.continueWasSent)
        if case .success(let answer) = exchange.result {
            status = answer.status
            headers = answer.headers
            body = Array(answer.body.prefix(Self.maximumBodyBytes))
        }
    }
}
