import ArgumentParser
import Foundation
import Toolkit

/// The API on a laptop, for an app whose handler is set through the API itself.
struct Mock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts a mock of the Dropbox Sign API.",
        discussion: """
            countersign mock
            countersign mock --port 0 --ephemeral --format json
            countersign mock -f localhost:3000/callbacks --api-key "$KEY"

            Tell the SDK: Configuration(host="http://127.0.0.1:7446/v3"), with any API key.
            """)

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The handler of the account's callbacks: a port, host:port/path or a URL.",
            valueName: "address"))
    var forwardTo: String?

    @OptionGroup(title: "Mock") var mock: MockOptions
    @OptionGroup(title: "Requests") var requests: RequestOptions
    @OptionGroup(title: "Journal") var journal: JournalOptions
    @OptionGroup(title: "General") var common: CommonOptions

    func run() async throws {
        try await MockRun(mock, requests, journal, common).run(forwardTo: forwardTo)
    }
}

/// The API on a laptop, with the handler that it reports to.
struct Dev: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts the mock, and reports to a handler what happens.",
        discussion: """
            countersign dev 3000
            countersign dev localhost:3000/callbacks --processing 0s

            Tell the SDK: Configuration(host="http://127.0.0.1:7446/v3"), with any API key.
            """)

    @Argument(help: "The handler: a port, host:port/path or a URL.")
    var handler: String

    @OptionGroup(title: "Mock") var mock: MockOptions
    @OptionGroup(title: "Requests") var requests: RequestOptions
    @OptionGroup(title: "Journal") var journal: JournalOptions
    @OptionGroup(title: "General") var common: CommonOptions

    func run() async throws {
        try await MockRun(mock, requests, journal, common).run(forwardTo: handler)
    }
}

/// Flags of the mock.
struct MockOptions: ParsableArguments {
    @Option(help: "The address to listen on (default: 127.0.0.1).")
    var host: String?

    @Option(help: "The port to listen on; 0 takes a free one (default: 7446).")
    var port: String?

    @Option(
        name: .customLong("public-url"),
        help: ArgumentHelp(
            "What links begin with, where browsers and apps know the mock by another address.",
            valueName: "URL"))
    var publicURL: String?

    @Option(
        help: ArgumentHelp(
            "Opens the control API (default: none on this machine, else a random one).",
            valueName: "token"))
    var controlToken: String?

    @Flag(help: "Speak TLS, with a certificate of a local authority; see 'countersign ca'.")
    var tls = false

    @Option(
        help: ArgumentHelp(
            "How long documents are read for (default: 250ms).", valueName: "time"))
    var processing: String?

    @Option(
        help: ArgumentHelp(
            "Which URLs get the events of an app's requests: both, account or app (default: both).",
            valueName: "urls"))
    var reporting: String?

    @Option(
        help: ArgumentHelp(
            "What a bad text tag leads to: signature_request_invalid or file_error.",
            valueName: "event"))
    var textTagError: String?

    @Option(
        help: ArgumentHelp(
            "The account's plan: paid, or free, which needs test_mode (default: paid).",
            valueName: "plan"))
    var plan: String?

    @Flag(help: "Refuse calls over the API's rate limits.")
    var rateLimits = false

    @Option(
        help: ArgumentHelp(
            "A host, beside this machine, from which file_urls may be fetched; may be repeated.",
            valueName: "host"))
    var allowFileHost: [String] = []

    @Option(
        help: ArgumentHelp(
            "real, or manual: time stands still until 'clock advance' (default: real).",
            valueName: "mode"))
    var clock: String?

    @Option(
        help: ArgumentHelp(
            "Let the mock's clock run that many times as fast.", valueName: "factor"))
    var clockSpeed: String?

    var flags: [SettingKey: [String]] {
        [
            .publicURL: [publicURL].compactMap { $0 },
            .controlToken: [controlToken].compactMap { $0 }, .tls: tls ? ["true"] : [],
            .host: [host].compactMap { $0 },
            .port: [port].compactMap { $0 },
            .processing: [processing].compactMap { $0 },
            .reporting: [reporting].compactMap { $0 },
            .textTagError: [textTagError].compactMap { $0 }, .plan: [plan].compactMap { $0 },
            .rateLimits: rateLimits ? ["true"] : [], .allowFileHost: allowFileHost,
            .clock: [clock].compactMap { $0 }, .clockSpeed: [clockSpeed].compactMap { $0 },
        ]
    }
}

/// Runs the mock until it is told to end.
struct MockRun {
    private let mock: MockOptions
    private let requests: RequestOptions
    private let journal: JournalOptions
    private let common: CommonOptions

    init(
        _ mock: MockOptions, _ requests: RequestOptions, _ journal: JournalOptions,
        _ common: CommonOptions
    ) {
        self.mock = mock
        self.requests = requests
        self.journal = journal
        self.common = common
    }

    func run(forwardTo: String?) async throws {
        let start = ContinuousClock.now
        let flags = [SettingKey.forwardTo: [forwardTo].compactMap { $0 }]
            .merging(mock.flags) { $1 }.merging(requests.flags) { $1 }
            .merging(journal.flags) { $1 }
        let sources = try common.sources(flags)
        let settings = try Settings(sources)
        let plan = try MockPlan(sources, settings)
        let display = MockDisplay(
            format: common.format, style: try common.style(sources, descriptor: 1), start: start)
        try await Services.with(settings) { services in
            try await MockServer(services, plan, version: Version.number).run(
                report: display.show)
        }
    }
}
