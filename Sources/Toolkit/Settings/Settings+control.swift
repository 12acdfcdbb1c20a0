/// Who may command a program that runs.
extension Settings {
    /// Octets of a token that a person chooses, at the least.
    private static let minimumTokenBytes = 8

    /// Whether an address is reached from this machine alone.
    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    /// The token that commands need: the one that is named, none on this machine, else a random one.
    ///
    /// - Throws: ``Problem`` when it is too short to be one.
    static func controlToken(
        _ sources: SettingSources, isLocal: Bool
    ) throws(Problem) -> String? {
        guard let value = sources.value(.controlToken) else {
            return isLocal ? nil : (0..<2).map { _ in randomWord() }.joined()
        }
        let octets = value.text.utf8
        guard octets.count >= minimumTokenBytes, octets.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            // The value itself is not for an error.
            throw Problem(
                .wrongValue,
                "the token does not fit; a text of 8 letters and digits or more is expected",
                at: value.origin)
        }
        return value.text
    }

    private static func randomWord() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36)
    }
}
