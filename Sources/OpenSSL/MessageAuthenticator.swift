internal import COpenSSL

/// HMAC under one key (RFC 2104), made once and used for many messages.
///
/// Not copyable, as the context inside keeps the state of the message at hand; make one for each
/// task that signs.
@safe package struct MessageAuthenticator: ~Copyable {
    private let context: OpaquePointer  // owned: freed in deinit
    /// Octets of a code.
    package let byteCount: Int

    /// Prepares HMAC with `function` under `key`, which may be empty.
    package init(_ function: HashFunction, key: some Sequence<UInt8>) {
        let keyBytes = Array(key)
        let made = unsafe keyBytes.withUnsafeBufferPointer { bytes in
            unsafe countersign_new_hmac(function.name, bytes.baseAddress, bytes.count)
        }
        guard let made = unsafe made else {
            preconditionFailure("OpenSSL has no HMAC with \(function.name)")
        }
        unsafe context = made
        byteCount = function.byteCount
    }

    deinit { unsafe EVP_MAC_CTX_free(context) }

    /// Writes the code of `message` into `output`.
    ///
    /// - Parameters:
    ///   - message: The whole message.
    ///   - output: At least ``byteCount`` octets; the first ones are overwritten.
    package mutating func authenticate(
        _ message: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) {
        precondition(output.count >= byteCount, "the buffer is shorter than the code")
        let bytes = unsafe message.assumingMemoryBound(to: UInt8.self).baseAddress
        let target = unsafe output.assumingMemoryBound(to: UInt8.self).baseAddress
        var written = 0
        // A nil key starts the next message under the key that the context has.
        let result =
            unsafe EVP_MAC_init(context, nil, 0, nil)
            & EVP_MAC_update(context, bytes, message.count)
            & EVP_MAC_final(context, target, &written, output.count)
        precondition(result == 1 && written == byteCount, "HMAC failed")
    }

    /// The code of `message`.
    package mutating func code(for message: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(message)
        var output = [UInt8](repeating: 0, count: byteCount)
        unsafe bytes.withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBytes { target in
                unsafe authenticate(source, into: target)
            }
        }
        return output
    }
}
