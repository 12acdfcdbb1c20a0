internal import OpenSSL

/// The hashes of the whole JSON text that the service sends as header fields.
///
/// Both are base64 over the *hexadecimal* text of an HMAC, as PHP's `hash_hmac` gives it.
/// The recipe of `Content-MD5` is documented in the service's PHP example; that of `Content-Sha256` is
/// a guess by analogy.
public struct HeaderHashes: Hashable, Sendable {
    /// The value of `Content-MD5`: 44 characters.
    public let contentMD5: String
    /// The value of `Content-Sha256`: 88 characters.
    public let contentSHA256: String
    /// The HMAC behind ``contentSHA256`` as 64 hexadecimal digits.
    public let hexadecimalSHA256: String

    /// Computes both over `json`, the exact bytes of the field `json`, under `apiKey`.
    public init(json: some Sequence<UInt8>, apiKey: String) {
        var signer = HeaderSigner(apiKey: apiKey)
        self = signer.hashes(of: Array(json))
    }

    init(md5: [UInt8], sha256: [UInt8]) {
        let digits = hexadecimal(sha256)
        contentMD5 = String(decoding: base64(hexadecimal(md5)), as: UTF8.self)
        contentSHA256 = String(decoding: base64(digits), as: UTF8.self)
        hexadecimalSHA256 = String(decoding: digits, as: UTF8.self)
    }
}

/// Computes header hashes for many payloads under one key.
package struct HeaderSigner: ~Copyable {
    private var md5: MessageAuthenticator
    private var sha256: MessageAuthenticator

    /// Prepares both functions under `apiKey`.
    package init(apiKey: String) {
        md5 = MessageAuthenticator(.md5, key: apiKey.utf8)
        sha256 = MessageAuthenticator(.sha256, key: apiKey.utf8)
    }

    /// The hashes of one payload's JSON text.
    package mutating func hashes(of json: [UInt8]) -> HeaderHashes {
        HeaderHashes(md5: md5.code(for: json), sha256: sha256.code(for: json))
    }
}
