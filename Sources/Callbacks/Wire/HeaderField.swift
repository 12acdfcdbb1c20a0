/// One header line of an HTTP message, as sent: order, repeats and letter case are the sender's.
package struct HeaderField: Hashable, Sendable, Codable {
    /// The name in the letter case that was sent.
    package var name: String
    /// The value without surrounding space.
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension HeaderField {
    /// What stands in records and reports for a secret value.
    package static let redacted = "[redacted]"

    /// Whether the value opens something, so that no record and no report may have it.
    ///
    /// By its name: those of RFC 9110 and RFC 6265, and what people call keys and tokens of their own.
    package var isSecret: Bool {
        // Asked of every request, so what is seen most is let through first.
        guard !Self.plainNames.contains(name) else { return false }
        let lower = name.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        return Self.secretWords.contains { word in
            lower.count >= word.count
                && (0...(lower.count - word.count)).contains { lower[$0...].starts(with: word) }
        }
    }

    private static let plainNames: Set = [
        "User-Agent", "Accept", "Content-MD5", "Content-Sha256", "Content-Length", "Content-Type",
        "Host", "Accept-Encoding", "Connection", "Date", "Server", "Forwarded", "X-Forwarded-For",
        "X-Forwarded-Proto", "X-Forwarded-Host",
    ]
    private static let secretWords = [
        "authorization", "cookie", "token", "secret", "password", "api-key", "apikey", "x-key",
        "auth-key", "signature-key",
    ].map { Array($0.utf8) }
}

extension String {
    /// Whether it is another text but for the case of ASCII letters.
    fileprivate func isSame(as other: String) -> Bool {
        utf8.count == other.utf8.count
            && zip(utf8, other.utf8).allSatisfy { one, two in
                one == two || one | 0x20 == two | 0x20 && (0x61...0x7a).contains(one | 0x20)
            }
    }
}

extension [HeaderField] {
    /// The value of the first field with that name, whatever its letter case.
    package func first(_ name: String) -> String? {
        first { $0.name == name || $0.name.isSame(as: name) }?.value
    }
}
