import Callbacks
import HTTPTransport
import NIOCore
import NIOPosix
import OpenSSL
import Testing

/// The server as its clients see it, octet by octet.
@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
    /// Answers with what came: method, target, whether it was too large, and the body.
    private static let echo: HTTPServer.Handler = { request, isTooLarge in
        let body = String(decoding: request.body, as: UTF8.self)
        return ServerResponse(
            status: isTooLarge ? 413 : 200, headers: [HeaderField("X-Own", "1")],
            body: .bytes(Array("\(request.method) \(request.target) \(body)".utf8)))
    }

    @Test func `a request comes whole, and its connection carries the next`() async throws {
        try await withHTTPServer(handler: Self.echo) { port in
            try await withConnection(to: port) { connection in
                for number in 1...3 {
                    try await connection.write(
                        "POST /a?n=\(number) HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
                    let answer = try await connection.readAnswer()
                    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                    #expect(answer.contains("\r\nX-Own: 1\r\n"))
                    #expect(answer.hasSuffix("\r\n\r\nPOST /a?n=\(number) body"))
                }
            }
        }
    }

    @Test func `the handler sees headers as they came, the host's among them`() async throws {
        let seen = Record<[HeaderField]>()
        try await withHTTPServer { request, _ in
            seen.append(request.headers)
            return ServerResponse(status: 204)
        } body: { port in
            try await withConnection(to: port) { connection in
                try await connection.write(
                    "GET / HTTP/1.1\r\nHost: h:1\r\nX-b: 2\r\nx-B: 3\r\nConnection: close\r\n\r\n")
                let answer = try await connection.readAll()
                #expect(answer.hasPrefix("HTTP/1.1 204 No Content\r\n"))
            }
        }
        let headers = try #require(seen.all.first)
        #expect(headers.first == HeaderField("Host", "h:1"))
        #expect(headers.contains(HeaderField("X-b", "2")))
        #expect(headers.contains(HeaderField("x-B", "3")))
    }

    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n",
    ])
    func `a body over the limit is answered, and ends the connection`(
        _ request: String
    ) async throws {
        try await withHTTPServer(maximumBodyBytes: 10, handler: Self.echo) { port in
            try await withConnection(to: port) { connection in
                try await connection.write(
                    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789")
                let fitting = try await connection.readAnswer()
                #expect(fitting.hasPrefix("HTTP/1.1 200 OK\r\n"))
                try await connection.write(request)
                let answer = try await connection.readAll()
                #expect(answer.hasPrefix("HTTP/1.1 413 "))
                #expect(answer.lowercased().contains("\r\nconnection: close\r\n"))
                #expect(answer.hasSuffix("\r\n\r\nPOST / "))
            }
        }
    }

    @Test(arguments: [
        "GARBAGE\r\n\r\n", "GET / HTTP/1.1\r\nno header\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ])
    func `what is no HTTP gets the given answer, and ends the connection`(
        _ request: String
    ) async throws {
        try await withHTTPServer(handler: Self.echo) { port in
            try await withConnection(to: port) { connection in
                try await connection.write(request)
                let answer = try await connection.readAll()
                #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
                #expect(answer.contains("Content-Type: text/own\r\n"))
                #expect(answer.hasSuffix("\r\n\r\nno HTTP"))
            }
        }
    }

    @Test func `an answer of the handler's with that status is its own`() async throws {
        try await withHTTPServer { _, _ in
            ServerResponse(status: 400, body: .bytes(Array("mine".utf8)))
        } body: { port in
            try await withConnection(to: port) { connection in
                try await connection.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try await connection.readAnswer().hasSuffix("\r\n\r\nmine"))
            }
        }
    }

    @Test func `HTTP of the version before ends with its answer`() async throws {
        try await withHTTPServer(handler: Self.echo) { port in
            for more in ["", "Connection: keep-alive\r\n"] {
                try await withConnection(to: port) { connection in
                    try await connection.write("GET /x HTTP/1.0\r\n\(more)\r\n")
                    #expect(try await connection.readAll().hasSuffix("\r\n\r\nGET /x "))
                }
            }
        }
    }

    @Test func `an answer to HEAD has the length and not the body`() async throws {
        try await withHTTPServer(handler: Self.echo) { port in
            try await withConnection(to: port) { connection in
                try await connection.write("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n")
                let head = try await connection.readHead()
                #expect(head.lowercased().contains("\r\ncontent-length: 8\r\n"))
                // The next answer follows at once.
                try await connection.write("GET /y HTTP/1.1\r\nHost: h\r\n\r\n")
                let answer = try await connection.readAnswer()
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.hasSuffix("GET /y "))
            }
        }
    }

    @Test func `a reset closes the connection without an answer`() async throws {
        try await withHTTPServer { _, _ in
            ServerResponse(status: 500, body: .reset)
        } body: { port in
            try await withConnection(to: port) { connection in
                try await connection.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                #expect(try await connection.readAll() == "")
            }
        }
    }

    @Test func `a stream comes piece by piece, and ends when it does`() async throws {
        let (pieces, piece) = AsyncStream.makeStream(of: [UInt8].self)
        try await withHTTPServer { _, _ in
            ServerResponse(status: 200, body: .stream(pieces))
        } body: { port in
            try await withConnection(to: port) { connection in
                try await connection.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                let head = try await connection.readHead()
                #expect(head.lowercased().contains("\r\ntransfer-encoding: chunked\r\n"))
                for text in ["first", "later"] {
                    piece.yield(Array(text.utf8))
                    let chunk = String(decoding: try await connection.read(10), as: UTF8.self)
                    #expect(chunk == "5\r\n\(text)\r\n")
                }
                piece.finish()
                #expect(
                    String(decoding: try await connection.read(5), as: UTF8.self) == "0\r\n\r\n")
            }
        }
    }

    @Test func `it ends while connections are idle, and closes them`() async throws {
        let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: String.self) { group in
            try await withHTTPServer(handler: Self.echo) { port in
                for number in 0..<6 {
                    group.addTask {
                        try await withConnection(to: port) { connection in
                            if number > 0 {
                                try await connection.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                                _ = try await connection.readAnswer()
                            }
                            isReady.yield()
                            // The one that asks for nothing may not even be accepted.
                            return (try? await connection.readAll()) ?? ""
                        }
                    }
                }
                var iterator = ready.makeAsyncIterator()
                for _ in 0..<6 { await iterator.next() }
            }
            for try await rest in group { #expect(rest == "") }
        }
    }

    @Test func `it ends while an answer goes on, which is told to end`() async throws {
        let (pieces, piece) = AsyncStream.makeStream(of: [UInt8].self)
        let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: String.self) { group in
            try await withHTTPServer(closing: { piece.finish() }) { _, _ in
                ServerResponse(status: 200, body: .stream(pieces))
            } body: { port in
                group.addTask {
                    try await withConnection(to: port) { connection in
                        try await connection.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                        _ = try await connection.readHead()
                        isReady.yield()
                        return try await connection.readAll()
                    }
                }
                for await _ in ready { break }
            }
            for try await rest in group { #expect(rest == "0\r\n\r\n") }
        }
    }

    @Test func `an address that is taken is told`() async throws {
        try await withHTTPServer(handler: Self.echo) { port in
            let second = HTTPServer(
                HTTPServer.Configuration(
                    host: "127.0.0.1", port: port, maximumBodyBytes: 10),
                group: loops, malformed: ServerResponse(status: 400), handler: Self.echo)
            let error = await #expect(throws: ServerError.self) {
                try await second.run(ready: { _ in Issue.record("it runs") }, closing: {})
            }
            #expect(error?.reason == .addressInUse)
            #expect(error?.address == "127.0.0.1:\(port)")
        }
    }

    @Test func `it speaks TLS with a certificate of an authority`() async throws {
        let authority = try CertificateAuthority(name: "Tests")
        let tls = try TLSContext(server: authority.issue(names: ["127.0.0.1"]))
        try await withAuthorityFile(of: authority) { file in
            try await withHTTPServer(tls: tls, handler: Self.echo) { port in
                let configuration = HTTPClientConfiguration(
                    timeout: .seconds(20), trust: .authorities(file: file))
                try await withClient(configuration) { client in
                    for isReused in [false, true] {
                        let exchange = try await client.send(
                            .make(), to: .local(port, scheme: "https"))
                        #expect(exchange.body == "POST /callbacks?a=1 body")
                        #expect(exchange.connectionWasReused == isReused)
                    }
                }
                // Who does not speak TLS gets no answer in the clear.
                try await withConnection(to: port) { connection in
                    try await connection.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                    #expect(try await !connection.readAll().contains("HTTP/1.1"))
                }
            }
        }
    }
}

