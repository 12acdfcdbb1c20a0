import ArgumentParser
import Relay
import Toolkit

/// Real callbacks on this machine.
struct Listen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Takes real callbacks through a relay, and forwards them to a handler.",
        discussion: """
            countersign listen 3000 --relay relay.example.com --name alice --token "$TOKEN"
            countersign listen localhost:3000/callbacks --relay relay.example.com
            """)

    @Argument(help: "The handler: a port, host:port/path or a URL.")
    var handler: String?

    @OptionGroup(title: "Tunnel") var tunnel: TunnelFlags
    @OptionGroup(title: "Handler") var handlerOptions: HandlerOptions
    @OptionGroup(title: "Journal") var journal: JournalOptions
    @OptionGroup(title: "General") var common: CommonOptions

    func run() async throws {
        let sources = try common.sources(
            tunnel.flags.merging(handlerOptions.flags) { $1 }.merging(journal.flags) { $1 })
        let settings = try Settings(sources)
        var plan = try ListenPlan(
            sources, settings, handler: handler, routes: tunnel.route,
            respondWith: tunnel.respondWith)
        try tunnel.apply(to: &plan)
        let display = ListenDisplay(
            format: common.format, style: try common.style(sources, descriptor: 1),
            target: plan.target, relay: "\(plan.agent.relayHost):\(plan.agent.relayPort)")
        try await ListenRun(plan, version: Version.number).run { display.show($0) }
    }
}

/// Flags about the tunnel.
struct TunnelFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The relay's address for agents; the port is 7443 unless named.", valueName: "host:port"
        ))
    var relay: String?

    @Option(help: "The name to have: NAME.domain (default: what the token owns, or a random one).")
    var name: String?

    @Option(
        help:
            "Proves that the name is ours; also COUNTERSIGN_TOKEN, which no list of processes shows."
    )
    var token: String?

    @Option(
        name: .customLong("relay-ca"),
        help: ArgumentHelp(
            "Authorities that the relay's certificate may come from (PEM).", valueName: "file"))
    var relayCA: String?

    @Flag(help: "Take any certificate of the relay: whoever is in the middle gets the token.")
    var relaySkipVerify = false

    @Option(
        help: ArgumentHelp("Other handlers by path; may be repeated.", valueName: "path=address"))
    var route: [String] = []

    @Option(
        help: ArgumentHelp(
            "The Host that handlers get: a name, or 'rewrite' for their own (default: as sent).",
            valueName: "host"))
    var hostHeader: String?

    @Option(
        help: ArgumentHelp(
            "Answer everything ourselves while there is no handler: 'ack', or a status.",
            valueName: "answer"))
    var respondWith: String?

    @Flag(help: "Share the name with other agents of the same token that do so, too.")
    var share = false

    @Option(help: ArgumentHelp("What senders must know.", valueName: "user:password"))
    var basicAuth: String?

    @Option(
        help: ArgumentHelp(
            "Which senders may, such as 203.0.113.0/24; may be repeated.", valueName: "range"))
    var allow: [String] = []

    @Option(
        help: ArgumentHelp(
            "Show and keep only events of this type, such as 'signature_request_*'; all are forwarded.",
            valueName: "type"))
    var filter: [String] = []

    @Option(
        help: ArgumentHelp(
            "Write requests and answers into an HTTP archive.", valueName: "file.har"))
    var record: String?

    @Flag(help: "Keep nothing in the journal.")
    var noRecord = false

    @Flag(help: "Print no line for each request.")
    var quiet = false

    var flags: [SettingKey: [String]] {
        [
            .relay: [relay].compactMap { $0 }, .name: [name].compactMap { $0 },
            .token: [token].compactMap { $0 }, .relayCA: [relayCA].compactMap { $0 },
            .relaySkipVerify: relaySkipVerify ? ["true"] : [],
        ]
    }

    func apply(to plan: inout ListenPlan) throws {
        plan.keepsTraffic = !noRecord
        plan.tellsOfTraffic = !quiet
        plan.archive = record
        plan.filter = TrafficRecorder.Filter(filter)
        try apply(to: &plan.agent)
    }

    private func apply(to agent: inout AgentConfiguration) throws {
        agent.registration.options.isShared = share
        agent.registration.options.basicAuthentication = basicAuth
        if let basicAuth, !basicAuth.contains(":") {
            throw Problem(
                .wrongValue, "the value does not fit; USER:PASSWORD is expected", at: "--basic-auth"
            )
        }
        for range in allow where AddressRange(range) == nil {
            throw Problem(
                .wrongValue,
                "'\(range)' does not fit; an address or a range such as 10.0.0.0/8 is expected",
                at: "--allow")
        }
        agent.registration.options.allowed = allow
        switch hostHeader {
        case nil: agent.hostHeader = .asSent
        case "rewrite": agent.hostHeader = .handler
        case let name?:
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw Problem(
                    .wrongValue, "the value does not fit; a host's name, or 'rewrite', is expected",
                    at: "--host-header")
            }
            agent.hostHeader = .fixed(name)
        }
    }
}
