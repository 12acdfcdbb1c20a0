import Callbacks
import HTTPTransport
import OpenSSL
import Testing

@Suite(.timeLimit(.minutes(1))) struct TLSClientTests {
    let authority: CertificateAuthority

    init() throws {
        authority = try CertificateAuthority(name: "Tests")
    }

    /// Runs `body` with what becomes of two requests to a server with a certificate for `name`.
    func exchanges(
        name: String, trust: TLSContext.Trust, check: ([HTTPExchange]) throws -> Void
    ) async throws {
        let tls = try TLSContext(server: authority.issue(names: [name]))
        try await withServer(tls: tls) {
            _ = try await $0.answerAll()
        } body: { port in
            let configuration = HTTPClientConfiguration(timeout: .seconds(20), trust: trust)
            try await withClient(configuration) { client in
                let destination = try Destination.local(port, scheme: "https")
                try check([
                    await client.send(.make(), to: destination),
                    await client.send(.make(), to: destination),
                ])
            }
        }
    }

    @Test func `a certificate of a trusted authority is accepted`() async throws {
        try await withAuthorityFile(of: authority) { file in
            try await exchanges(name: "127.0.0.1", trust: .authorities(file: file)) { exchanges in
                #expect(exchanges.map(\.body) == ["1", "1"])
                #expect(exchanges.map(\.connectionWasReused) == [false, true])
                #expect(exchanges[0].timings.connected != nil)
                #expect(exchanges[0].received.elementsEqual(RawConnection.answer("1").utf8))
            }
        }
    }

    @Test func `an unknown authority is refused with OpenSSL's reason`() async throws {
        try await exchanges(name: "127.0.0.1", trust: .system) { exchanges in
            for exchange in exchanges {
                expectRefusal(exchange, "self-signed certificate in certificate chain")
            }
        }
    }

    @Test func `another name is refused with OpenSSL's reason`() async throws {
        try await withAuthorityFile(of: authority) { file in
            try await exchanges(name: "elsewhere", trust: .authorities(file: file)) { exchanges in
                expectRefusal(exchanges[0], "IP address mismatch")
            }
        }
    }

    func expectRefusal(
        _ exchange: HTTPExchange, _ reason: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .tls(let error)? = exchange.failure else {
            Issue.record("\(exchange.result)", sourceLocation: sourceLocation)
            return
        }
        #expect(error.code == .verification, sourceLocation: sourceLocation)
        #expect(error.message.contains(reason), sourceLocation: sourceLocation)
        #expect(exchange.judged.outcome == .tlsFailure, sourceLocation: sourceLocation)
        #expect(exchange.judged.detail == error.message, sourceLocation: sourceLocation)
        #expect(exchange.timings.connected == nil, sourceLocation: sourceLocation)
    }

    @Test func `who trusts anybody takes any certificate`() async throws {
        try await exchanges(name: "elsewhere", trust: .anybody) { exchanges in
            #expect(exchanges.map(\.body) == ["1", "1"])
        }
    }

    @Test func `a server without TLS is a TLS failure`() async throws {
        try await withServer { connection in
            try await connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            _ = try await connection.read(.max)
        } body: { port in
            try await withClient(.init(timeout: .seconds(20), trust: .anybody)) { client in
                let exchange = try await client.send(
                    .make(), to: .local(port, scheme: "https"))
                guard case .tls(let error)? = exchange.failure else {
                    Issue.record("\(exchange.result)")
                    return
                }
                #expect(error.code == .handshake)
                #expect(!error.message.contains("no reason given"))
            }
        }
    }

    @Test func `a server that does not shake hands is still being connected to`() async throws {
        try await withServer {
            _ = try await $0.read(.max)
        } body: { port in
            let configuration = HTTPClientConfiguration(
                timeout: .milliseconds(50), trust: .anybody)
            try await withClient(configuration) { client in
                let exchange = try await client.send(.make(), to: .local(port, scheme: "https"))
                #expect(exchange.failure == .timeout("connecting"))
                #expect(exchange.timings.connected == nil)
            }
        }
    }

    @Test func `a file without authorities is told when the client is made`() {
        let error = #expect(throws: OpenSSLError.self) {
            try HTTPClient(
                configuration: .init(trust: .authorities(file: "/nowhere.pem")), group: loops)
        }
        #expect(error?.code == .unreadable)
    }
}
