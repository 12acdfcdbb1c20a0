import Callbacks
import Fixtures

/// The hashes that the service sends as header fields.
enum HeaderHash: String, CaseIterable, Sendable {
    case contentMD5 = "Content-MD5"
    case contentSHA256 = "Content-Sha256"

    func digits(_ codes: Codes) -> String { self == .contentMD5 ? codes.md5 : codes.sha256 }
}

/// What is known when a hash is judged.
struct Evidence {
    let input: VerificationInput
    private let apiKey: String?
    private let keys: [Variant<String>]

    init(input: VerificationInput, apiKey: String?) {
        self.input = input
        self.apiKey = apiKey
        keys = KeyVariants.all(apiKey: apiKey, payload: input.callback.payload)
    }

    func judgeEventHash() -> HashVerdict {
        let hash = input.callback.eventHash
        guard !hash.isEmpty else {
            return HashVerdict(
                "event_hash", .missing,
                [
                    Cause(
                        "missing", "The payload has no event.event_hash.",
                        "Refuse such an event; the service always sends one.")
                ])
        }
        let search = Search(keys: keys, messages: EventHashVariants.messages(input)) { codes in
            EventHashVariants.form(of: hash, codes)
        }
        guard let causes = search.run() ?? swapped(hash) else {
            return HashVerdict("event_hash", .wrong, [unexplained(hash)])
        }
        return HashVerdict("event_hash", causes.isEmpty ? .right : .wrong, causes + numberNote)
    }

    func judge(_ header: HeaderHash, value: String) -> HashVerdict {
        let search = Search(keys: keys, messages: HeaderHashVariants.messages(input)) { codes in
            HeaderHashVariants.form(of: value, header, codes)
        }
        guard let causes = search.run() else {
            return HashVerdict(
                header.rawValue, .wrong, [HeaderHashVariants.unexplained(header, value)])
        }
        let isRight = causes.allSatisfy { $0.remedy.isEmpty }
        return HashVerdict(header.rawValue, isRight ? .right : .wrong, causes)
    }

    /// Whether the key was taken for the message and the message for the key.
    private func swapped(_ hash: String) -> [Cause]? {
        let message = input.callback.eventTime + input.callback.eventType.rawValue
        let codes = Codes(message: Array((apiKey ?? DevelopmentKey.value).utf8), key: message)
        guard let form = EventHashVariants.form(of: hash, codes) else { return nil }
        let cause = Cause(
            "swapped", "Key and message are swapped in the call.",
            "The API key is the key; time and type are the message.")
        return [cause, form.cause].compactMap { $0 }
    }

    /// A right hash over a time that is a number in the payload is worth a word.
    private var numberNote: [Cause] {
        guard case .number = input.callback.payload["event"]?["event_time"] else { return [] }
        return [
            Cause(
                "time-is-number",
                "event_time is a number in the payload; the service sends it as text.",
                "Send it as text: strict readers, such as the official SDKs, refuse a number.")
        ]
    }

    private func unexplained(_ hash: String) -> Cause {
        let isHexadecimal = hash.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
        let named = [32: "MD5", 40: "SHA-1", 96: "SHA-384", 128: "SHA-512"]
        guard isHexadecimal else {
            return Cause(
                "not-hexadecimal", "It is no text of hexadecimal digits.",
                "Write HMAC-SHA256 as 64 lower-case hexadecimal digits.")
        }
        if let name = named[hash.count] {
            return Cause(
                "other-function", "It has \(hash.count) digits, as many as \(name) gives.",
                "Use HMAC with SHA-256, which gives 64.")
        }
        guard hash.count == EventHash.length else {
            return Cause(
                "wrong-length", "It has \(counted(hash.count, "digit")); 64 are expected.",
                "Write HMAC-SHA256 as 64 lower-case hexadecimal digits.")
        }
        return Cause(
            apiKey == nil ? "other-key-than-published" : "other-key",
            "It has the right form, and none of the usual mistakes leads to it: most likely it was "
                + (apiKey == nil
                    ? "made with another key than the published development key."
                    : "made with another key. A hash does not tell with which."),
            "Give the account's primary API key with --api-key or COUNTERSIGN_API_KEY; app callbacks "
                + "are signed with it, too, not with the client secret.")
    }
}
