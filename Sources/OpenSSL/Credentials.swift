internal import COpenSSL

/// A certificate with its chain and its private key.
@safe package final class Credentials: @unchecked Sendable {
    // Set in init and only read afterwards; OpenSSL counts references with atomic operations.
    let certificate: OpaquePointer  // owned: freed in deinit
    let key: OpaquePointer  // owned: freed in deinit
    private let issuer: Credentials?
    /// Certificates between ours and an authority; owned: freed in deinit.
    private let chain: [OpaquePointer]

    init(
        takingOwnershipOf certificate: OpaquePointer, key: OpaquePointer, issuer: Credentials?,
        chain: [OpaquePointer] = unsafe []
    ) {
        unsafe self.certificate = certificate
        unsafe self.key = key
        self.issuer = issuer
        unsafe self.chain = chain
    }

    deinit {
        unsafe chain.forEach { unsafe X509_free($0) }
        unsafe X509_free(certificate)
        unsafe EVP_PKEY_free(key)
    }

    func install(in context: OpaquePointer) throws(OpenSSLError) {
        ERR_clear_error()
        guard unsafe SSL_CTX_use_certificate(context, certificate) == 1,
            unsafe SSL_CTX_use_PrivateKey(context, key) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else { throw .take(.setUp, after: "installing key and certificate") }
        unsafe chain.forEach { _ = unsafe countersign_add_chain_certificate(context, $0) }
        guard let issuer else { return }
        _ = unsafe countersign_add_chain_certificate(context, issuer.certificate)
    }

    /// Reads a certificate, the chain behind it, and its key from PEM text.
    ///
    /// - Throws: ``OpenSSLError`` with code `unreadable`.
    package convenience init(
        certificatePEM: String, privateKeyPEM: String
    ) throws(OpenSSLError) {
        ERR_clear_error()
        let all = unsafe Self.readAll(certificatePEM)
        // The end of the text counts as an error, too.
        let end = ERR_peek_last_error()
        let isEnd = ERR_GET_LIB(end) == ERR_LIB_PEM && ERR_GET_REASON(end) == PEM_R_NO_START_LINE
        guard let certificate = unsafe all.first, isEnd else {
            unsafe all.forEach { unsafe X509_free($0) }
            throw .take(.unreadable, after: "reading a certificate")
        }
        ERR_clear_error()
        guard
            let key = unsafe Self.read(
                privateKeyPEM, { unsafe PEM_read_bio_PrivateKey($0, nil, refusePassphrase, nil) })
        else {
            unsafe all.forEach { unsafe X509_free($0) }
            throw .take(.unreadable, after: "reading a private key")
        }
        unsafe self.init(
            takingOwnershipOf: certificate, key: key, issuer: nil, chain: Array(all.dropFirst()))
    }

    /// All certificates of a text, in their order.
    private static func readAll(_ text: String) -> [OpaquePointer] {
        var all: [OpaquePointer] = unsafe []
        _ = unsafe read(text) { bio in
            while let certificate = unsafe PEM_read_bio_X509(bio, nil, nil, nil) {
                unsafe all.append(certificate)
            }
            return nil
        }
        return unsafe all
    }

    private static func read(
        _ text: String, _ body: (OpaquePointer) -> OpaquePointer?
    ) -> OpaquePointer? {
        let bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeBytes { buffer in
            guard let bio = unsafe BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count)) else {
                return nil
            }
            defer { unsafe BIO_free(bio) }
            return unsafe body(bio)
        }
    }

    /// The certificate as PEM text, without its chain.
    package var certificatePEM: String {
        unsafe Self.text { unsafe PEM_write_bio_X509($0, certificate) }
    }

    /// The private key as PEM text; for a file that its owner alone may read.
    package var privateKeyPEM: String {
        unsafe Self.text { unsafe PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    private static func text(_ write: (OpaquePointer) -> Int32) -> String {
        let bio = unsafe BIO_new(BIO_s_mem())
        defer { unsafe BIO_free(bio) }
        guard let bio = unsafe bio, unsafe write(bio) == 1 else { return "" }
        var address: UnsafeMutablePointer<CChar>?
        let count = unsafe countersign_memory_contents(bio, &address)
        let bytes = unsafe UnsafeRawBufferPointer(start: address, count: count)
        return unsafe String(decoding: bytes, as: UTF8.self)
    }
}

/// Gives no passphrase: without this OpenSSL would ask for one on the terminal.
private let refusePassphrase:
    @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 =
        {
            _, _, _, _ in -1
        }
