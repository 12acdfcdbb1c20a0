internal import COpenSSL

/// What every connection of one kind shares: keys, trusted authorities, protocol versions.
///
/// TLS 1.2 and up. Safe to share: everything is set up in `init` and only read afterwards, and
/// OpenSSL counts the references of sessions itself.
@safe package final class TLSContext: @unchecked Sendable {
    /// Whom a client trusts.
    package enum Trust: Hashable, Sendable {
        /// The certificate must lead to an authority of the system, and name the host.
        case system
        /// The same, with the authorities of a PEM file in place of the system's.
        case authorities(file: String)
        /// Everybody. For a handler on the same machine, and only when the user says so.
        case anybody
    }

    private let pointer: OpaquePointer  // owned: freed in deinit
    let verifiesPeer: Bool

    /// A context for connections that we dial.
    ///
    /// - Throws: ``OpenSSLError`` with code `unreadable` when the file holds no certificate, or `setUp`.
    package init(client trust: Trust, protocols: [String] = []) throws(OpenSSLError) {
        unsafe pointer = try Self.make(TLS_client_method())
        verifiesPeer = trust != .anybody
        switch trust {
        case .anybody: break
        case .system:
            guard unsafe SSL_CTX_set_default_verify_paths(pointer) == 1 else {
                throw .take(.setUp, after: "loading the system's authorities")
            }
        case .authorities(let file):
            guard unsafe SSL_CTX_load_verify_file(pointer, file) == 1 else {
                throw .take(.unreadable, after: "reading authorities from \(file)")
            }
        }
        unsafe SSL_CTX_set_verify(pointer, verifiesPeer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        try unsafe Self.offer(protocols, on: pointer)
    }

    /// A context for connections that we accept.
    ///
    /// - Throws: ``OpenSSLError`` with code `setUp` when key and certificate do not belong together.
    package init(server credentials: Credentials) throws(OpenSSLError) {
        unsafe pointer = try Self.make(TLS_server_method())
        verifiesPeer = false
        try unsafe credentials.install(in: pointer)
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    /// Lends the pointer for the length of `body`; it must not get out of there.
    func withPointer<Result>(_ body: (OpaquePointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try unsafe body(pointer) }
    }

    private static func make(_ method: OpaquePointer?) throws(OpenSSLError) -> OpaquePointer {
        ERR_clear_error()
        guard let context = unsafe SSL_CTX_new(method) else {
            throw .take(.setUp, after: "SSL_CTX_new")
        }
        _ = unsafe countersign_set_minimum_protocol(context, TLS1_2_VERSION)
        // Buffers of idle connections are given back; a partial write is reported as such.
        _ = unsafe countersign_set_mode(
            context,
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
                | Int(SSL_MODE_RELEASE_BUFFERS))
        return unsafe context
    }

    /// Sets what the client offers by ALPN (RFC 7301).
    private static func offer(_ protocols: [String], on context: OpaquePointer) throws(OpenSSLError)
    {
        guard !protocols.isEmpty else { return }
        let list = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        let result = unsafe list.withUnsafeBufferPointer { bytes in
            unsafe SSL_CTX_set_alpn_protos(context, bytes.baseAddress, UInt32(bytes.count))
        }
        guard result == 0 else { throw .take(.setUp, after: "SSL_CTX_set_alpn_protos") }
    }
}
