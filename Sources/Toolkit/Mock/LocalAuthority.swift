import Foundation
package import Journal
import OpenSSL
import Relay

/// The certificate authority of a data folder: made once, so that it has to be trusted once.
package struct LocalAuthority: Sendable {
    /// Names that a certificate of ours is good for: the service's own, for apps whose host cannot be
    /// set, and this machine's.
    static let names = ["api.hellosign.com", "app.hellosign.com", "localhost", "127.0.0.1", "::1"]

    let authority: CertificateAuthority

    /// What clients have to trust.
    package var certificatePEM: String { authority.credentials.certificatePEM }

    /// The authority of a folder, or one in memory.
    ///
    /// - Throws: ``Problem`` when its files cannot be read or written; ``OpenSSLError``.
    package init(_ storage: JournalConfiguration.Storage) throws {
        guard case .folder(let folder) = storage else {
            authority = try CertificateAuthority(name: "Countersign local authority")
            return
        }
        let (certificate, key) = (Self.file(in: folder), folder + "/ca-key.pem")
        if let text = Self.read(certificate), let secret = Self.read(key) {
            authority = CertificateAuthority(
                try Credentials(certificatePEM: text, privateKeyPEM: secret))
            return
        }
        authority = try CertificateAuthority(name: "Countersign local authority")
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw Problem(
                .unusableFolder, "the folder cannot be made; choose another with --data", at: folder
            )
        }
        // The key first: a certificate without its key would be taken for a whole authority.
        try Self.write(authority.credentials.privateKeyPEM, to: key)
        try Self.write(authority.credentials.certificatePEM, to: certificate)
    }

    /// Where the certificate is that clients have to trust.
    package static func file(in folder: String) -> String { folder + "/ca.pem" }

    /// A server's context with a fresh certificate.
    func serverContext(host: String) throws(OpenSSLError) -> TLSContext {
        let names = Self.names + (Self.names.contains(host) ? [] : [host])
        return try TLSContext(server: try authority.issue(names: names))
    }

    /// A server's context for a relay: its domain, all names under it, and this machine.
    func relayCredentials(domain: String) throws(OpenSSLError) -> Credentials {
        let own = [domain, "*.\(domain)"]
        let names =
            own + ["localhost", "*.localhost", "127.0.0.1", "::1"].filter { !own.contains($0) }
        return try authority.issue(names: names)
    }

    private static func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func write(_ text: String, to path: String) throws {
        let isWritten = FileManager.default.createFile(
            atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        guard isWritten else {
            throw Problem(
                .unusableFolder, "the file cannot be written; choose another folder with --data",
                at: path)
        }
    }
}
