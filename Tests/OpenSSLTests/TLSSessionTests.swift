import OpenSSL
import Testing

@Suite struct TLSSessionTests {
    let authority: CertificateAuthority
    let server: TLSContext
    /// Trusts the authority.
    let client: TLSContext

    init() throws {
        authority = try CertificateAuthority(name: "Tests")
        server = try TLSContext(
            server: authority.issue(names: ["localhost", "*.example.org", "127.0.0.1", "::1"]))
        client = try withAuthorityFile(of: authority) {
            try TLSContext(client: .authorities(file: $0))
        }
    }

    func pair(
        client: TLSContext? = nil, server: TLSContext? = nil, serverName: String = "localhost"
    ) throws -> SessionPair {
        try SessionPair(
            client: client ?? self.client, server: server ?? self.server, serverName: serverName)
    }

    @Test(arguments: ["localhost", "a.example.org", "127.0.0.1", "::1"])
    func `a certificate of the authority is accepted for its names`(name: String) throws {
        var pair = try pair(serverName: name)
        try pair.shakeHands()
        #expect(pair.client.version == "TLSv1.3")
        #expect(pair.server.version == "TLSv1.3")
    }

    @Test(arguments: [1, 7, 1023, Int.max])
    func `data goes both ways however the network cuts it`(chunk: Int) throws {
        var pair = try pair()
        try pair.shakeHands(chunk: chunk)
        let data = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let wire = try pair.client.write(bytes: data)
        var received: [UInt8] = []
        for piece in wire.pieces(of: chunk) {
            pair.server.receive(bytes: piece)
            received += try pair.server.readAll().bytes
        }
        #expect(received == data)
        pair.client.receive(bytes: try pair.server.write(bytes: Array(data.reversed())))
        #expect(try pair.client.readAll().bytes == data.reversed())
    }

    @Test func `plain text does not cross the wire`() throws {
        var pair = try pair()
        try pair.shakeHands()
        let secret = Array("secret secret secret".utf8)
        let wire = try pair.client.write(bytes: secret)
        #expect(wire.count > secret.count)
        #expect(!wire.indices.contains { wire[$0...].starts(with: secret.prefix(6)) })
    }

    @Test(arguments: [
        ("example.org", "hostname mismatch"), ("a.b.example.org", "hostname mismatch"),
        ("127.0.0.2", "IP address mismatch"),
    ])
    func `a certificate for another name is refused`(name: String, reason: String) throws {
        var pair = try pair(serverName: name)
        expectRefusal(of: &pair, because: reason)
    }

    @Test func `a certificate of an unknown authority is refused`() throws {
        let other = try CertificateAuthority(name: "Somebody else")
        let credentials = try other.issue(names: ["localhost"])
        var pair = try pair(server: TLSContext(server: credentials))
        expectRefusal(of: &pair, because: "self-signed certificate in certificate chain")
    }

    @Test(arguments: [
        (-7200 ..< -3600, "certificate has expired"), (3600..<7200, "certificate is not yet valid"),
    ])
    func `a certificate out of its time is refused`(
        validSeconds: Range<Int>, reason: String
    ) throws {
        let credentials = try authority.issue(names: ["localhost"], validSeconds: validSeconds)
        var pair = try pair(server: TLSContext(server: credentials))
        expectRefusal(of: &pair, because: reason)
    }

