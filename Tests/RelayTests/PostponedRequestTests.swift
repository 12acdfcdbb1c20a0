import Testing

@testable import Relay

/// What becomes of requests while reports of earlier ones are not kept yet.
@Suite struct PostponedRequestTests {
    static let waitingReports = 2

    /// Fills the queue of reports, and has `body` go on from there.
    static func withFullQueue(
        _ change: @escaping (inout AgentConfiguration) -> Void = { _ in },
        _ body: (RunningRelay, SlowSink) async throws -> Void
    ) async throws {
        let sink = SlowSink()
        try await withRelay(
            loops: 1, handler: { Mirror() }, sink: sink,
            agent: { agent in
                agent.limits.waitingReports = waitingReports
                change(&agent)
            }
        ) { relay in
            try await relay.withSender { sender in
                for _ in 0..<waitingReports {
                    try await sender.send(octets(headText("GET / HTTP/1.1", "Host: \(relay.host)")))
                    #expect(try await sender.answer().head.start[0] == "200")
                }
            }
            try await body(relay, sink)
            sink.finishAll()
        }
    }

    @Test func `a request waits, and is forwarded once reports are kept`() async throws {
        try await Self.withFullQueue { relay, sink in
            let request =
                headText("POST /late HTTP/1.1", "Host: \(relay.host)", "Content-Length: 5")
                + "hello"
            try await relay.withSender { sender in
                try await sender.send(octets(request))
                await relay.waitForRequests(1)
                sink.finish(Self.waitingReports)
                let answer = try await sender.answer()
                #expect(answer.head.start[0] == "200")
                #expect(text(answer.body).hasPrefix("POST /late HTTP/1.1"))
                #expect(text(answer.body).hasSuffix("\r\n\r\nhello"))
            }
        }
    }

    @Test func `what there is no room for is told so, and does not reach the handler`()
        async throws
    {
        try await Self.withFullQueue({ $0.limits.postponedBytes = 4096 }) { relay, sink in
            let small = octets(headText("GET /small HTTP/1.1", "Host: \(relay.host)"))
            let large = octets(
                headText(
                    "GET /large HTTP/1.1", "Host: \(relay.host)",
                    "Padding: " + String(repeating: "p", count: 4096)))
            try await relay.withSender { waiting in
                try await waiting.send(small)
                await relay.waitForRequests(1)
                try await relay.withSender { sender in
                    try await sender.send(large)
                    let refusal = try await sender.answer()
                    #expect(refusal.head.start[0] == "503")
                    #expect(refusal.field("Countersign-Error") == "too-busy")
                    sink.finish(Self.waitingReports)
                    // Its answer shows that the agent goes on; until then a request may be refused.
                    #expect(try await waiting.answer().head.start[0] == "200")
                    try await sender.send(large)
                    #expect(try await sender.answer().head.start[0] == "200")
                }
            }
        }
    }

    @Test func `a sender that leaves while its request waits leaves nothing behind`() async throws {
        try await Self.withFullQueue { relay, sink in
            try await relay.withSender(isCut: true) { sender in
                try await sender.send(octets(headText("GET / HTTP/1.1", "Host: \(relay.host)")))
                await relay.waitForRequests(1)
            }
            #expect(await relay.settled().openRequests == 0)
            sink.finish(Self.waitingReports)
            try await relay.withSender { sender in
                try await sender.send(octets(headText("GET / HTTP/1.1", "Host: \(relay.host)")))
                #expect(try await sender.answer().head.start[0] == "200")
            }
        }
    }
}
