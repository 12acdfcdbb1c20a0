import Callbacks
import ControlAPI
package import Delivery
import Documents
import Foundation
import HTTPTransport
import Journal
package import MockAPI
import NIOCore
import NIOPosix
import Synchronization

/// The mock as a program: the API, its callbacks and the control API on one port.
package struct MockServer: Sendable {
    /// What happens, for a display.
    package enum Report: Sendable {
        case ready(Ready)
        /// So many deliveries of an earlier run go on.
        case adopted(Int)
        case attempt(AttemptReport)
        case exchange(Exchange)
    }

    /// Where everything is.
    package struct Ready: Hashable, Sendable {
        package var url: String
        package var port: Int
        package var destination: String?
        package var takesAnyKey: Bool
        package var emailAddress: String
        /// The folder; `nil` for a mock that keeps nothing.
        package var folder: String?
        /// Whether the programs are there that read and make PDF.
        package var readsDocuments: Bool
        /// Opens the control API where it can be reached from other machines.
        package var controlToken: String?
    }

    /// Deliveries that may wait for a handler that does not take them; calls that cause more are refused.
    private static let maximumWaiting = 50_000

    private let services: Services
    private let plan: MockPlan
    private let version: String

    package init(_ services: Services, _ plan: MockPlan, version: String) {
        self.services = services
        self.plan = plan
        self.version = version
    }

    /// Serves until the task is cancelled, or the journal fails.
    ///
    /// - Throws: ``ServerError`` when the address cannot be had; ``JournalError``.
    package func run(report: @escaping @Sendable (Report) -> Void) async throws {
        let claim = try services.journal.claimState()
        defer { withExtendedLifetime(claim) {} }
        let clock = DeliveryClock(plan.clock)
        let feed = DeliveryFeed(clock: clock, schedule: .service)
        let announcer = Announcer()
        let faults = DeliveryFaults()
        let shop = DocumentShop()
        let (failures, failure) = AsyncStream.makeStream(of: JournalError.self)
        _ = try await services.journal.prune(now: clock.now)
        let mock = try await MockService(
            plan.mock, journal: services.journal, clock: clock, desk: DocumentDesk(shop),
            fetcher: FileFetcher(client: services.client, hosts: plan.mock.fileHosts),
            note: { exchange in
                announcer.announce(.exchange(exchange))
                report(.exchange(exchange))
            }, fail: { failure.yield($0) },
            sink: { events in
                let scheduled = events.map { Self.scheduled($0, now: clock.now, plan) }
                feed.add(faults.apply(to: scheduled))
            }, isFull: { feed.count >= Self.maximumWaiting })
        let runs = if case .manual = plan.clock { false } else { true }
        if let time = mock.clockToGoOnFrom(realTime: Self.realTime, runs: runs) {
            clock.advance(to: time)
        }
        let adopted = try await adopt(mock, clock)
        if !adopted.isEmpty { report(.adopted(adopted.count)) }
        feed.add(adopted)
        let control = ControlAPI(
            ControlAPI.Parts(
                mock: mock, journal: services.journal, feed: feed, clock: clock,
                announcer: announcer, faults: faults, destination: services.settings.destination,
                version: version, apiKey: services.settings.signingKey))
        let site = MockSite(
            mock: mock, control: control, isLocal: plan.isLocal,
            publicHosts: plan.publicURL.map { [$0.host.lowercased()] } ?? [],
            token: plan.controlToken)
        let authority = plan.usesTLS ? try LocalAuthority(services.settings.journal.storage) : nil
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await engine(clock).run(feed) { attempt in
                    announcer.announce(.attempt(attempt))
                    report(.attempt(attempt))
                }
            }
            group.addTask { for await error in failures { throw error } }
            group.addTask {
                try await serve(site, authority, closing: { announcer.close() }) { port in
                    let ready = ready(port, hasPrograms: shop.hasPrograms)
                    mock.setBaseURL(plan.publicURL?.base ?? ready.url)
                    report(.ready(ready))
                }
            }
            defer {
                group.cancelAll()
                announcer.close()
            }
            try await group.next()
        }
    }

    /// Unix milliseconds.
    private static var realTime: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    private func engine(_ clock: DeliveryClock) -> DeliveryEngine {
        DeliveryEngine(
            DeliveryEngine.Configuration(
                wire: services.settings.wire, apiKey: services.settings.signingKey,
                schedule: .service, concurrency: plan.concurrency),
            client: services.client, journal: services.journal, clock: clock)
    }

    private static func scheduled(
        _ entry: (id: Int64, event: OutgoingEvent), now: Int64, _ plan: MockPlan
    ) -> DeliveryEngine.Scheduled {
        DeliveryEngine.Scheduled(
            due: now, delivery: entry.event.delivery,
            existing: .init(
                id: entry.id, attempts: 0,
                schedule: RetrySchedule(milliseconds: plan.mock.retryWaits)),
            apiKey: entry.event.apiKey, subject: entry.event.subject)
    }

    /// What an earlier run left unfinished.
    private func adopt(
        _ mock: MockService, _ clock: DeliveryClock
    ) async throws -> [DeliveryEngine.Scheduled] {
        let records = try await services.journal.adoptUnfinished(now: clock.now)
        return zip(records, mock.origins(of: records.map(\.delivery))).map { record, origin in
            var scheduled = DeliveryEngine.Scheduled(resuming: record, now: clock.now)
            scheduled.subject = origin.subject
            scheduled.apiKey = origin.apiKey
            return scheduled
        }
    }

    private func serve(
        _ site: MockSite, _ authority: LocalAuthority?, closing: @escaping @Sendable () -> Void,
        ready: @escaping @Sendable (Int) -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let server = HTTPServer(
            HTTPServer.Configuration(
                host: plan.host, port: plan.port,
                tls: try authority?.serverContext(host: plan.host),
                maximumBodyBytes: MockSite.maximumBodyBytes),
            group: group, malformed: site.malformed
        ) { request, isTooLarge in await site.answer(request, isTooLarge: isTooLarge) }
        // After an error the loops are left to the end of the program: the server may still use them.
        try await server.run(ready: ready, closing: closing)
        try await group.shutdownGracefully()
    }

    private func ready(_ port: Int, hasPrograms: Bool) -> Ready {
        let name = plan.host.contains(":") ? "[\(plan.host)]" : plan.host
        let folder: String? =
            if case .folder(let path) = services.settings.journal.storage { path } else { nil }
        return Ready(
            url: "\(plan.usesTLS ? "https" : "http")://\(name):\(port)", port: port,
            destination: plan.mock.accounts.first?.callbackURL,
            takesAnyKey: plan.mock.takesAnyKey,
            emailAddress: plan.mock.accounts.first?.emailAddress ?? "", folder: folder,
            readsDocuments: hasPrograms, controlToken: plan.controlToken)
    }
}

extension DeliveryClock: MockClock {}
