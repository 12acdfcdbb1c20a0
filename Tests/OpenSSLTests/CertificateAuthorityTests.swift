import OpenSSL
import Testing

@Suite struct CertificateAuthorityTests {
    @Test func `a certificate is PEM text, and no two are the same`() throws {
        let authority = try CertificateAuthority(name: "Tests")
        let texts = try (0..<3).map { _ in try authority.issue(names: ["a"]).certificatePEM }
        #expect(Set(texts).count == 3)
        for text in texts {
            #expect(text.hasPrefix("-----BEGIN CERTIFICATE-----\n"))
            #expect(text.hasSuffix("-----END CERTIFICATE-----\n"))
        }
    }

    @Test func `a name that no certificate can have is told`() throws {
        let authority = try CertificateAuthority(name: "Tests")
        let error = #expect(throws: OpenSSLError.self) {
            try authority.issue(names: [String(repeating: "a", count: 70)])
        }
        #expect(error?.code == .setUp)
        #expect(error?.message.contains("string too long") == true)
    }

    @Test func `a file that is missing or holds no certificate is told`() throws {
        let error = #expect(throws: OpenSSLError.self) {
            try TLSContext(client: .authorities(file: "/nowhere/authorities.pem"))
        }
        #expect(error?.code == .unreadable)
        #expect(error?.message.contains("/nowhere/authorities.pem") == true)
        #expect(error?.message.lowercased().contains("no such file") == true)
        let other = #expect(throws: OpenSSLError.self) {
            try TLSContext(client: .authorities(file: #filePath))
        }
        #expect(other?.code == .unreadable)
        #expect(other?.description.hasPrefix("unreadable: ") == true)
    }

    @Test func `the system's authorities do not vouch for ours`() throws {
        let authority = try CertificateAuthority(name: "Tests")
        var pair = try SessionPair(
            client: TLSContext(client: .system),
            server: TLSContext(server: authority.issue(names: ["localhost"])),
            serverName: "localhost")
        do {
            try pair.shakeHands()
            Issue.record("the certificate was accepted")
        } catch {
            #expect((error as? OpenSSLError)?.code == .verification)
        }
    }
}
