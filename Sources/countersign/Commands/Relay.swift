import ArgumentParser
import Callbacks
import Delivery
import Dispatch
import Fixtures
import Foundation
import Relay
import Toolkit

/// The public end of the tunnel.
struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "Runs the public end of the tunnel, for 'countersign listen'.",
        discussion: """
            On a server with a name and a certificate:
              countersign relay token add alice
              countersign relay --domain relay.example.com --public 0.0.0.0:443 \\
                --agents 0.0.0.0:7443 --cert fullchain.pem --key privkey.pem

            On one machine, to try it:
              countersign relay --self-signed --plain

            'countersign relay serve --help' has the flags.
            """,
        subcommands: [Serve.self, Token.self], defaultSubcommand: Serve.self)

    /// Serves.
    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Runs the public end of the tunnel; 'relay' alone does the same.",
            discussion: "countersign relay --self-signed --plain")

        @OptionGroup(title: "Relay") var relay: RelayOptions
        @OptionGroup(title: "Limits") var limits: RelayLimitOptions
        @OptionGroup(title: "General") var common: CommonOptions

        func run() async throws {
            let sources = try common.sources(relay.flags)
            var plan = try RelayPlan(
                sources, isSelfSigned: relay.selfSigned, isOpen: relay.open, isPlain: relay.plain)
            try limits.apply(to: &plan.relay)
            plan.fit(descriptors: Program.descriptorLimit)
            plan.relay.publicPort = relay.publicPort
            plan.relay.loops = relay.loops ?? RelayOptions.defaultLoops
            let style = try common.style(sources, descriptor: 1)
            let display = RelayDisplay(format: common.format, style: style)
            let log = try relay.accessLog.map { try AccessLogFile($0) }
            defer { log?.flush() }
            let (reloads, reload) = AsyncStream.makeStream(of: Void.self)
            signal(SIGHUP, SIG_IGN)
            let hangUps = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
            hangUps.setEventHandler { @Sendable in
                log?.reopen()
                reload.yield()
            }
            hangUps.resume()
            defer { hangUps.cancel() }
            try await RelayRun(
                plan, version: Version.number, log: log.map { log in AccessLog { log.write($0) } }
            ).run(reloads: reloads, note: display.note, ready: display.ready)
        }
    }

    /// The agents' tokens.
    struct Token: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The tokens with which agents register, and the names that belong to them.",
            discussion: "countersign relay token add alice",
            subcommands: [Add.self, List.self, Remove.self])

        struct Add: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Makes a token for a name; prints it as the last line, and never again.",
                discussion: """
                    countersign relay token add alice
                    countersign relay token add 'team-*'
                    """)

            @Argument(help: "The name; with * at its end, all that begin so.")
            var name: String

            @OptionGroup var folder: RelayFolder

            func run() async throws {
                let file = folder.tokens
                let token = try file.add(
                    name: name.lowercased(), now: Int(Date().timeIntervalSince1970))
                Terminal.standardError(
                    "'\(name.lowercased())' belongs to this token now; it is kept as a hash alone, in \(file.path):\n"
                )
                Terminal.standardOutput(token + "\n")
            }
        }

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Prints the names that belong to tokens.",
                discussion: "countersign relay token list")

            @OptionGroup var folder: RelayFolder

            func run() async throws {
                for entry in try folder.tokens.entries() {
                    let date = Date(timeIntervalSince1970: Double(entry.createdAt)).ISO8601Format()
                    Terminal.standardOutput("\(entry.name)  \(date)  \(entry.hash.prefix(12))…\n")
                }
            }
        }

        struct Remove: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract:
                    "Takes the tokens of a name away; a relay that runs disconnects their agents.",
                discussion: "countersign relay token remove alice")

            @Argument(help: "The name, as it was added.")
            var name: String

            @OptionGroup var folder: RelayFolder

            func run() async throws {
                let file = folder.tokens
                let count = try file.remove(name: name.lowercased())
                guard count > 0 else {
                    throw Problem(
                        .wrongValue, "no token has the name '\(name)'; see 'relay token list'",
                        at: file.path)
                }
                Terminal.standardError("\(count) \(count == 1 ? "token" : "tokens") removed\n")
            }
        }
    }
}

/// Where the relay keeps its tokens.
struct RelayFolder: ParsableArguments {
    @Option(
        help: ArgumentHelp("The relay's data folder (default: .countersign).", valueName: "folder"))
    var data: String?

    var tokens: TokenFile { TokenFile(folder: data ?? Settings.defaultFolder) }
}

/// Where the relay listens, and who may.
struct RelayOptions: ParsableArguments {
    /// One for each two cores: what is left is for the agents and handlers of a small machine, and one
    /// loop's worth of batching beats a second thread there.
    static var defaultLoops: Int { max(1, ProcessInfo.processInfo.activeProcessorCount / 2) }

    @Option(
        help: ArgumentHelp(
            "What names end in; NAME.domain is a tunnel (default: localhost).", valueName: "domain")
    )
    var domain: String?

    @Option(
        name: .customLong("public"),
        help: ArgumentHelp(
            "Where senders come in (default: 127.0.0.1:7480).", valueName: "host:port"))
    var publicAddress: String?

    @Option(
        help: ArgumentHelp(
            "Where agents dial in, always with TLS; may be the public one (default: 127.0.0.1:7443).",
            valueName: "host:port"))
    var agents: String?

    @Option(
        help: ArgumentHelp(
            "Where status and metrics are, or 'off' (default: 127.0.0.1:7481).",
            valueName: "host:port"))
    var admin: String?

    @Option(
        help: ArgumentHelp(
            "Opens status and commands (default: none on this machine, else a random one).",
            valueName: "token"))
    var controlToken: String?

