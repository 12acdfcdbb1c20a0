internal import COpenSSL

/// One TLS connection without its socket: bytes of the network go in and come out.
///
/// Not copyable, and one owner: OpenSSL's session is not safe to share.
@safe package struct TLSSession: ~Copyable {
    private let session: OpaquePointer  // owned: freed in deinit, and its BIO with it
    private let wire: UnsafeMutablePointer<countersign_wire>  // owned by the session's BIO
    private let context: TLSContext
    /// The name that the peer's certificate must have; nil for a server.
    private let serverName: String?

    /// Octets that a record has beside what it carries, at the most (RFC 8446, section 5.2; RFC 5246, 6.2.3).
    private static let recordOverhead = 256 + 5
    /// Octets that a record carries at the most.
    private static let recordBytes = 16_384

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
    ///   - orName: Another name that the certificate may have in its place.
    /// - Throws: ``OpenSSLError`` with code `setUp`.
    package init(
        client context: TLSContext, serverName: String, orName: String? = nil
    ) throws(OpenSSLError) {
        try self.init(context, serverName: serverName)
        unsafe SSL_set_connect_state(session)
        if isAddress(serverName) {
            _ = unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), serverName)
        } else {
            _ = unsafe countersign_set_server_name(session, serverName)
            _ = unsafe SSL_set1_host(session, serverName)
            if let orName { _ = unsafe SSL_add1_host(session, orName) }
        }
        unsafe context.resume(serverName, session)
    }

    /// A connection that we accept.
    ///
    /// - Throws: ``OpenSSLError`` with code `setUp`.
    package init(server context: TLSContext) throws(OpenSSLError) {
        try self.init(context, serverName: nil)
        unsafe SSL_set_accept_state(session)
    }

    private init(_ context: TLSContext, serverName: String?) throws(OpenSSLError) {
        ERR_clear_error()
        var wire: UnsafeMutablePointer<countersign_wire>?
        guard let session = unsafe context.withPointer({ unsafe SSL_new($0) }) else {
            throw .take(.setUp, after: "SSL_new")
        }
        guard let bio = unsafe countersign_new_wire(Self.wireMethod, &wire), let wire = unsafe wire
        else {
            unsafe SSL_free(session)
            throw .take(.setUp, after: "BIO_new")
        }
        unsafe SSL_set_bio(session, bio, bio)
        unsafe self.session = session
        unsafe self.wire = wire
        self.context = context
        self.serverName = serverName
    }

    deinit {
        keepForResumption()
        unsafe SSL_free(session)
    }

    // Never changed once it is made.
    nonisolated(unsafe) private static let wireMethod: OpaquePointer? =
        unsafe countersign_make_wire_method()

    /// Lends bytes that came from the network, until ``endInput()``.
    ///
    /// What follows (``handshake()``, ``read(into:)``) takes them all before it says that it needs more.
    package mutating func beginInput(_ bytes: UnsafeRawBufferPointer) {
        unsafe wire.pointee.input = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe wire.pointee.input_count = bytes.count
    }

    /// Takes back what was lent; nothing reads from it any more.
    package mutating func endInput() {
        unsafe wire.pointee.input = nil
        unsafe wire.pointee.input_count = 0
    }

    /// Hands out bytes that must go to the network and that no call has handed out, and forgets them:
    /// those of the handshake, alerts, answers to key updates.
    package mutating func takeOutput<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let result = unsafe body(
            UnsafeRawBufferPointer(start: wire.pointee.spill, count: wire.pointee.spill_count))
        unsafe wire.pointee.spill_count = 0
        if unsafe wire.pointee.spill_capacity > Self.recordBytes {
            unsafe free(wire.pointee.spill)
            unsafe wire.pointee.spill = nil
            unsafe wire.pointee.spill_capacity = 0
        }
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
        if context.verifiesPeer, verification != Int(X509_V_OK) {
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

    /// Octets that the encryption of `count` octets takes at the most.
    package static func encryptedCount(_ count: Int) -> Int {
        count + (count / recordBytes + 1) * recordOverhead
    }

    /// Encrypts `bytes` into `room`, which has ``encryptedCount(_:)`` octets; returns how many they became.
    ///
    /// Output that waits (``takeOutput(_:)``) must have been taken before, as it goes first.
    ///
    /// - Throws: ``OpenSSLError`` with code `protocolViolation`.
    package mutating func write(
        _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws(OpenSSLError) -> Int {
        guard bytes.count > 0 else { return 0 }
        precondition(unsafe wire.pointee.spill_count == 0, "earlier output was not taken")
        ERR_clear_error()
        unsafe wire.pointee.room = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe wire.pointee.room_left = room.count
        defer {
            unsafe wire.pointee.room = nil
            unsafe wire.pointee.room_left = 0
        }
        var taken = 0
        var total = 0
        while total < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[total...])
            let result = unsafe SSL_write_ex(session, rest.baseAddress, rest.count, &taken)
            guard result == 1 else { throw .take(.protocolViolation, after: "writing") }
            total += taken
        }
        return unsafe room.count - wire.pointee.room_left
    }

    /// Says that we send no more (close_notify); the alert waits in the output.
    package mutating func close() {
        ERR_clear_error()
        _ = unsafe SSL_shutdown(session)
        ERR_clear_error()
    }

    /// The protocol that was agreed on, such as `TLSv1.3`.
    package var version: String { unsafe String(cString: SSL_get_version(session)) }

    /// The protocol that both sides chose by ALPN (RFC 7301), if any.
    package var applicationProtocol: String? {
        var bytes: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(session, &bytes, &count)
        let list = unsafe UnsafeBufferPointer(start: bytes, count: Int(count))
        return list.isEmpty ? nil : unsafe String(decoding: list, as: UTF8.self)
    }

    /// The name that a client asked for (SNI, RFC 6066), if any.
    package var requestedName: String? {
        unsafe SSL_get_servername(session, TLSEXT_NAMETYPE_host_name).map { name in
            unsafe String(cString: name)
        }
    }

    /// Whether the handshake went on from an earlier session.
    package var isResumed: Bool { unsafe SSL_session_reused(session) == 1 }

    /// Lets the next connection to the same name begin where this one is.
    private func keepForResumption() {
        guard let serverName, unsafe SSL_is_init_finished(session) == 1 else { return }
        unsafe context.keep(SSL_get1_session(session), for: serverName)
        // Else its release without a farewell would mark the session as one not to go on from.
        unsafe SSL_set_shutdown(session, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
    }
}
