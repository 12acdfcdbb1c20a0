import Callbacks
package import Delivery
import Fixtures
package import HTTPTransport
package import MockAPI

/// How the mock is run, resolved and valid.
package struct MockPlan: Sendable {
    package var host: String
    package var port: Int
    package var clock: DeliveryClock.Mode
    package var mock: MockSettings
    /// What links begin with, where that is not where it listens.
    package var publicURL: Destination?
    /// Opens the control API; made where the mock can be reached from other machines.
    package var controlToken: String?
    /// Whether it speaks TLS, with a certificate of its own authority.
    package var usesTLS: Bool
    /// Deliveries under way at once; those about one thing still go in order.
    package var concurrency = 8

    /// Where the mock listens when nothing else is said.
    package static let defaultHost = "127.0.0.1"
    package static let defaultPort = 7446

    /// Resolves the settings of the mock.
    ///
    /// - Throws: ``Problem`` that names the value, where it stands, and what would fit.
    package init(_ sources: SettingSources, _ settings: Settings) throws(Problem) {
        host =
            try Settings.parsed(sources.value(.host), "a name or an address") {
                $0.isEmpty ? nil : $0
            } ?? Self.defaultHost
        port =
            try Settings.parsed(sources.value(.port), "a port from 0 to 65535") {
                Int($0).flatMap { (0...65_535).contains($0) ? $0 : nil }
            } ?? Self.defaultPort
        clock = try Self.clock(sources)
        usesTLS = try Settings.flag(sources.value(.tls))
        mock = MockSettings()
        mock.seed = settings.seed
        mock.form = settings.wire.form
        mock.retryWaits = RetrySchedule.service.milliseconds
        mock.defaultKey = settings.signingKey
        mock.reporting =
            try Settings.choice(sources.value(.reporting), MockSettings.Reporting.self)
            ?? mock.reporting
        mock.badTextTag =
            try Settings.choice(sources.value(.textTagError), MockSettings.BadTextTag.self)
            ?? mock.badTextTag
        mock.enforcesRateLimits = try Settings.flag(sources.value(.rateLimits))
        mock.fileHosts = Set(sources.values(.allowFileHost).map { $0.text.lowercased() })
        if let span = try Settings.parsed(
            sources.value(.processing), "a time such as 250ms", TimeSpan.parse)
        {
            mock.processingMilliseconds = span.wholeMilliseconds
        }
        let isPaid = try Settings.choice(sources.value(.plan), PricePlan.self) != .free
        controlToken = try Settings.controlToken(sources, isLocal: isLocal)
        publicURL = try sources.value(.publicURL).map { value throws(Problem) in
            try Settings.destination(value.text, origin: value.origin)
        }
        try setAccounts(sources, settings, isPaid: isPaid)
    }

    /// Whether it can be reached from this machine alone.
    var isLocal: Bool { Settings.isLoopback(host) }

    private enum PricePlan: String, CaseIterable { case paid, free }

    /// The accounts of the file; without any, one account that any key opens, or the given key alone.
    private mutating func setAccounts(
        _ sources: SettingSources, _ settings: Settings, isPaid: Bool
    ) throws(Problem) {
        let url = settings.destination?.description
        guard sources.accounts.isEmpty else {
            mock.accounts = sources.accounts
            mock.accounts[0].callbackURL = url ?? mock.accounts[0].callbackURL
            mock.takesAnyKey = mock.accounts.allSatisfy(\.apiKeys.isEmpty)
            return
        }
        mock.takesAnyKey = settings.apiKey == nil
        mock.accounts = [
            MockSettings.Account(
                emailAddress: "me@example.com", apiKeys: settings.apiKey.map { [$0] } ?? [],
                callbackURL: url, isPaid: isPaid)
        ]
    }

    private static func clock(_ sources: SettingSources) throws(Problem) -> DeliveryClock.Mode {
        let speed = try Settings.parsed(
            sources.value(.clockSpeed), "a number from 0.001 to 1000000"
        ) {
            Double($0).flatMap { (0.001...1_000_000).contains($0) ? $0 : nil }
        }
        // A manual clock begins at one moment, so that two runs with one seed are alike.
        let start: Int64 = 1_760_000_000_000
        return try Settings.parsed(sources.value(.clock), "real or manual") {
            ["real": .real, "manual": .manual(start: start)][$0]
        } ?? speed.map { .scaled($0) } ?? .real
    }
}
