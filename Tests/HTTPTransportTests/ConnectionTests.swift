import Callbacks
import HTTPTransport
import Testing

/// Which connection carries a request, and what becomes of it afterwards.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    /// Runs `body` with a client and a server that answers with the number of the connection.
    func withNumbers(
        _ body: (_ send: (SendOptions) async throws -> HTTPExchange) async throws -> Void
    ) async throws {
        try await withServer {
            _ = try await $0.answerAll()
        } body: { port in
            try await withClient { client in
                try await body { try await client.send(.make(), to: .local(port), options: $0) }
            }
        }
    }

    @Test func `a kept connection carries the next request`() async throws {
        try await withNumbers { send in
            for round in 0..<4 {
                let exchange = try await send(.init())
                #expect(exchange.body == "1")
                #expect(exchange.connectionWasReused == (round > 0))
                #expect((exchange.timings.connected == nil) == (round > 0))
            }
        }
    }

    @Test func `a fresh connection is new and is not kept`() async throws {
        try await withNumbers { send in
            let bodies = [
                try await send(.init()).body, try await send(.init(connection: .fresh)).body,
                try await send(.init(connection: .fresh)).body, try await send(.init()).body,
            ]
            #expect(bodies == ["1", "2", "3", "1"])
        }
    }

    @Test func `a label has a connection of its own`() async throws {
        try await withNumbers { send in
            let bodies = [
                try await send(.init(connection: .labelled("a"))).body,
                try await send(.init(connection: .labelled("b"))).body,
                try await send(.init()).body,
            ]
            #expect(bodies == ["1", "2", "3"])
            let again = try await send(.init(connection: .labelled("a")))
            #expect(again.body == "1")
            #expect(again.connectionWasReused)
        }
    }

    @Test func `no more idle connections are kept than configured`() async throws {
        try await withServer {
            _ = try await $0.answerAll()
        } body: { port in
            let configuration = HTTPClientConfiguration(
                timeout: .seconds(20), maximumIdleConnections: 0)
            try await withClient(configuration) { client in
                let destination = try Destination.local(port)
                for number in 1...3 {
                    #expect(await client.send(.make(), to: destination).body == "\(number)")
                }
            }
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n",
    ])
    func `a connection that the server gives up is not used again`(head: String) async throws {
        try await withServer { connection in
            _ = try await connection.answerAll { head + "\($0)" }
        } body: { port in
            try await withClient { client in
                let destination = try Destination.local(port)
                #expect(await client.send(.make(), to: destination).body == "1")
                #expect(await client.send(.make(), to: destination).body == "2")
            }
        }
    }

    @Test func `octets behind an answer cost the connection and nothing else`() async throws {
        try await withServer { connection in
            _ = try await connection.answerAll { RawConnection.answer("\($0)") + "xyz" }
        } body: { port in
            try await withClient { client in
                let destination = try Destination.local(port)
                #expect(await client.send(.make(), to: destination).body == "1")
                #expect(await client.send(.make(), to: destination).body == "2")
            }
        }
    }

    /// Serves the first request of the first connection, and drops the next one and its connection;
    /// later connections are served when `recovers`.
    func withForgetfulServer(
        recovers: Bool, _ body: (Int, Record<Int>) async throws -> Void
    ) async throws {
        let requests = Record<Int>()
        try await withServer { connection in
            while try await !connection.readRequest().isEmpty {
                requests.append(connection.number)
                let isFirst = requests.all.count == 1
                guard isFirst || recovers && connection.number > 1 else { return }
                try await connection.write(RawConnection.answer("\(connection.number)"))
            }
        } body: { port in
            try await body(port, requests)
        }
    }

    @Test func `a stale connection is replaced`() async throws {
        try await withForgetfulServer(recovers: true) { port, requests in
            try await withClient { client in
                let destination = try Destination.local(port)
                #expect(await client.send(.make(), to: destination).body == "1")
                let exchange = try await client.send(.make(), to: .local(port))
                #expect(exchange.body == "2")
                #expect(!exchange.connectionWasReused)
                #expect(requests.all == [1, 1, 2])
            }
        }
    }

    @Test func `a stale connection is replaced only once`() async throws {
        try await withForgetfulServer(recovers: false) { port, requests in
            try await withClient { client in
                let destination = try Destination.local(port)
                #expect(await client.send(.make(), to: destination).body == "1")
                let exchange = try await client.send(.make(), to: .local(port))
                #expect(exchange.failure == .reset("the connection ended before the answer"))
                #expect(requests.all == [1, 1, 2])
            }
        }
    }

    @Test func `a stale connection is not replaced when that is not wished`() async throws {
        try await withForgetfulServer(recovers: true) { port, requests in
            try await withClient { client in
                let destination = try Destination.local(port)
                #expect(await client.send(.make(), to: destination).body == "1")
                let exchange = try await client.send(
                    .make(), to: .local(port), options: .init(replacesStaleConnection: false))
                #expect(exchange.failure == .reset("the connection ended before the answer"))
                #expect(exchange.connectionWasReused)
                #expect(requests.all == [1, 1])
            }
        }
    }

    @Test func `requests at the same time have a connection each`() async throws {
        try await withServer {
            _ = try await $0.answerAll()
        } body: { port in
            try await withClient { client in
                let destination = try Destination.local(port)
                let bodies = await withTaskGroup(of: String?.self) { group in
                    for _ in 0..<20 {
                        group.addTask { await client.send(.make(), to: destination).body }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(bodies.count == 20)
                #expect(bodies.allSatisfy { $0 != nil })
                #expect(await client.send(.make(), to: destination).connectionWasReused)
            }
        }
    }
}
