import Callbacks
import Fixtures

/// What may have been used in place of the key.
enum KeyVariants {
    /// All, the right one first; none of the causes quotes a key.
    static func all(apiKey: String?, payload: JSONValue) -> [Variant<String>] {
        guard let apiKey else { return [Variant(DevelopmentKey.value)] + identifiers(payload) }
        var variants = [Variant(apiKey)]
        let clean = trimmed(apiKey)
        if clean != apiKey {
            variants.append(
                Variant(
                    clean,
                    Cause(
                        "given-key-has-extras",
                        "The key that you gave has white space or quotes around it; without them the "
                            + "hash is right.",
                        "Take them out where the key is stored: a file's last line end, quotes in a "
                            + "settings file.")))
        }
        variants += wrapped(clean)
        if apiKey != DevelopmentKey.value {
            variants.append(
                Variant(
                    DevelopmentKey.value,
                    Cause(
                        "development-key", "It was made with the published development key.",
                        "Set the sender's key: --api-key or COUNTERSIGN_API_KEY.")))
        }
        return variants + identifiers(payload)
    }

    private static func trimmed(_ key: String) -> String {
        let extras: Set<Character> = [" ", "\t", "\n", "\r", "\r\n", "\"", "'"]
        let start = key.drop { extras.contains($0) }
        return start.lastIndex { !extras.contains($0) }.map { String(start[...$0]) } ?? ""
    }

    private static func wrapped(_ key: String) -> [Variant<String>] {
        let basic = String(decoding: base64(Array("\(key):".utf8)), as: UTF8.self)
        let remedy = "Strip the key where it is read; it is used bare."
        return [
            Variant(
                key + "\n",
                Cause("key-with-line-end", "The key was used with a line end behind it.", remedy)),
            Variant(
                key + "\r\n",
                Cause("key-with-line-end", "The key was used with a line end behind it.", remedy)),
            Variant(
                " " + key,
                Cause("key-with-space", "The key was used with a space before it.", remedy)),
            Variant(
                key + " ",
                Cause("key-with-space", "The key was used with a space behind it.", remedy)),
            Variant(
                "\"\(key)\"",
                Cause("key-with-quotes", "The key was used with quotes around it.", remedy)),
            Variant(
                "'\(key)'",
                Cause("key-with-quotes", "The key was used with quotes around it.", remedy)),
            Variant(
                "\(key):",
                Cause(
                    "key-with-colon", "The key was used with the colon of Basic credentials.",
                    remedy)),
            Variant(
                basic,
                Cause(
                    "basic-credentials", "The base64 text of Basic credentials was the key.", remedy
                )),
            Variant(
                "Basic \(basic)",
                Cause("basic-credentials", "The whole Authorization header was the key.", remedy)),
            Variant(
                "Bearer \(key)",
                Cause("bearer-credentials", "The key was used with 'Bearer' before it.", remedy)),
            Variant(
                key.uppercased(),
                Cause("key-letter-case", "The key was used in upper case.", remedy)),
            Variant(
                key.lowercased(),
                Cause("key-letter-case", "The key was used in lower case.", remedy)),
            Variant(
                "", Cause("empty-key", "The key was empty: a setting that is not set?", remedy)),
        ].filter { $0.value != key }
    }

    /// Ids of the payload that are mistaken for the key.
    private static func identifiers(_ payload: JSONValue) -> [Variant<String>] {
        let metadata = payload["event"]?["event_metadata"]
        let ids = [
            ("client_id", payload["client_id"]), ("account_guid", payload["account_guid"]),
            ("reported_for_app_id", metadata?["reported_for_app_id"]),
            ("reported_for_account_id", metadata?["reported_for_account_id"]),
        ]
        return ids.compactMap { name, value in
            guard let id = value?.string, !id.isEmpty else { return nil }
            return Variant(
                id,
                Cause(
                    "id-as-key", "The payload's '\(name)' was the key.",
                    "Use the account's API key; app callbacks are signed with it, too."))
        }
    }
}
