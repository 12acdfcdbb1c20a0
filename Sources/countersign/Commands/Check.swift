import ArgumentParser
import Callbacks
import Checks
import Foundation
import HTTPTransport
import Toolkit

/// The report card of a handler.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells whether a callback handler is right.",
        discussion: """
            countersign check localhost:3000/callbacks
            countersign check checks/ localhost:3000/callbacks --report junit=callbacks.xml

            Without suites the standard battery is run; --list shows its rules, and
            'countersign explain RULE' says more about one.
            """)

    @Argument(help: "The handler's address, and suites (.yaml files, or folders with them).")
    var targets: [String] = []

    @OptionGroup(title: "Requests") var requests: RequestOptions
    @OptionGroup(title: "General") var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            "Only these rules or groups; may be repeated, or with commas.", valueName: "rule"))
    var only: [String] = []

    @Option(help: ArgumentHelp("Without these rules or groups.", valueName: "rule"))
    var skip: [String] = []

    @Option(help: "End after so many failing rules.")
    var maxFailures: Int?

    @Option(
        help: ArgumentHelp(
            "Also junit=FILE, tap=FILE, json=FILE, html=FILE, or github; may be repeated.",
            valueName: "report"))
    var report: [String] = []

    @Option(help: ArgumentHelp("The time of the events (default: now).", valueName: "unix seconds"))
    var timestamp: Int64?

    @Flag(help: "List all rules.")
    var list = false

    @Option(
        name: [.customShort("f"), .long],
        help: ArgumentHelp("The handler, where suites name another one.", valueName: "address"))
    var forwardTo: String?

    @Option(help: .hidden)
    var printBody: String?

    @Option(help: .hidden)
    var curl: String?

    func validate() throws {
        try Bounds.check(timestamp: timestamp)
        if let maxFailures, maxFailures < 1 {
            throw ValidationError("--max-failures is at least 1")
        }
    }

    func run() async throws {
        let sources = try common.sources(
            requests.flags.merging([.forwardTo: [forwardTo].compactMap { $0 }]) { $1 })
        if list { return listRules(try common.style(sources, descriptor: 1)) }
        let settings = try Settings(sources)
        let reports = try report.map(ReportRequest.init)
        let plan = try CheckPlan(targets: targets, settings)
        if let printBody { return try writeBody(of: printBody, plan, settings) }
        if let curl { return try writeConfiguration(of: curl, plan, settings) }
        for file in reports.compactMap(\.file) { try InputFile.requireWritable(file) }
        let style = try common.style(sources, descriptor: 2)
        let progress = CheckProgress(style: style, isTerminal: isatty(2) == 1)
        var card: ReportCard?
        for part in plan.parts {
            let configuration = try configuration(part.destination, settings)
            let next = try await Services.withClient(settings) { client in
                let prober = HandlerProber(client: client, destination: part.destination)
                if let suite = part.suite {
                    return await suite.run(configuration, prober: prober, progress: progress.show)
                }
                return await (try Battery(configuration)).run(
                    prober: prober, progress: progress.show)
            }
            progress.end()
            try Task.checkCancellation()
            card = card.map { $0.joined(with: next) } ?? next
            if next.runError != nil { break }
        }
        guard let card else { preconditionFailure("a plan without parts") }
        // Who reads the reports learns there that nothing was run; a person reads it in one line.
        try show(card, reports, try common.style(sources, descriptor: 1))
        if let error = card.runError { throw error }
        if card.exitCode != 0 { throw ExitCode(card.exitCode) }
    }

    private func configuration(
        _ destination: Destination, _ settings: Settings
    ) throws -> Battery.Configuration {
        let reproduction = ReproductionWords(settings)
        return Battery.Configuration(
            target: destination.description, apiKey: settings.apiKey,
            now: timestamp ?? Int64(Date().timeIntervalSince1970), seed: settings.seed,
            selection: Selection(only: Self.names(only), skip: Self.names(skip)),
            maximumFailures: maxFailures, timeLimit: settings.client.timeout, wire: settings.wire,
            commandArguments: reproduction.command, curlArguments: reproduction.curl)
    }

    private static func names(_ values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",").map(String.init) }
    }

    private func show(_ card: ReportCard, _ reports: [ReportRequest], _ style: Style) throws {
        let format: ReportFormat =
            switch common.format {
            case .text: .text
            case .json: .json
            case .compact: .compact
            }
        if card.runError == nil || format != .text {
            Terminal.standardOutput(format.render(card, usesColour: style.usesColour))
        }
        for report in reports {
            let text = report.format.render(card)
            if let file = report.file {
                try InputFile.write(text, to: file)
            } else {
                Terminal.standardOutput(text)
            }
        }
    }

    /// What a reproduction line asks for: the body of one case.
    private func writeBody(of name: String, _ plan: CheckPlan, _ settings: Settings) throws {
        guard let part = plan.parts.first, let rule = Self.names(only).first else {
            throw ValidationError("--print-body needs --only RULE")
        }
        let request = try Battery(configuration(part.destination, settings))
            .request(ruleID: rule, caseName: name)
        Terminal.standardOutput(request.body)
    }

    /// What a reproduction line asks for: a file for curl.
    private func writeConfiguration(
        of name: String, _ plan: CheckPlan, _ settings: Settings
    ) throws {
        guard let part = plan.parts.first, let rule = Self.names(only).first else {
            throw ValidationError("--curl needs --only RULE")
        }
        let configuration = try Battery(configuration(part.destination, settings)).curl(
            ruleID: rule, caseName: name, options: ReproductionWords(settings).configuration)
        Terminal.standardOutput(configuration.text)
    }

    private func listRules(_ style: Style) {
        let width = Rule.standard.map(\.id.count).max() ?? 0
        for group in Rule.Group.allCases {
            if common.format == .text {
                Terminal.standardOutput(
                    style.bold("\(group.title)") + style.dim("  \(group.rawValue)") + "\n")
            }
            for rule in Rule.standard where rule.group == group {
                switch common.format {
                case .text:
                    Terminal.standardOutput("  \(rule.id.padded(to: width))  \(rule.title)\n")
                case .compact: Terminal.standardOutput(rule.id + "\n")
                case .json:
                    let value: JSONValue = [
                        "type": "rule", "id": .string(rule.id), "group": .string(group.rawValue),
                        "title": .string(rule.title), "requirement": .string(rule.requirement),
                        "documentation": .string(rule.documentation),
                    ]
                    Terminal.standardOutput(value.text(.plain) + "\n")
                }
            }
        }
    }
}

/// A report that goes to a file, or to standard output.
struct ReportRequest {
    let format: ReportFormat
    let file: String?

    init(_ text: String) throws(Problem) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard let name = parts.first, let format = ReportFormat(rawValue: name) else {
            throw Problem(
                .wrongValue,
                "'\(text)' does not fit; junit=FILE, tap=FILE, json=FILE, html=FILE or github is expected",
                at: "--report")
        }
        guard parts.count == 2 || format == .github else {
            throw Problem(.wrongValue, "'\(text)' needs a file: \(name)=FILE", at: "--report")
        }
        self.format = format
        file = parts.count == 2 ? parts[1] : nil
    }
}
