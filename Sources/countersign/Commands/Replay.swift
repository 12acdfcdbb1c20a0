import ArgumentParser
import Callbacks
import Fixtures
import Foundation
import Journal
import Toolkit

/// Sends recorded events and flows again.
struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends recorded events or whole lifecycles to a handler.",
        discussion: """
            countersign replay recordings/ -f localhost:3000/callbacks
            countersign replay flow:three-signers -f 3000 --duplicates 2 --shuffle 7

            A PATH is an event's .json, an .ndjson with one on each line, a .har such as 'listen --record'
            writes, a folder with such files, a flow's .yaml, or flow:NAME for a built-in one. Events are signed anew with the API key.
            """)

    @Argument(help: "Files, folders or flow:NAME; --list shows the built-in flows.")
    var paths: [String] = []

    @OptionGroup(title: "Delivery") var delivery: DeliveryOptions
    @OptionGroup(title: "Requests") var requests: RequestOptions
    @OptionGroup(title: "Journal") var journal: JournalOptions
    @OptionGroup(title: "General") var common: CommonOptions

    @Option(help: "Keep the recorded pauses, that many times as fast; without it there are none.")
    var speed: Double?

    @Option(help: "How many times the whole is sent.")
    var count = 1

    @Option(help: "How many times each event is sent, one after another.")
    var duplicates = 1

    @Option(help: ArgumentHelp("Send in another order, fixed by a number.", valueName: "seed"))
    var shuffle: UInt64?

    @Option(name: [.short, .long], help: "Only events of this type; may be repeated.")
    var events: [String] = []

    @Flag(help: "Send the bytes as they were recorded, with their old hashes.")
    var asRecorded = false

    @Option(
        help: ArgumentHelp(
            "The time at which flows begin (default: now).", valueName: "unix seconds"))
    var timestamp: Int64?

    @Flag(help: "List the built-in flows.")
    var list = false

    func validate() throws {
        try Bounds.check(count: count, "--count")
        try Bounds.check(count: duplicates, "--duplicates")
        try Bounds.check(speed: speed, "--speed")
        try Bounds.check(timestamp: timestamp)
    }

    func run() async throws {
        if list { return try listFlows() }
        guard !paths.isEmpty else {
            throw Problem(
                .wrongUse,
                "a path is missing; 'countersign replay --list' shows built-in flows, and "
                    + "'countersign replay --help' an example")
        }
        let sources = try common.sources(
            delivery.flags.merging(requests.flags) { $1 }.merging(journal.flags) { $1 })
        let settings = try Settings(sources)
        let plan = EventPlan(settings, to: try settings.requireDestination())
        let prepared = try load(settings).map { event in
            (
                event.offset,
                try plan.delivery(
                    json: event.json, payload: event.payload, origin: event.source, number: 0)
            )
        }
        let order = ReplayOrder(
            count: prepared.count, rounds: count, duplicates: duplicates, shuffle: shuffle)
        let display = DeliveryDisplay(
            format: common.format, style: try common.style(sources, descriptor: 1))
        let span = prepared.map(\.0).max() ?? .zero
        let deliveries = order.lazy.map { round, index in
            let (offset, delivery) = prepared[index]
            let pause = speed.map { (offset + span * round) / $0 } ?? .zero
            return (offset: pause, delivery: delivery)
        }
        let summary = try await Services.with(settings) { services in
            try await DeliveryRun(services, self.delivery.plan).run(
                deliveries, report: display.show)
        }
        display.show(summary)
        if summary.exitCode != 0 { throw ExitCode(summary.exitCode) }
    }

    private func load(_ settings: Settings) throws -> [RecordedEvent] {
        let source = FixtureSource(
            seed: settings.seed, now: timestamp ?? Int64(Date().timeIntervalSince1970),
            apiKey: settings.signingKey)
        var loaded = try paths.flatMap { path throws(FixtureError) in try source.load(path) }
        if !events.isEmpty {
            let wanted = Set(events)
            loaded = loaded.filter {
                wanted.contains($0.payload["event"]?["event_type"]?.string ?? "")
            }
            guard !loaded.isEmpty else {
                throw Problem(
                    .emptySource, "no event is of the type \(events.joined(separator: " or "))")
            }
        }
        if asRecorded { return loaded }
        return try loaded.map { event throws(FixtureError) in
            var event = event
            event.payload = try event.payload.signed(apiKey: settings.signingKey)
            event.json = event.payload.encoded(.service)
            return event
        }
    }

    private func listFlows() throws {
        let width = Flow.builtInNames.map(\.count).max() ?? 0
        for name in Flow.builtInNames {
            let flow = try Flow(builtIn: name)
            switch common.format {
            case .text:
                Terminal.standardOutput("flow:\(name.padded(to: width))  \(flow.description)\n")
            case .compact: Terminal.standardOutput("flow:\(name)\n")
            case .json:
                let value: JSONValue = [
                    "type": "flow", "name": .string(name), "description": .string(flow.description),
                ]
                Terminal.standardOutput(value.text(.plain) + "\n")
            }
        }
    }
}

/// Which event is sent when: rounds of all events, each some times, in order or shuffled.
struct ReplayOrder: Sequence {
    let count: Int
    let rounds: Int
    let duplicates: Int
    let shuffle: UInt64?

    func makeIterator() -> AnyIterator<(round: Int, index: Int)> {
        var round = 0
        var position = 0
        var generator = SeededGenerator(seed: shuffle ?? 0)
        func order() -> [Int] {
            let indices = (0..<count).flatMap { repeatElement($0, count: duplicates) }
            return shuffle == nil ? indices : indices.shuffled(using: &generator)
        }
        var current = order()
        return AnyIterator {
            if position == current.count {
                round += 1
                position = 0
                current = order()
            }
            guard round < rounds, count > 0 else { return nil }
            defer { position += 1 }
            return (round, current[position])
        }
    }
}
