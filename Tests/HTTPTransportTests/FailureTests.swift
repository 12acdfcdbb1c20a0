import Callbacks
import HTTPTransport
import Testing

/// Exchanges that end without an answer, and those that are sent in an unusual manner.
@Suite(.timeLimit(.minutes(1))) struct FailureTests {
    let ends: AsyncStream<String>
    let end: AsyncStream<String>.Continuation

    init() {
        (ends, end) = AsyncStream.makeStream(of: String.self)
    }

    /// A server that reports each request, sends `answer` and then what comes until the client goes.
    func withSilentServer(
        answer: String = "", _ body: (Int) async throws -> Void
    ) async throws {
        let end = end
        try await withServer { connection in
            defer { end.yield("closed") }
            end.yield(try await connection.readRequest())
            try await connection.write(answer)
            while try await !connection.read(1).isEmpty {}
        } body: { port in
            try await body(port)
        }
    }

    @Test(arguments: [
        ("", "waiting for the answer"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHello", "reading the answer"),
    ])
    func `a server that takes too long is a timeout`(
        answer: String, phase: String
    ) async throws {
        try await withSilentServer(answer: answer) { port in
            try await withClient(.init(timeout: .milliseconds(50))) { client in
                let exchange = try await client.send(.make(), to: .local(port))
                var seen: [String] = []
                for await text in ends {
                    seen.append(text)
                    if text == "closed" { break }
                }
                // On a loaded machine the time may be over before the octets have passed.
                if !seen[0].isEmpty, exchange.received.elementsEqual(answer.utf8) {
                    #expect(exchange.failure == .timeout(phase))
                }
                #expect(exchange.judged.outcome == .timeout)
                #expect(exchange.timings.total >= .milliseconds(50))
            }
        }
    }

    @Test func `nobody listening is a refusal`() async throws {
        let port = Record<Int>()
        try await withServer { _ in
        } body: {
            port.append($0)
        }
        try await withClient { client in
            let exchange = try await client.send(.make(), to: .local(port.all[0]))
            #expect(exchange.failure == .refused)
            #expect(exchange.timings.connected == nil)
            #expect(exchange.received.isEmpty)
        }
    }

    @Test func `a name that nobody has is told`() async throws {
        try await withClient { client in
            let exchange = await client.send(.make(), to: try Destination(parsing: "http://a..b/"))
            #expect(exchange.failure == .unreachable("the name 'a..b' is not known"))
        }
    }

    @Test func `a reset by the server is told`() async throws {
        try await withServer { connection in
            _ = try await connection.readRequest()
            try await connection.reset()
        } body: { port in
            try await withClient { client in
                let exchange = try await client.send(.make(), to: .local(port))
                #expect(exchange.judged.outcome == .reset)
            }
        }
    }

    @Test func `the body waits for the server to ask for it`() async throws {
        let heads = Record<String>()
        try await withServer { connection in
            heads.append(try await connection.readHead())
            try await connection.write("HTTP/1.1 100 Continue\r\n\r\n")
            let body = String(decoding: try await connection.read(4), as: UTF8.self)
            try await connection.write(RawConnection.answer(body))
        } body: { port in
            try await withClient { client in
                let exchange = try await client.send(
                    .make(more: [HeaderField("Expect", "100-continue")]), to: .local(port),
                    options: .init(manner: .expectContinue))
                #expect(exchange.body == "body")
                #expect(exchange.continueWasSent)
                #expect(heads.all[0].contains("Expect: 100-continue\r\n"))
            }
        }
    }

    @Test func `the body goes out when the server does not ask for it`() async throws {
        try await withServer { connection in
            let request = try await connection.readRequest()
            try await connection.write(RawConnection.answer(String(request.suffix(4))))
        } body: { port in
            try await withClient { client in
                let exchange = try await client.send(
                    .make(), to: .local(port), options: .init(manner: .expectContinue))
                #expect(exchange.body == "body")
                #expect(!exchange.continueWasSent)
                #expect(exchange.timings.total >= SendOptions.continueTimeout)
            }
        }
    }

    @Test func `an answer in place of 100 keeps the body back and ends the connection`()
        async throws
    {
        let rests = Record<[UInt8]>()
        let end = end
        try await withServer { connection in
            defer { end.yield("closed") }
            _ = try await connection.readHead()
            try await connection.write("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
            rests.append(try await connection.read(1))
        } body: { port in
            try await withClient { client in
                let exchange = try await client.send(
                    .make(), to: .local(port), options: .init(manner: .expectContinue))
                #expect(try exchange.result.get().status == 417)
                for await _ in ends { break }
                #expect(rests.all == [[]])
            }
        }
    }

    @Test(arguments: [0, 5, 1000])
    func `who abandons a request sends that many octets of its body`(count: Int) async throws {
        let seen = Record<[UInt8]>()
        let end = end
        try await withServer { connection in
            defer { end.yield("closed") }
            seen.append(try await connection.read(10_000))
        } body: { port in
            try await withClient { client in
                let request = CallbackRequest.make(body: "0123456789")
                let exchange = try await client.send(
                    request, to: .local(port),
                    options: .init(manner: .abandon(afterBodyBytes: count)))
                #expect(exchange.failure == .abandoned)
                for await _ in ends { break }
                #expect(seen.all == [exchange.requestHead + request.body.prefix(count)])
            }
        }
    }

    @Test func `cancelling ends an exchange and its connection`() async throws {
        try await withSilentServer { port in
            try await withClient { client in
                let destination = try Destination.local(port)
                await withTaskGroup(of: HTTPExchange.self) { group in
                    group.addTask { await client.send(.make(), to: destination) }
                    for await _ in ends { break }
                    group.cancelAll()
                    for await exchange in group { #expect(exchange.failure == .shutDown) }
                    for await text in ends where text == "closed" { break }
                    // From a task that is cancelled nothing is sent.
                    group.addTask { await client.send(.make(), to: destination) }
                    for await exchange in group {
                        #expect(exchange.failure == .shutDown)
                        #expect(exchange.timings.connected == nil)
                    }
                }
            }
        }
    }

    @Test func `shutting down ends what is under way and refuses what follows`() async throws {
        try await withSilentServer { port in
            let client = try HTTPClient(configuration: .init(timeout: .seconds(20)), group: loops)
            let destination = try Destination.local(port)
            await withTaskGroup(of: HTTPExchange.self) { group in
                group.addTask { await client.send(.make(), to: destination) }
                for await _ in ends { break }
                await client.shutDown()
                for await exchange in group { #expect(exchange.failure == .shutDown) }
            }
            for await text in ends where text == "closed" { break }
            #expect(await client.send(.make(), to: destination).failure == .shutDown)
            await client.shutDown()
        }
    }

    @Test func `shutting down closes idle connections`() async throws {
        let end = end
        try await withServer { connection in
            end.yield("\(try await connection.answerAll())")
        } body: { port in
            try await withClient { client in
                let destination = try Destination.local(port)
                #expect(await client.send(.make(), to: destination).body == "1")
                #expect(await client.send(.make(), to: destination).body == "1")
            }
            for await count in ends {
                #expect(count == "2")
                break
            }
        }
    }
}
