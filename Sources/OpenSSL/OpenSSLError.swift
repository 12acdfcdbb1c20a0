internal import COpenSSL

/// What OpenSSL says went wrong, as a value: its error queue is emptied into it.
package struct OpenSSLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure, stable across OpenSSL's versions.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case setUp, unreadable, handshake, verification, protocolViolation
        }
        private let kind: Kind
        /// A context, key or certificate could not be made.
        package static let setUp = Code(kind: .setUp)
        /// A file with keys or certificates could not be read.
        package static let unreadable = Code(kind: .unreadable)
        /// The handshake failed for another reason than the certificate.
        package static let handshake = Code(kind: .handshake)
        /// The peer's certificate was not accepted.
        package static let verification = Code(kind: .verification)
        /// The peer broke the protocol after the handshake.
        package static let protocolViolation = Code(kind: .protocolViolation)
        /// The code's name.
        package var description: String { kind.rawValue }
    }

    package let code: Code
    /// OpenSSL's own words, oldest first, joined by "; ".
    package let message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    /// One line: the code and OpenSSL's reason.
    package var description: String { "\(code): \(message)" }

    /// Empties this thread's error queue into a value.
    ///
    /// Must be called in the same synchronous function as the call that failed: the queue is per thread.
    static func take(_ code: Code, after operation: String) -> OpenSSLError {
        var reasons: [String] = []
        while case let number = ERR_get_error(), number != 0 {
            if let reason = unsafe ERR_reason_error_string(number) {
                reasons.append(unsafe String(cString: reason))
            } else {
                reasons.append("error \(String(number, radix: 16))")
            }
        }
        let text = reasons.isEmpty ? "no reason given" : reasons.joined(separator: "; ")
        return OpenSSLError(code: code, message: "\(operation): \(text)")
    }
}