    @Option(
        help: ArgumentHelp(
            "The certificate with its chain (PEM); read again when it changes.", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("The certificate's key (PEM).", valueName: "file"))
    var key: String?

    @Flag(help: "Make a certificate with an authority of the data folder, for a trial.")
    var selfSigned = false

    @Flag(help: "Speak plain HTTP on the public side, behind something that ends TLS.")
    var plain = false

    @Flag(help: "Take agents without a token. --self-signed on loopback does.")
    var open = false

    @Option(
        help: ArgumentHelp(
            "The port in printed URLs, where it is another one in front.", valueName: "port"))
    var publicPort: Int?

    @Option(
        help: ArgumentHelp(
            "The data folder, with the tokens (default: .countersign).", valueName: "folder"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "A line for each request, into a file or to - (standard output).", valueName: "file"))
    var accessLog: String?

    @Option(help: "Event loops (default: one for each two cores).")
    var loops: Int?

    func validate() throws {
        if let loops, !(1...256).contains(loops) {
            throw ValidationError("--loops is 1 to 256, not \(loops)")
        }
        if let publicPort, !(1...65_535).contains(publicPort) {
            throw ValidationError("--public-port is 1 to 65535, not \(publicPort)")
        }
    }

    var flags: [SettingKey: [String]] {
        [
            .domain: [domain].compactMap { $0 }, .publicAddress: [publicAddress].compactMap { $0 },
            .agents: [agents].compactMap { $0 }, .admin: [admin].compactMap { $0 },
            .controlToken: [controlToken].compactMap { $0 },
            .certificate: [cert].compactMap { $0 }, .key: [key].compactMap { $0 },
            .data: [data].compactMap { $0 },
        ]
    }
}

/// How much the relay takes.
struct RelayLimitOptions: ParsableArguments {
    @Option(help: "Tunnels (default: 1000).") var maximumTunnels: Int?
    @Option(help: "Connections of senders (default: 100000).") var maximumConnections: Int?
    @Option(help: "Connections of agents (default: 10000).") var maximumAgentConnections: Int?
    @Option(help: "Requests under way in a connection of an agent (default: 10000).")
    var maximumStreams: Int?
    @Option(help: ArgumentHelp("Octets of a request's head (default: 65536).", valueName: "octets"))
    var maximumHead: Int?
    @Option(help: ArgumentHelp("Octets of a request's body (default: 1 GiB).", valueName: "octets"))
    var maximumBody: Int?
    @Option(
        help: ArgumentHelp(
            "Octets a second through a tunnel, each way (default: no limit).", valueName: "octets"))
    var rate: Int?
    @Option(
        help: ArgumentHelp("For a connection without a request (default: 60s).", valueName: "time"))
    var idleTimeout: String?
    @Option(help: ArgumentHelp("For a request's head (default: 10s).", valueName: "time"))
    var headTimeout: String?
    @Option(
        help: ArgumentHelp(
            "Between pieces of a request, and to the answer (default: 60s).", valueName: "time"))
    var requestTimeout: String?
    @Option(
        help: ArgumentHelp(
            "Between pieces of an answer, or of a WebSocket (default: 10m).", valueName: "time"))
    var streamTimeout: String?
    @Option(
        help: ArgumentHelp(
            "For what is under way when the relay ends (default: 30s).", valueName: "time"))
    var drainTimeout: String?
    @Option(
        help: ArgumentHelp(
            "Whose word on the sender counts (X-Forwarded-For), such as 10.0.0.0/8; may be repeated.",
            valueName: "range"))
    var trustForwarded: [String] = []

    func apply(to relay: inout RelayConfiguration) throws {
        func set(
            _ value: Int?, _ flag: String, _ path: WritableKeyPath<RelayConfiguration.Limits, Int>
        ) throws {
            guard let value else { return }
            guard (1...1 << 40).contains(value) else {
                throw ValidationError("\(flag) is 1 or more, not \(value)")
            }
            relay.limits[keyPath: path] = value
        }
        func set(
            _ text: String?, _ flag: String,
            _ path: WritableKeyPath<RelayConfiguration.Limits, Double>
        ) throws {
            guard let text else { return }
            guard let span = TimeSpan.parse(text), span > .zero else {
                throw Problem(
                    .wrongValue, "'\(text)' does not fit; a time such as 30s is expected", at: flag)
            }
            relay.limits[keyPath: path] = Double(span.wholeMilliseconds) / 1000
        }
        try set(maximumTunnels, "--maximum-tunnels", \.tunnels)
        try set(maximumConnections, "--maximum-connections", \.connections)
        try set(maximumAgentConnections, "--maximum-agent-connections", \.agentConnections)
        try set(maximumStreams, "--maximum-streams", \.streams)
        try set(maximumHead, "--maximum-head", \.headBytes)
        try set(maximumBody, "--maximum-body", \.bodyBytes)
        try set(rate, "--rate", \.bytesPerSecond)
        try set(idleTimeout, "--idle-timeout", \.idleSeconds)
        try set(headTimeout, "--head-timeout", \.headSeconds)
        try set(requestTimeout, "--request-timeout", \.requestSeconds)
        try set(streamTimeout, "--stream-timeout", \.streamSeconds)
        try set(drainTimeout, "--drain-timeout", \.drainSeconds)
        for text in trustForwarded {
            guard let range = AddressRange(text) else {
                throw Problem(
                    .wrongValue,
                    "'\(text)' does not fit; an address or a range such as 10.0.0.0/8 is expected",
                    at: "--trust-forwarded")
            }
            relay.trustedForwarders.append(range)
        }
    }
}