/// Runs a server on port 0 and ends it behind `body`.
func withHTTPServer(
    maximumBodyBytes: Int = 1000, tls: TLSContext? = nil,
    closing: @escaping @Sendable () -> Void = {}, handler: @escaping HTTPServer.Handler,
    body: (Int) async throws -> Void
) async throws {
    let server = HTTPServer(
        HTTPServer.Configuration(
            host: "127.0.0.1", port: 0, tls: tls, maximumBodyBytes: maximumBodyBytes),
        group: loops,
        malformed: ServerResponse(
            status: 400, headers: [HeaderField("Content-Type", "text/own")],
            body: .bytes(Array("no HTTP".utf8))), handler: handler)
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run(ready: { port.yield($0) }, closing: closing) }
        for await port in ports {
            try await body(port)
            break
        }
        group.cancelAll()
        try await group.waitForAll()
    }
}

/// Lends a connection to a server.
func withConnection<Result: Sendable>(
    to port: Int, _ body: (inout RawConnection) async throws -> Result
) async throws -> Result {
    let channel = try await ClientBootstrap(group: loops)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        var connection = RawConnection(
            number: 1, channel: channel.channel, inbound: inbound, outbound: outbound)
        return try await body(&connection)
    }
}

extension RawConnection {
    /// An answer with the length that it states.
    fileprivate mutating func readAnswer() async throws -> String { try await readRequest() }

    /// All that comes until the server ends the connection.
    fileprivate mutating func readAll() async throws -> String {
        String(decoding: try await read(.max), as: UTF8.self)
    }
}