    func expectRefusal(
        of pair: inout SessionPair, because reason: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do {
            try pair.shakeHands()
            Issue.record("the certificate was accepted", sourceLocation: sourceLocation)
        } catch {
            let error = error as? OpenSSLError
            #expect(error?.code == .verification, sourceLocation: sourceLocation)
            #expect(
                error?.message.contains(reason) == true, "\(error)",
                sourceLocation: sourceLocation)
        }
        // The alert tells the server why.
        pair.server.receive(bytes: pair.client.takeBytes())
        do {
            _ = try pair.server.handshake()
            Issue.record("the server heard no alert", sourceLocation: sourceLocation)
        } catch {
            #expect(error.code == .handshake, sourceLocation: sourceLocation)
            #expect(error.message.contains("alert"), sourceLocation: sourceLocation)
        }
    }

    @Test func `who trusts anybody takes any certificate for any name`() throws {
        let other = try CertificateAuthority(name: "Somebody else")
        let credentials = try other.issue(names: ["elsewhere"], validSeconds: -7200 ..< -3600)
        var pair = try pair(
            client: TLSContext(client: .anybody), server: TLSContext(server: credentials))
        try pair.shakeHands()
    }

    @Test func `close_notify ends the stream, and a cut does not`() throws {
        var pair = try pair()
        try pair.shakeHands()
        pair.server.receive(bytes: try pair.client.write(bytes: [1, 2, 3]))
        let before = try pair.server.readAll()
        #expect(before.bytes == [1, 2, 3])
        #expect(before.last == .needsInput)
        pair.client.close()
        pair.server.receive(bytes: pair.client.takeBytes())
        #expect(try pair.server.readAll().last == .closed)
    }

    @Test func `who has closed still reads what the peer sends`() throws {
        var pair = try pair()
        try pair.shakeHands()
        pair.client.close()
        pair.client.receive(bytes: try pair.server.write(bytes: [4, 5]))
        #expect(try pair.client.readAll().bytes == [4, 5])
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{5}hello",
        "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
    ])
    func `garbage in place of a handshake is an error of the handshake`(garbage: String) throws {
        var session = try TLSSession(server: server)
        session.receive(bytes: Array(garbage.utf8))
        let error = #expect(throws: OpenSSLError.self) { _ = try session.handshake() }
        #expect(error?.code == .handshake)
        #expect(error?.message.hasPrefix("TLS handshake: ") == true)
        #expect(error?.message.contains("no reason given") == false)
    }

    @Test func `a record that was tampered with breaks the protocol`() throws {
        var pair = try pair()
        try pair.shakeHands()
        var wire = try pair.server.write(bytes: Array("amount: 100".utf8))
        wire[wire.count - 1] ^= 1
        pair.client.receive(bytes: wire)
        do {
            _ = try pair.client.readAll()
            Issue.record("the record was accepted")
        } catch {
            #expect((error as? OpenSSLError)?.code == .protocolViolation)
            #expect("\(error)".contains("bad record mac"))
        }
    }

    @Test func `both sides choose a protocol, and the server hears the name`() throws {
        let speaker = try TLSContext(
            server: authority.issue(names: ["localhost"]), protocols: ["tunnel/1", "http/1.1"])
        for (offered, chosen) in [
            (["http/1.1", "tunnel/1"], "tunnel/1"), (["other"], nil), ([], nil),
        ] {
            var pair = try pair(
                client: TLSContext(client: .anybody, protocols: offered), server: speaker)
            try pair.shakeHands()
            #expect(pair.client.applicationProtocol == chosen)
            #expect(pair.server.applicationProtocol == chosen)
            #expect(pair.server.requestedName == "localhost")
        }
    }

    @Test func `either of two names may be in the certificate`() throws {
        for (first, second) in [("other", "localhost"), ("localhost", "other")] {
            var session = try TLSSession(client: client, serverName: first, orName: second)
            var peer = try TLSSession(server: server)
            _ = try session.handshake()
            peer.receive(bytes: session.takeBytes())
            _ = try peer.handshake()
            session.receive(bytes: peer.takeBytes())
            #expect(try session.handshake() == .done)
        }
    }

    @Test func `the next connection goes on from the last one`() throws {
        for isResumed in [false, true, true] {
            var pair = try pair()
            try pair.shakeHands()
            #expect(pair.client.isResumed == isResumed)
            #expect(pair.server.isResumed == isResumed)
        }
    }
}
