import OpenSSL
import Testing

@Suite struct CredentialsTests {
    let authority: CertificateAuthority
    let leaf: Credentials

    init() throws {
        authority = try CertificateAuthority(name: "Tests")
        leaf = try authority.issue(names: ["localhost"])
    }

    private func read(_ certificates: String) throws(OpenSSLError) -> Credentials {
        try Credentials(certificatePEM: certificates, privateKeyPEM: leaf.privateKeyPEM)
    }

    @Test func `a certificate is read with the chain behind it`() throws {
        let chain = leaf.certificatePEM + authority.credentials.certificatePEM
        _ = try read(chain)
        _ = try read("What stands here is no certificate.\n" + chain + "\nNor is this.\n")
    }

    @Test func `a chain that is damaged is refused, and not cut short`() throws {
        let issuer = authority.credentials.certificatePEM
        let half = String(issuer.prefix(issuer.count / 2))
        for damaged in [half, issuer.replacing("A", with: "!"), half + issuer] {
            #expect(throws: OpenSSLError.self) { try read(leaf.certificatePEM + damaged) }
        }
    }

    @Test func `no certificate at all is refused`() {
        for text in ["", "nothing", leaf.privateKeyPEM] {
            #expect(throws: OpenSSLError.self) { try read(text) }
        }
    }
}
