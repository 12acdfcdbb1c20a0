import ArgumentParser
import Delivery
import Foundation
import Toolkit

/// How results are printed.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case text, json, compact
}

/// Flags that every command has.
struct CommonOptions: ParsableArguments {
    @Option(help: "How results are printed: text, json (one object per line) or compact.")
    var format: OutputFormat = .text

    @Option(help: ArgumentHelp("Colours: on, off or auto.", valueName: "when"))
    var color: String?

    @Option(help: "The settings file (default: countersign.yaml, when it is there).")
    var config: String?

    @Option(
        help: "The account's API key; also COUNTERSIGN_API_KEY. Default: the published example key."
    )
    var apiKey: String?

    @Option(help: "A number that fixes ids, names and orders.")
    var seed: String?

    var flags: [SettingKey: [String]] {
        [
            .color: [color].compactMap { $0 }, .apiKey: [apiKey].compactMap { $0 },
            .seed: [seed].compactMap { $0 },
        ]
    }

    func sources(_ more: [SettingKey: [String]] = [:]) throws -> SettingSources {
        try SettingSources(
            flags: flags.merging(more) { $1 }, environment: ProcessInfo.processInfo.environment,
            file: config)
    }

    /// How to paint on standard output or standard error.
    func style(_ sources: SettingSources, descriptor: Int32) throws -> Style {
        let value = sources.value(.color)
        guard let choice = ColourChoice(rawValue: value?.text ?? "auto") else {
            throw Problem(
                .wrongValue, "'\(value?.text ?? "")' does not fit; on, off or auto is expected",
                at: value?.origin)
        }
        return Style(
            usesColour: Terminal.usesColour(
                choice, descriptor: descriptor, environment: ProcessInfo.processInfo.environment))
    }
}

/// Flags about requests and the connection.
struct RequestOptions: ParsableArguments {
    @OptionGroup var handler: HandlerOptions

    @Option(
        help: ArgumentHelp(
            "Form of the body: multipart, json or urlencoded (default: multipart).",
            valueName: "form"))
    var body: String?

    @Option(
        name: [.customShort("H"), .long],
        help: ArgumentHelp("A header to send as well; may be repeated.", valueName: "name: value"))
    var header: [String] = []

    @Option(help: "What User-Agent says. The default is a guess: 'HelloSign API'.")
    var userAgent: String?

    @Option(
        name: .customLong("content-sha256"),
        help: ArgumentHelp(
            "Content-Sha256: base64-hex, hex or none. The default is a guess: base64-hex.",
            valueName: "recipe"))
    var contentSHA256: String?

    var flags: [SettingKey: [String]] {
        let own: [SettingKey: [String]] = [
            .body: [body].compactMap { $0 }, .header: header,
            .userAgent: [userAgent].compactMap { $0 },
            .contentSHA256: [contentSHA256].compactMap { $0 },
        ]
        return own.merging(handler.flags) { $1 }
    }
}

/// Flags about connections to handlers.
struct HandlerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Time for one attempt, such as 30s or 500ms (default: 30s).", valueName: "time"))
    var timeout: String?

    @Flag(help: "Take any certificate of an https handler.")
    var skipVerify = false

    @Option(
        help: ArgumentHelp(
            "Authorities to trust in place of the system's (PEM).", valueName: "file"))
    var ca: String?

    var flags: [SettingKey: [String]] {
        [
            .timeout: [timeout].compactMap { $0 }, .skipVerify: skipVerify ? ["true"] : [],
            .ca: [ca].compactMap { $0 },
        ]
    }
}

/// Flags about the journal.
struct JournalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data folder (default: .countersign).", valueName: "folder"))
    var data: String?

    @Flag(help: "Keep nothing: the journal is in memory.")
    var ephemeral = false

    @Option(
        help: ArgumentHelp(
            "What a record survives: process (its death) or full (a power loss, slower).",
            valueName: "level"))
    var sync: String?

    var flags: [SettingKey: [String]] {
        [
            .data: [data].compactMap { $0 }, .ephemeral: ephemeral ? ["true"] : [],
            .sync: [sync].compactMap { $0 },
        ]
    }
}

/// Flags about the sending of deliveries.
struct DeliveryOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The handler: a port, host:port/path or a URL.", valueName: "address"))
    var forwardTo: String?

    @Option(help: "Deliveries under way at once; with 1 they go in order.")
    var concurrency = 1

    @Flag(help: "Try again as the service does: 6 times, after 5 min, 15 min, 45 min, … 20 h.")
    var retry = false

    @Option(help: "Let the clock of retries run that many times as fast.")
    var clockSpeed: Double?

    func validate() throws {
        guard (1...1024).contains(concurrency) else {
            throw ValidationError("--concurrency is 1 to 1024")
        }
        try Bounds.check(speed: clockSpeed, "--clock-speed")
    }

    var flags: [SettingKey: [String]] { [.forwardTo: [forwardTo].compactMap { $0 }] }

    var plan: DeliveryRun.Plan {
        DeliveryRun.Plan(
            schedule: retry ? .service : .never, concurrency: concurrency,
            clock: clockSpeed.map { .scaled($0) } ?? .real)
    }
}

/// What numbers on the command line may be.
enum Bounds {
    /// How many of something.
    private static let counts = 1...1_000_000
    /// How many times as fast as real time.
    private static let speeds = 0.001...1_000_000
    /// Unix seconds up to the year 9999.
    private static let times: ClosedRange<Int64> = 0...253_402_300_799

    static func check(count: Int, _ flag: String) throws {
        guard counts.contains(count) else {
            throw ValidationError("\(flag) is 1 to \(counts.upperBound), not \(count)")
        }
    }

    static func check(speed: Double?, _ flag: String) throws {
        guard let speed, !speeds.contains(speed) else { return }
        throw ValidationError("\(flag) is 0.001 to 1000000, not \(speed)")
    }

    static func check(timestamp: Int64?) throws {
        guard let timestamp, !times.contains(timestamp) else { return }
        throw ValidationError(
            "--timestamp is Unix seconds from 0 to \(times.upperBound), not \(timestamp)")
    }
}
