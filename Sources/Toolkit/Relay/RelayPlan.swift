import HTTPTransport
package import Relay

/// How the relay is run, resolved and valid.
package struct RelayPlan: Sendable {
    /// Where the certificate comes from.
    package enum Certificate: Hashable, Sendable {
        /// One of our own authority in the data folder.
        case selfSigned
        /// PEM files: the certificate with its chain, and the key.
        case files(certificate: String, key: String)
    }

    package var relay: RelayConfiguration
    package var certificate: Certificate
    /// Where status and metrics are; `nil`: nowhere.
    package var admin: RelayConfiguration.Address?
    /// What they ask for, but for the health; `nil`: nothing.
    package var controlToken: String?
    /// Whether agents need no token.
    package var isOpen: Bool
    /// The data folder.
    package var folder: String

    package static let defaultPublic = "127.0.0.1:7480"
    package static let defaultAgents = "127.0.0.1:7443"
    package static let defaultAdmin = "127.0.0.1:7481"

    /// Resolves the settings of the relay; limits are the caller's.
    ///
    /// - Throws: ``Problem`` that names the value, where it stands, and what would fit.
    package init(
        _ sources: SettingSources, isSelfSigned: Bool, isOpen: Bool, isPlain: Bool = false
    ) throws(Problem) {
        let domain =
            try Settings.parsed(sources.value(.domain), "a domain such as relay.example.com") {
                Self.isDomain($0) ? $0.lowercased() : nil
            } ?? "localhost"
        let agents = try Self.address(sources.value(.agents), Self.defaultAgents)
        relay = RelayConfiguration(
            domain: domain,
            publicAddress: try Self.address(sources.value(.publicAddress), Self.defaultPublic),
            agentAddress: agents)
        relay.isPublicPlain = isPlain
        guard !isPlain || !relay.sidesShareAddress else {
            throw Problem(
                .wrongUse,
                "--public and --agents are the same address, where TLS tells the two apart; leave --plain "
                    + "out, or name two addresses")
        }
        let wantsAdmin = sources.value(.admin)?.text != "off"
        admin = wantsAdmin ? try Self.address(sources.value(.admin), Self.defaultAdmin) : nil
        controlToken = try Settings.controlToken(
            sources, isLocal: admin.map { Settings.isLoopback($0.host) } ?? true)
        let files = (sources.value(.certificate)?.text, sources.value(.key)?.text)
        switch (isSelfSigned, files.0, files.1) {
        case (true, nil, nil): certificate = .selfSigned
        case (false, let certificate?, let key?):
            self.certificate = .files(certificate: certificate, key: key)
        case (true, _, _):
            throw Problem(
                .wrongUse, "--self-signed makes a certificate; leave --cert and --key out")
        default:
            throw Problem(
                .wrongUse,
                "agents are only spoken to with TLS: name --cert FILE and --key FILE, or try it on one "
                    + "machine with --self-signed")
        }
        self.isOpen = isOpen || (isSelfSigned && Settings.isLoopback(agents.host))
        folder = sources.value(.data)?.text ?? Settings.defaultFolder
    }

    /// Descriptors that are for other things than connections of senders and agents.
    private static let reservedDescriptors = 256

    /// Lowers the limits of connections to what the system allows: a relay that cannot accept is busy with
    /// trying.
    package mutating func fit(descriptors: Int) {
        let room = max(1, descriptors - Self.reservedDescriptors)
        let agents = min(relay.limits.agentConnections, max(1, room / Self.agentsShare))
        relay.limits.agentConnections = agents
        relay.limits.connections = min(relay.limits.connections, max(1, room - agents))
    }

    /// Of so many connections that the system allows one may be an agent's: each has many senders.
    private static let agentsShare = 8

    /// A host and a port as a person types them: `HOST:PORT`, `[::1]:PORT` or a port alone.
    package static func address(
        _ value: SettingValue?, _ otherwise: String
    ) throws(Problem) -> RelayConfiguration.Address {
        let value = value ?? SettingValue(text: otherwise, origin: "the default")
        let found = try Settings.parsed(value, "HOST:PORT", address)
        guard let found else { preconditionFailure("a value was given") }
        return found
    }

    private static func address(_ text: String) -> RelayConfiguration.Address? {
        let colon = text.lastIndex(of: ":")
        let portText = colon.map { text[text.index(after: $0)...] } ?? text[...]
        var host = colon.map { text[..<$0] } ?? "127.0.0.1"
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, !portText.isEmpty, portText.allSatisfy(\.isNumber),
            let port = Int(portText),
            (0...65_535).contains(port)
        else { return nil }
        return RelayConfiguration.Address(host: String(host), port: port)
    }

    private static func isDomain(_ text: String) -> Bool {
        let labels = text.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 190 && labels.allSatisfy { TunnelName.isValid(String($0)) }
    }
}
