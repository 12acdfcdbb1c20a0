internal import COpenSSL
import Synchronization

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
    /// A server's list for ALPN, which OpenSSL reads for as long as there is the context.
    private let protocols: UnsafeMutablePointer<countersign_protocols>?
    /// By name: the session with which a client's next connection there may begin.
    private let resumable = Mutex<[String: Resumable]>([:])

    /// Names whose sessions are kept.
    private static let maximumResumable = 256

    /// An `SSL_SESSION` with a reference of its own; OpenSSL counts them across threads.
    @safe private final class Resumable: @unchecked Sendable {
        let session: OpaquePointer

        init(_ session: OpaquePointer) { unsafe self.session = session }

        deinit { unsafe SSL_SESSION_free(session) }
    }

    /// A context for connections that we dial.
    ///
    /// - Throws: ``OpenSSLError`` with code `unreadable` when the file holds no certificate, or `setUp`.
    package init(client trust: Trust, protocols: [String] = []) throws(OpenSSLError) {
        unsafe pointer = try Self.make(TLS_client_method())
        verifiesPeer = trust != .anybody
        unsafe self.protocols = nil
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
    /// `protocols`: What the server speaks, by ALPN, in the order of its preference; a client that offers
    /// none of them is served all the same.
    ///
    /// - Throws: ``OpenSSLError`` with code `setUp` when key and certificate do not belong together.
    package init(
        server credentials: Credentials, protocols: [String] = []
    ) throws(OpenSSLError) {
        let pointer = unsafe try Self.make(TLS_server_method())
        unsafe self.pointer = pointer
        verifiesPeer = false
        let list = Self.list(protocols)
        unsafe self.protocols =
            list.isEmpty
            ? nil
            : list.withUnsafeBufferPointer { bytes in
                unsafe countersign_set_protocols(pointer, bytes.baseAddress, UInt32(bytes.count))
            }
        try unsafe credentials.install(in: pointer)
    }

    deinit {
        unsafe SSL_CTX_free(pointer)
        unsafe free(protocols)
    }

    /// Takes a session, with its reference, for the next connection to that name.
    func keep(_ session: OpaquePointer?, for name: String) {
        guard let session = unsafe session else { return }
        let kept = unsafe Resumable(session)
        resumable.withLock { known in
            if known[name] != nil || known.count < Self.maximumResumable { known[name] = kept }
        }
    }

    /// Lets a connection to that name begin with what an earlier one left; used once, as TLS 1.3 wants it
    /// (RFC 8446, appendix C.4).
    func resume(_ name: String, _ connection: OpaquePointer) {
        guard let found = resumable.withLock({ $0.removeValue(forKey: name) }) else { return }
        _ = unsafe SSL_set_session(connection, found.session)
    }

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
        let list = Self.list(protocols)
        guard !list.isEmpty else { return }
        let result = unsafe list.withUnsafeBufferPointer { bytes in
            unsafe SSL_CTX_set_alpn_protos(context, bytes.baseAddress, UInt32(bytes.count))
        }
        guard result == 0 else { throw .take(.setUp, after: "SSL_CTX_set_alpn_protos") }
    }

    /// Names of protocols, each behind its length (RFC 7301, section 3.1).
    private static func list(_ protocols: [String]) -> [UInt8] {
        protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    }
}
