import ArgumentParser
import Callbacks
import Fixtures
import Foundation
import HTTPTransport
import Journal
import Toolkit

/// Makes events and sends them.
struct Trigger: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes an event and sends it to a handler.",
        discussion: """
            countersign trigger signature_request_all_signed -f localhost:3000/callbacks
            countersign trigger signature_request_sent --kind app --count 3 -f 3000 \\
              --override 'signature_request.title="NDA"'
            """)

    @Argument(help: "Event types; --list shows all.")
    var events: [String] = []

    @OptionGroup(title: "Delivery") var delivery: DeliveryOptions
    @OptionGroup(title: "Requests") var requests: RequestOptions
    @OptionGroup(title: "Journal") var journal: JournalOptions
    @OptionGroup(title: "General") var common: CommonOptions

    @Option(
        help: "Which URL the event is reported to: account or app (default: what the type allows).")
    var kind: String?

    @Option(
        help: ArgumentHelp("Another value for a member; may be repeated.", valueName: "path=value"))
    var override: [String] = []

    @Option(
        help: ArgumentHelp("A member more; [+] is behind an array's end.", valueName: "path=value"))
    var add: [String] = []

    @Option(help: ArgumentHelp("A member less.", valueName: "path"))
    var remove: [String] = []

    @Option(help: "How many of each.")
    var count = 1

    @Option(help: ArgumentHelp("The time of the events (default: now).", valueName: "unix seconds"))
    var timestamp: Int64?

    @Flag(help: "List all event types.")
    var list = false

    @Flag(help: "Print the request and send nothing.")
    var print = false

    func validate() throws {
        try Bounds.check(count: count, "--count")
        try Bounds.check(timestamp: timestamp)
    }

    func run() async throws {
        if list { return EventTypeList.show(common.format) }
        guard !events.isEmpty else {
            throw Problem(
                .wrongUse,
                "an event type is missing; 'countersign trigger --list' shows all, and "
                    + "'countersign trigger --help' an example")
        }
        let sources = try common.sources(
            delivery.flags.merging(requests.flags) { $1 }.merging(journal.flags) { $1 })
        let settings = try Settings(sources)
        let made = try MadeEvents(
            types: events.map { name throws(FixtureError) in try EventType.resolve(name) },
            kind: try kindOfURL(), edits: try edits(), count: count, timestamp: timestamp, settings)
        if print { return try printRequests(made, settings) }
        let plan = EventPlan(settings, to: try settings.requireDestination())
        let display = DeliveryDisplay(
            format: common.format, style: try common.style(sources, descriptor: 1))
        try made.rehearse(plan)
        let summary = try await Services.with(settings) { services in
            try await DeliveryRun(services, delivery.plan).run(
                made.deliveries(plan), report: display.show)
        }
        display.show(summary)
        if summary.exitCode != 0 { throw ExitCode(summary.exitCode) }
    }

    private func kindOfURL() throws -> CallbackKind? {
        guard let kind else { return nil }
        guard let value = CallbackKind(rawValue: kind) else {
            throw Problem(
                .wrongValue, "'\(kind)' does not fit; account or app is expected", at: "--kind")
        }
        return value
    }

    private func edits() throws -> [PayloadEdit] {
        try override.map(PayloadEdit.init(overriding:)) + add.map(PayloadEdit.init(adding:))
            + remove.map(PayloadEdit.init(removing:))
    }

    private func printRequests(_ made: MadeEvents, _ settings: Settings) throws {
        let destination =
            try settings.destination ?? Settings.destination("localhost", origin: "--forward-to")
        let plan = EventPlan(settings, to: destination)
        for index in 0..<made.total {
            let request = plan.request(for: try made.delivery(index, plan))
            Terminal.standardOutput(request.head + request.body)
        }
    }
}

/// The events that a command line asks for, made when they are needed.
struct MadeEvents: Sendable {
    private let types: [EventType]
    private let kind: CallbackKind?
    private let edits: [PayloadEdit]
    private let settings: Settings
    private let now: Int64
    let total: Int

    init(
        types: [EventType], kind: CallbackKind?, edits: [PayloadEdit], count: Int,
        timestamp: Int64?,
        _ settings: Settings
    ) throws {
        self.types = types
        self.kind = kind
        self.edits = edits
        self.settings = settings
        now = timestamp ?? Int64(Date().timeIntervalSince1970)
        total = types.count * count
    }

    func event(_ index: Int) throws -> FixtureEvent {
        let type = types[index % types.count]
        var factory = EventFactory(
            seed: SeededGenerator.seed(settings.seed, UInt64(index)), now: now,
            apiKey: settings.signingKey)
        let kind = kind ?? type.known?.kinds.first ?? .account
        return try factory.event(type, kind: kind, edits: edits)
    }

    func delivery(_ index: Int, _ plan: EventPlan) throws -> NewDelivery {
        let event = try event(index)
        return try plan.delivery(
            json: event.json, payload: event.payload, origin: "trigger", number: UInt64(index))
    }

    /// Makes one event of each type, so that what is wrong is known before anything is sent.
    func rehearse(_ plan: EventPlan) throws {
        for index in types.indices { _ = try delivery(index, plan) }
    }

    /// All deliveries, made one after another; see ``rehearse(_:)``.
    func deliveries(_ plan: EventPlan) -> some Sequence<(offset: Duration, delivery: NewDelivery)> {
        (0..<total).lazy.map { index in
            guard let delivery = try? delivery(index, plan) else {
                preconditionFailure("an event of a type that was rehearsed cannot be made")
            }
            return (offset: Duration.zero, delivery: delivery)
        }
    }
}
