internal import COpenSSL

/// One TLS connection without its socket: bytes of the network go in and come out.
///
/// Not copyable, and one owner: OpenSSL's session is not safe to share.
@safe package struct TLSSession: ~Copyable {
    private let session: OpaquePointer  // owned: freed in deinit, and its BIOs with it
    private let incoming: OpaquePointer  // owned by the session after SSL_set_bio
    private let outgoing: OpaquePointer  // owned by the session after SSL_set_bio
    private let verifiesPeer: Bool

    /// How a step of the handshake ended.
    package enum Handshake: Equatable, Sendable {
        case done
        /// More bytes of the peer are needed.
        case needsInput
    }

    /// How a read ended.
    package enum Read: Equatable, Sendable {
        /// That many octets were put into the buffer.
        case bytes(Int)
        /// More bytes of the peer are needed.
        case needsInput
        /// The peer has said that it sends no more (close_notify); a cut connection never says so.
        case closed
    }

    /// A connection that we dial.
    ///
    /// - Parameters:
    ///   - context: A client's.
    ///   - serverName: The host's name or address; it is sent (SNI, names only) and must be in the
    ///     certificate unless the context trusts anybody.
    /// - Throws: ``OpenSSLError`` with code `setUp`.
    package init(client context: TLSContext, serverName: String) throws(OpenSSLError) {
        try self.init(context)
        unsafe SSL_set_connect_state(session)
        if isAddress(serverName) {
            _ = unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), serverName)
        } else {
            _ = unsafe countersign_set_server_name(session, serverName)
            _ = unsafe SSL_set1_host(session, serverName)
        }
    }

    /// A connection that we accept.
    ///
    /// - Throws: ``OpenSSLError`` with code `setUp`.
    package init(server context: TLSContext) throws(OpenSSLError) {
        try self.init(context)
        unsafe SSL_set_accept_state(session)
    }

    private init(_ context: TLSContext) throws(OpenSSLError) {
        ERR_clear_error()
        let made = unsafe (
            context.withPointer { unsafe SSL_new($0) }, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())
        )
        guard let session = unsafe made.0, let incoming = unsafe made.1,
            let outgoing = unsafe made.2
        else {
            unsafe SSL_free(made.0)
            unsafe BIO_free(made.1)
            unsafe BIO_free(made.2)
            throw .take(.setUp, after: "SSL_new")
        }
        unsafe countersign_set_empty_means_retry(incoming)
        unsafe countersign_set_empty_means_retry(outgoing)
        unsafe SSL_set_bio(session, incoming, outgoing)
        unsafe self.session = session
        unsafe self.incoming = incoming
        unsafe self.outgoing = outgoing
        verifiesPeer = context.verifiesPeer
    }

    deinit { unsafe SSL_free(session) }

    /// Takes bytes that came from the network.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else { return }
        var written = 0
        let result = unsafe BIO_write_ex(incoming, bytes.baseAddress, bytes.count, &written)
        precondition(result == 1 && written == bytes.count, "a memory BIO refused bytes")
    }

    /// Hands out the bytes that must go to the network, and forgets them.
    package mutating func takeOutput<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        var address: UnsafeMutablePointer<CChar>?
        let count = unsafe countersign_memory_contents(outgoing, &address)
        let result = unsafe body(UnsafeRawBufferPointer(start: address, count: max(0, count)))
        unsafe countersign_reset(outgoing)
        return result
    }

    /// Goes on with the handshake as far as the bytes at hand allow.
    ///
    /// - Throws: ``OpenSSLError`` with code `verification` or `handshake`. There may be output even then: the
    ///   alert that tells the peer.
    package mutating func handshake() throws(OpenSSLError) -> Handshake {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(session)
        if result == 1 { return .done }
        if unsafe SSL_get_error(session, result) == SSL_ERROR_WANT_READ { return .needsInput }
        let verification = unsafe SSL_get_verify_result(session)
        if verifiesPeer, verification != Int(X509_V_OK) {
            let reason = unsafe String(cString: X509_verify_cert_error_string(verification))
            _ = OpenSSLError.take(.verification, after: "")
            throw OpenSSLError(code: .verification, message: "certificate not accepted: \(reason)")
        }
        throw .take(.handshake, after: "TLS handshake")
    }

    /// Reads decrypted bytes.
    ///
    /// - Throws: ``OpenSSLError`` with code `protocolViolation`.
    package mutating func read(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(OpenSSLError)
        -> Read
    {
        ERR_clear_error()
        var count = 0
        let result = unsafe SSL_read_ex(session, buffer.baseAddress, buffer.count, &count)
        if result == 1 { return .bytes(count) }
        switch unsafe SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .closed
        default: throw .take(.protocolViolation, after: "reading")
        }
    }

    /// Encrypts `bytes`; the result waits in the output.
    ///
    /// - Returns: How many of them were taken: memory is the only limit, so all.
    /// - Throws: ``OpenSSLError`` with code `protocolViolation`.
    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(OpenSSLError) -> Int {
        guard bytes.count > 0 else { return 0 }
        ERR_clear_error()
        var taken = 0
        var total = 0
        while total < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[total...])
            let result = unsafe SSL_write_ex(session, rest.baseAddress, rest.count, &taken)
            guard result == 1 else { throw .take(.protocolViolation, after: "writing") }
            total += taken
        }
        return total
    }

    /// Says that we send no more (close_notify); the alert waits in the output.
    package mutating func close() {
        ERR_clear_error()
        _ = unsafe SSL_shutdown(session)
        ERR_clear_error()
    }

    /// The protocol that was agreed on, such as `TLSv1.3`.
    package var version: String { unsafe String(cString: SSL_get_version(session)) }
}
