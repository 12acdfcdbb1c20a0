package import Relay

/// The agent as a program.
package struct ListenRun: Sendable {
    private let plan: ListenPlan
    private let sink: any ExchangeSink

    /// `sink`: Takes what was forwarded.
    package init(_ plan: ListenPlan, sink: any ExchangeSink) {
        self.plan = plan
        self.sink = sink
    }

    /// Forwards until the task is cancelled.
    ///
    /// - Throws: ``AgentError``, ``OpenSSL/OpenSSLError``.
    package func run(report: @escaping @Sendable (Agent.Report) -> Void) async throws {
        try await Agent(plan.agent, sink: sink).run(report: report)
    }
}

/// Lets everything go: for who neither records nor watches.
package struct NoSink: ExchangeSink {
    package init() {}

    package func take(_ exchange: ForwardedExchange, finished: @escaping @Sendable () -> Void) {
        finished()
    }
}
