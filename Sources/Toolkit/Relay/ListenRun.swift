import Foundation
import HTTPTransport
import Journal
package import Relay

/// The agent as a program: forwards, keeps what it forwarded, and tells of it.
package struct ListenRun: Sendable {
    /// What happens, for a display.
    package enum Report: Sendable {
        case tunnel(Agent.Report)
        /// A request has been answered, and is kept.
        case traffic(Traffic)
        /// Something could not be kept.
        case failed(Problem)
    }

    /// Requests that a journal in memory keeps: an agent may run for days, and memory is no disk.
    private static let maximumInMemory = 10_000

    private let plan: ListenPlan
    private let version: String

    package init(_ plan: ListenPlan, version: String) {
        self.plan = plan
        self.version = version
    }

    /// Forwards until the task is cancelled.
    ///
    /// - Throws: ``AgentError``, ``Problem``, ``JournalError``, ``OpenSSL/OpenSSLError``.
    package func run(report: @escaping @Sendable (Report) -> Void) async throws {
        let archive = try plan.archive.map { try HTTPArchive(path: $0, version: version) }
        let journal = try plan.keepsTraffic ? Journal(bounded(plan.journal)) : nil
        var agent = plan.agent
        agent.keepsExchanges = journal != nil || archive != nil || plan.tellsOfTraffic
        if let journal {
            _ = try await journal.prune(now: Int64(Date().timeIntervalSince1970 * 1000))
        }
        let tells = plan.tellsOfTraffic
        let recorder = TrafficRecorder(
            journal: journal, filter: plan.filter, apiKey: plan.apiKey, archive: archive,
            report: { if tells { report(.traffic($0)) } },
            failed: { report(.failed(Problem($0))) })
        defer {
            recorder.flush()
            try? journal?.close()  // what ended the run is the error to tell
        }
        try await Agent(agent, sink: recorder).run { report(.tunnel($0)) }
    }

    private func bounded(_ journal: JournalConfiguration) -> JournalConfiguration {
        var journal = journal
        if journal.storage == .memory { journal.limits.deliveries = Self.maximumInMemory }
        return journal
    }
}
