import Foundation
import HTTPTransport
package import Journal
import OpenSSL
package import Relay

/// How the agent is run, resolved and valid.
package struct ListenPlan: Sendable {
    package var agent: AgentConfiguration
    /// What a person calls the handler.
    package var target: String
    /// Whether requests and answers go into the journal.
    package var keepsTraffic = true
    package var journal: JournalConfiguration
    /// A HAR file.
    package var archive: String?
    /// Whether each request is reported.
    package var tellsOfTraffic = true
    /// What is kept and reported.
    package var filter = TrafficRecorder.Filter([])
    /// The key that hashes are compared with; `nil` for no comparison.
    package var apiKey: String?

    /// The port of a relay's agents when none is named.
    package static let defaultRelayPort = 7443

    /// What `--respond-with` says: a status, or `ack`.
    private static let acknowledgement = "ack"

    /// Resolves the settings of the agent.
    ///
    /// `handler` is a port, `host:port/path` or a URL, `nil` with `respondWith`, which says what to answer
    /// while no handler runs; `routes` are `PATH=ADDRESS` each.
    ///
    /// - Throws: ``Problem`` that names the value, where it stands, and what would fit.
    package init(
        _ sources: SettingSources, _ settings: Settings, handler: String?, routes: [String],
        respondWith: String?
    ) throws(Problem) {
        guard let relay = sources.value(.relay) else {
            throw Problem(
                .wrongUse,
                "no relay to dial; name it with --relay HOST:PORT, with COUNTERSIGN_RELAY, or as "
                    + "'relay' in countersign.yaml")
        }
        let hasPort = relay.text.hasSuffix("]") ? false : relay.text.contains(":")
        let address = try RelayPlan.address(
            hasPort
                ? relay
                : SettingValue(
                    text: "\(relay.text):\(Self.defaultRelayPort)", origin: relay.origin), "")
        var registration = Registration(agent: UUID().uuidString)
        registration.name = try Settings.parsed(sources.value(.name), TunnelName.rule) { name in
            TunnelName.isValid(name.lowercased()) ? name.lowercased() : nil
        }
        registration.token = sources.value(.token)?.text
        let trust: TLSContext.Trust =
            if try Settings.flag(sources.value(.relaySkipVerify)) { .anybody } else {
                sources.value(.relayCA).map { .authorities(file: $0.text) } ?? .system
            }
        var all: [AgentConfiguration.Route] = []
        for text in routes { all.append(try Self.route(text)) }
        if handler != nil, respondWith != nil {
            throw Problem(
                .wrongUse, "--respond-with answers in a handler's place; leave one of the two out")
        }
        if let handler {
            let destination = try Settings.destination(handler, origin: "the handler")
            all.append(.init(prefix: "/", target: .handler(destination)))
            target = destination.target == "/" ? destination.base : destination.description
        } else if let respondWith {
            all.append(.init(prefix: "/", target: try Self.fixed(respondWith)))
            target = "nobody: every request is answered with \(respondWith)"
        } else {
            guard !all.isEmpty else {
                throw Problem(
                    .wrongUse,
                    "no handler to forward to; name it, such as 'countersign listen 3000', or answer "
                        + "without one with --respond-with 503")
            }
            target = routes.joined(separator: ", ")
        }
        agent = AgentConfiguration(
            relayHost: address.host, relayPort: address.port, relayTrust: trust,
            registration: registration, routes: all)
        journal = settings.journal
        apiKey = settings.apiKey
        agent.handlerTrust = settings.client.trust
        agent.limits.answerSeconds = settings.client.timeout.seconds
    }

    private static func route(_ text: String) throws(Problem) -> AgentConfiguration.Route {
        guard let equals = text.firstIndex(of: "="), text.hasPrefix("/") else {
            throw Problem(
                .wrongValue, "'\(text)' does not fit; PATH=ADDRESS is expected", at: "--route")
        }
        let destination = try Settings.destination(
            String(text[text.index(after: equals)...]), origin: "--route")
        return .init(prefix: String(text[..<equals]), target: .handler(destination))
    }

    private static func fixed(_ text: String) throws(Problem) -> HandlerTarget {
        if text == acknowledgement { return .fixed(status: 200, body: "Hello API Event Received") }
        guard let status = Int(text), (200...599).contains(status) else {
            throw Problem(
                .wrongValue,
                "'\(text)' does not fit; 'ack' or a status from 200 to 599 is expected",
                at: "--respond-with")
        }
        return .fixed(
            status: status, body: "answered by countersign listen --respond-with \(status)\n")
    }
}

extension Duration {
    fileprivate var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
