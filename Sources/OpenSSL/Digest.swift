internal import COpenSSL

/// Hash functions that callbacks use.
package enum HashFunction: Sendable {
    case md5
    case sha256

    /// Octets of a digest.
    package var byteCount: Int {
        switch self {
        case .md5: 16
        case .sha256: 32
        }
    }

    /// OpenSSL's name of the function.
    var name: String {
        switch self {
        case .md5: "MD5"
        case .sha256: "SHA256"
        }
    }

    /// The plain digest of `bytes`.
    package func digest(of bytes: some Sequence<UInt8>) -> [UInt8] {
        let input = Array(bytes)
        var output = [UInt8](repeating: 0, count: byteCount)
        let result = unsafe input.withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBytes { target in
                unsafe EVP_Q_digest(
                    nil, name, nil, source.baseAddress, source.count, target.baseAddress, nil)
            }
        }
        precondition(result == 1, "OpenSSL has no \(name)")
        return output
    }
}

/// Compares two byte strings without telling by the time where they differ.
///
/// The lengths are compared first and are no secret.
package func constantTimeEqual(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool
{
    let (left, right) = (Array(left), Array(right))
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBytes { first in
        unsafe right.withUnsafeBytes { second in
            unsafe first.isEmpty
                || CRYPTO_memcmp(first.baseAddress, second.baseAddress, first.count) == 0
        }
    }
}
