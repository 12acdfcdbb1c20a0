import ArgumentParser
import Callbacks
import Foundation
import Journal
import Toolkit

/// Past deliveries.
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows past deliveries and sends them again.",
        discussion: "countersign events list --status failed",
        subcommands: [List.self, Show.self, Resend.self])

    /// The newest deliveries.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists past deliveries, the newest last.",
            discussion: "countersign events list --status failed")

        @Option(name: [.short, .customLong("event")], help: "Only this event type.")
        var event: String?

        @Option(help: "Only those: pending, acknowledged or failed.")
        var status: String?

        @Option(help: "Only those of this signature request.")
        var signatureRequest: String?

        @Option(help: "Only those behind this number.")
        var after: Int64?

        @Option(help: "At most so many.")
        var limit = 50

        @OptionGroup(title: "Journal") var journal: JournalOptions
        @OptionGroup(title: "General") var common: CommonOptions

        func validate() throws {
            guard (1...1_000_000).contains(limit) else {
                throw ValidationError("--limit is 1 to 1000000")
            }
            if let status, DeliveryState(rawValue: status) == nil {
                throw ValidationError(
                    "--status is pending, acknowledged or failed, not '\(status)'")
            }
        }

        func run() async throws {
            let sources = try common.sources(journal.flags)
            let records = try await Past.with(try Settings(sources)) { journal in
                try await journal.deliveries(
                    DeliveryFilter(
                        eventType: event.map(EventType.init(rawValue:)),
                        state: status.flatMap(DeliveryState.init(rawValue:)),
                        signatureRequestID: signatureRequest, after: after, limit: limit))
            }
            let display = PastDisplay(
                format: common.format, style: try common.style(sources, descriptor: 1))
            if records.isEmpty, common.format == .text {
                Terminal.standardError("no deliveries\n")
            }
            for record in records { Terminal.standardOutput(display.line(record)) }
        }
    }

    /// One delivery with its attempts.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows a delivery and all its attempts, with the bytes.",
            discussion: "countersign events show 12")

        @Argument(help: "The delivery's number.")
        var id: Int64

        @OptionGroup(title: "Journal") var journal: JournalOptions
        @OptionGroup(title: "General") var common: CommonOptions

        func run() async throws {
            let sources = try common.sources(journal.flags)
            let (record, attempts) = try await Past.with(try Settings(sources)) { journal in
                (try await Past.delivery(id, in: journal), try await journal.attempts(of: id))
            }
            let display = PastDisplay(
                format: common.format, style: try common.style(sources, descriptor: 1))
            Terminal.standardOutput(display.details(record, attempts))
        }
    }

    /// A delivery once more.
    struct Resend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends a delivery again, with the same bytes and boundary.",
            discussion: "countersign events resend 12")

        @Argument(help: "The delivery's number.")
        var id: Int64

        @OptionGroup(title: "Requests") var requests: RequestOptions
        @OptionGroup(title: "Journal") var journal: JournalOptions
        @OptionGroup(title: "General") var common: CommonOptions

        func run() async throws {
            let sources = try common.sources(requests.flags.merging(journal.flags) { $1 })
            let display = DeliveryDisplay(
                format: common.format, style: try common.style(sources, descriptor: 1))
            let summary = try await Services.with(try Settings(sources)) { services in
                let record = try await Past.delivery(id, in: services.journal)
                return try await DeliveryRun(services, DeliveryRun.Plan())
                    .resend(record, report: display.show)
            }
            display.show(summary)
            if summary.exitCode != 0 { throw ExitCode(summary.exitCode) }
        }
    }
}

/// Reads the journal of a folder that must be there.
enum Past {
    static func with<Result: Sendable>(
        _ settings: Settings, _ body: (Journal) async throws -> Result
    ) async throws -> Result {
        guard case .folder(let path) = settings.journal.storage else {
            throw Problem(.wrongUse, "a journal in memory has no past; leave --ephemeral out")
        }
        guard let journal = try Journal(reading: path) else {
            throw Problem(
                .unusableFolder, "there is no journal there; name another folder with --data",
                at: path)
        }
        let result = try await body(journal)
        try journal.close()
        return result
    }

    static func delivery(_ id: Int64, in journal: Journal) async throws -> DeliveryRecord {
        if let record = try await journal.delivery(id) { return record }
        throw Problem(
            .unknownDelivery, "there is no delivery \(id); 'countersign events list' shows them")
    }
}
