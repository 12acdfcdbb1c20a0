import Callbacks
import HTTPTransport
import OpenSSL
import Testing

/// What one exchange sends, and what it makes of an answer.
@Suite(.timeLimit(.minutes(1))) struct AnswerTests {
    /// Sends one request to a server that answers with `answer` and closes.
    func exchange(
        method: String = "POST", answer: String,
        configuration: HTTPClientConfiguration = .init(timeout: .seconds(20)),
        check: (HTTPExchange) throws -> Void
    ) async throws {
        try await withServer { connection in
            _ = try await connection.readRequest()
            try await connection.write(answer)
        } body: { port in
            try await withClient(configuration) { client in
                try check(await client.send(.make(method: method), to: .local(port)))
            }
        }
    }

    @Test func `the server gets exactly the octets of the request`() async throws {
        let seen = Record<String>()
        try await withServer { connection in
            seen.append(try await connection.readRequest())
            try await connection.write(RawConnection.answer("ok"))
        } body: { port in
            try await withClient { client in
                let request = CallbackRequest.make(
                    body: "a\r\n\r\nb\u{e9}",
                    more: [HeaderField("x-odd", " 1"), HeaderField("X", "")])
                let exchange = try await client.send(request, to: .local(port))
                let outgoing = try OutgoingRequest(request, to: .local(port))
                let sent = String(decoding: outgoing.head + outgoing.body, as: UTF8.self)
                #expect(seen.all == [sent])
                #expect(
                    sent.hasPrefix("POST /callbacks?a=1 HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"))
                #expect(exchange.requestHead == outgoing.head)
                #expect(exchange.body == "ok")
                #expect(!exchange.connectionWasReused)
                #expect(exchange.timings.connected != nil)
                #expect(exchange.timings.firstByte.map { $0 <= exchange.timings.total } == true)
            }
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", 200, "ok", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", 200, "to the end", false),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", true),
        ("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 500, "", true),
        ("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 302, "", true),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5;x=y\r\nHello\r\nA\r\n API Event\r\n0\r\nX: 1\r\n\r\n",
            200, "Hello API Event", true
        ),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            200, "x", true
        ),
    ])
    func `an answer is read, and kept as it came`(
        answer: String, status: Int, body: String, keeps: Bool
    ) async throws {
        try await exchange(answer: answer) { exchange in
            let read = try exchange.result.get()
            #expect(read.status == status)
            #expect(String(decoding: read.body, as: UTF8.self) == body)
            #expect(read.keepsConnection == keeps)
            #expect(String(decoding: exchange.received, as: UTF8.self) == answer)
            #expect(!exchange.continueWasSent)
        }
    }

    @Test func `headers keep their order, repeats and letter case`() async throws {
        let answer = "HTTP/1.1 200 OK\r\nx-B: 1\r\nX-a:2 \r\nx-b: 3\r\nContent-Length: 0\r\n\r\n"
        try await exchange(answer: answer) { exchange in
            let headers = try exchange.result.get().headers
            #expect(
                headers == [
                    HeaderField("x-B", "1"), HeaderField("X-a", "2"), HeaderField("x-b", "3"),
                    HeaderField("Content-Length", "0"),
                ])
        }
    }

    @Test func `an answer to HEAD has no body, whatever length it states`() async throws {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"
        try await exchange(method: "HEAD", answer: answer) { exchange in
            #expect(exchange.body == "")
        }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.6\r\n", "220 smtp ready\r\n", "HTTP/1.1 abc\r\n\r\n", "\u{0}\u{1}\u{2}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ])
    func `what is not HTTP is told, with its octets`(answer: String) async throws {
        try await exchange(answer: answer) { exchange in
            guard case .notHTTP(let reason)? = exchange.failure else {
                Issue.record("\(exchange.result)")
                return
            }
            #expect(!reason.isEmpty)
            #expect(String(decoding: exchange.received, as: UTF8.self) == answer)
            #expect(exchange.judged.outcome == .notHTTP)
        }
    }

    @Test(arguments: [
        ("", "before"), ("HTTP/1.1 200", "in the middle of"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHello", "in the middle of"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n", "in the middle of"),
    ])
    func `an answer without its end is a reset`(answer: String, place: String) async throws {
        try await exchange(answer: answer) { exchange in
            #expect(exchange.failure == .reset("the connection ended \(place) the answer"))
            #expect(String(decoding: exchange.received, as: UTF8.self) == answer)
        }
    }

    @Test func `an answer up to the limit is read, and its connection ends over it`() async throws {
        let answer = RawConnection.answer(String(repeating: "x", count: 500))
        for limit in [answer.utf8.count, answer.utf8.count - 1] {
            let (ends, end) = AsyncStream.makeStream(of: Void.self)
            try await withServer { connection in
                _ = try await connection.readRequest()
                try await connection.write(answer)
                // Only the client can end this connection.
                while try await !connection.read(1).isEmpty {}
                end.yield()
            } body: { port in
                let configuration = HTTPClientConfiguration(
                    timeout: .seconds(20), maximumResponseBytes: limit)
                try await withClient(configuration) { client in
                    let exchange = try await client.send(.make(), to: .local(port))
                    #expect(exchange.received.elementsEqual(answer.utf8.prefix(limit)))
                    if limit == answer.utf8.count {
                        #expect(exchange.body?.count == 500)
                    } else {
                        #expect(exchange.failure == .tooLarge(limit: limit))
                        for await _ in ends { break }
                    }
                }
            }
        }
    }

    @Test func `an exchange is judged by its answer`() async throws {
        try await exchange(answer: RawConnection.answer(Acknowledgement.text)) { exchange in
            #expect(exchange.judged == (.acknowledged, nil))
        }
        try await exchange(answer: RawConnection.answer(Acknowledgement.text + ".")) { exchange in
            #expect(exchange.judged == (.acknowledgedNotExactly, nil))
        }
        try await exchange(answer: RawConnection.answer("")) { exchange in
            #expect(exchange.judged == (.emptyBody, nil))
        }
        try await exchange(answer: RawConnection.answer("OK")) { exchange in
            #expect(exchange.judged == (.wrongBody, nil))
        }
        try await exchange(answer: "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n") { exchange in
            #expect(exchange.judged == (.wrongStatus, "status 404"))
        }
        let found = "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"
        try await exchange(answer: found) { exchange in
            #expect(exchange.judged == (.redirect, "status 302 to /x"))
            try judgeFailures(exchange)
        }
    }

    func judgeFailures(_ exchange: HTTPExchange) throws {
        let table: [(TransportFailure, Outcome, String?)] = [
            (.refused, .refused, nil), (.unreachable("why"), .unreachable, "why"),
            (.timeout("connecting"), .timeout, "connecting"), (.reset("why"), .reset, "why"),
            (.tls(.init(code: .verification, message: "why")), .tlsFailure, "why"),
            (.tooLarge(limit: 10), .tooLarge, "over 10 octets"),
            (.notHTTP("why"), .notHTTP, "why"),
            (.abandoned, .interrupted, "we went away in the middle of the body"),
            (.shutDown, .interrupted, "the client was shut down"),
        ]
        for (failure, outcome, detail) in table {
            var exchange = exchange
            exchange.result = .failure(failure)
            #expect(exchange.judged == (outcome, detail))
        }
    }
}
