internal import COpenSSL

/// A certificate authority of our own, for local trials and for tests; keys on curve P-256.
package struct CertificateAuthority: Sendable {
    /// The authority's own certificate and key.
    package let credentials: Credentials

    /// Days that certificates of ours are valid, one year.
    package static let validDays = 365

    /// Makes an authority with a new key.
    ///
    /// - Throws: ``OpenSSLError`` with code `setUp`.
    package init(name: String) throws(OpenSSLError) {
        credentials = try Self.issue(
            name: name, extensions: [(NID_basic_constraints, "critical,CA:TRUE")],
            validSeconds: 0..<Self.validDays * 86_400, issuer: nil)
    }

    /// An authority that was made before.
    package init(_ credentials: Credentials) { self.credentials = credentials }

    /// Issues a server's certificate with a new key.
    ///
    /// - Parameters:
    ///   - names: Host names, wildcards and addresses; at least one.
    ///   - validSeconds: From when to when, in seconds from now.
    /// - Returns: Certificate and key; the chain has the authority.
    /// - Throws: ``OpenSSLError`` with code `setUp`.
    package func issue(
        names: [String], validSeconds: Range<Int> = -300..<Self.validDays * 86_400
    ) throws(OpenSSLError) -> Credentials {
        let alternatives = names.map { isAddress($0) ? "IP:\($0)" : "DNS:\($0)" }
        return try Self.issue(
            name: names.first ?? "localhost",
            extensions: [
                (NID_subject_alt_name, alternatives.joined(separator: ",")),
                (NID_ext_key_usage, "serverAuth"),
            ], validSeconds: validSeconds, issuer: credentials)
    }

    private static func issue(
        name: String, extensions: [(Int32, String)], validSeconds: Range<Int>,
        issuer: Credentials?
    ) throws(OpenSSLError) -> Credentials {
        ERR_clear_error()
        guard let certificate = unsafe X509_new() else { throw .take(.setUp, after: "X509_new") }
        guard let key = unsafe countersign_generate_p256_key() else {
            unsafe X509_free(certificate)
            throw .take(.setUp, after: "making a key")
        }
        // From here on the credentials own both pointers, so a throw frees them.
        let credentials = unsafe Credentials(
            takingOwnershipOf: certificate, key: key, issuer: issuer)
        let subject = unsafe X509_get_subject_name(certificate)
        let issuerName = unsafe issuer.map { unsafe X509_get_subject_name($0.certificate) }
        let isFilled =
            unsafe X509_set_version(certificate, 2) == 1
            && setRandomSerial(of: certificate)
            && X509_set_pubkey(certificate, key) == 1
            && countersign_set_common_name(subject, name) == 1
            && X509_set_issuer_name(certificate, issuerName ?? subject) == 1
            && X509_gmtime_adj(X509_getm_notBefore(certificate), validSeconds.lowerBound) != nil
            && X509_gmtime_adj(X509_getm_notAfter(certificate), validSeconds.upperBound) != nil
        guard isFilled else { throw .take(.setUp, after: "filling in a certificate") }
        let issuerCertificate = unsafe issuer?.certificate ?? certificate
        for (number, value) in extensions {
            let result = unsafe countersign_add_extension(
                certificate, issuerCertificate, number, value)
            guard result == 1 else { throw .take(.setUp, after: "adding '\(value)'") }
        }
        guard unsafe X509_sign(certificate, issuer?.key ?? key, EVP_sha256()) > 0 else {
            throw .take(.setUp, after: "signing a certificate")
        }
        return credentials
    }

    /// Sets 63 random bits: two certificates of one authority must differ in it (RFC 5280, 4.1.2.2).
    private static func setRandomSerial(of certificate: OpaquePointer) -> Bool {
        let number = Int.random(in: 1...Int.max)
        return unsafe ASN1_INTEGER_set(X509_get_serialNumber(certificate), number) == 1
    }
}

/// Whether `name` is an IPv4 or IPv6 address and no host name.
func isAddress(_ name: String) -> Bool {
    guard let address = unsafe a2i_IPADDRESS(name) else { return false }
    unsafe ASN1_OCTET_STRING_free(address)
    return true
}
