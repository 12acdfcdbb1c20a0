internal import COpenSSL

/// A certificate with its chain and its private key.
@safe package final class Credentials: @unchecked Sendable {
    // Set in init and only read afterwards; OpenSSL counts references with atomic operations.
    let certificate: OpaquePointer  // owned: freed in deinit
    let key: OpaquePointer  // owned: freed in deinit
    private let issuer: Credentials?

    init(takingOwnershipOf certificate: OpaquePointer, key: OpaquePointer, issuer: Credentials?) {
        unsafe self.certificate = certificate
        unsafe self.key = key
        self.issuer = issuer
    }

    deinit {
        unsafe X509_free(certificate)
        unsafe EVP_PKEY_free(key)
    }

    func install(in context: OpaquePointer) throws(OpenSSLError) {
        ERR_clear_error()
        guard unsafe SSL_CTX_use_certificate(context, certificate) == 1,
            unsafe SSL_CTX_use_PrivateKey(context, key) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else { throw .take(.setUp, after: "installing key and certificate") }
        guard let issuer else { return }
        _ = unsafe countersign_add_chain_certificate(context, issuer.certificate)
    }

    /// The certificate as PEM text, without its chain.
    package var certificatePEM: String {
        let bio = unsafe BIO_new(BIO_s_mem())
        defer { unsafe BIO_free(bio) }
        guard let bio = unsafe bio, unsafe PEM_write_bio_X509(bio, certificate) == 1 else {
            return ""
        }
        var address: UnsafeMutablePointer<CChar>?
        let count = unsafe countersign_memory_contents(bio, &address)
        let bytes = unsafe UnsafeRawBufferPointer(start: address, count: count)
        return unsafe String(decoding: bytes, as: UTF8.self)
    }
}
