import Callbacks

/// What may have been hashed in place of time and type, and how the hash may be written.
enum EventHashVariants {
    /// Seconds by which a clock or a rewritten time is looked for.
    static let maximumSkew = 120

    static func messages(_ input: VerificationInput) -> [Variant<[UInt8]>] {
        let (time, type) = (input.callback.eventTime, input.callback.eventType.rawValue)
        return [Variant(Array((time + type).utf8))] + arrangements(time, type)
            + numbers(time, type) + documents(input) + otherTypes(time, type)
            + otherTimes(time, type)
    }

    private static func variant(
        _ text: String, _ cause: Cause, isRare: Bool = false
    )
        -> Variant<[UInt8]>
    {
        Variant(Array(text.utf8), cause, isRare: isRare)
    }

    private static func arrangements(_ time: String, _ type: String) -> [Variant<[UInt8]>] {
        let remedy = "Hash event_time followed directly by event_type."
        let separated = [" ", "-", "_", ".", ":", ";", ",", "|", "/", "&", "+", "\n", "\t"].map {
            variant(
                time + $0 + type,
                Cause("separator", "There is '\($0.oneLine)' between time and type.", remedy))
        }
        return [
            variant(
                type + time,
                Cause("type-before-time", "The type was put before the time.", remedy)),
            variant(
                time + type + "\n",
                Cause(
                    "line-end-behind",
                    "A line end was hashed, too, as 'echo' without -n writes it.",
                    remedy)),
            variant(time, Cause("time-only", "Only the time was hashed.", remedy)),
            variant(type, Cause("type-only", "Only the type was hashed.", remedy)),
            variant(
                "\"\(time)\"\"\(type)\"",
                Cause("with-quotes", "Time and type were hashed with JSON's quotes.", remedy)),
            variant(
                time + type.uppercased(),
                Cause("type-letter-case", "The type was hashed in upper case.", remedy)),
        ] + separated
    }

    private static func numbers(_ time: String, _ type: String) -> [Variant<[UInt8]>] {
        let remedy = "Hash event_time as the text that it is in the payload; parse no number."
        var texts = [
            ("time-with-decimals", "\(time).0"), ("time-with-decimals", "\(time).000000"),
            ("time-in-milliseconds", "\(time)000"),
        ]
        if let first = time.first, time.count > 1 {
            let rest = String(time.dropFirst())
            texts += ["E9", "e9", "E+9", "e+9", "E+09", "e+09"].map {
                ("time-with-exponent", "\(first).\(rest)\($0)")
            }
        }
        return texts.map { id, text in
            variant(text + type, Cause(id, "The time was hashed as the number '\(text)'.", remedy))
        }
    }

    private static func documents(_ input: VerificationInput) -> [Variant<[UInt8]>] {
        let remedy = "Hash event_time and event_type alone; the rest of the payload is not covered."
        let cause = Cause(
            "whole-body", "The JSON text was hashed instead of time and type.", remedy)
        var variants = [Variant(input.json, cause)]
        variants += JSONVariants.all(of: input.callback.payload).map { Variant($0.value, cause) }
        // A hash cannot cover itself: who hashes the payload does so before it is put in.
        for hash: JSONValue? in [nil, "", .null] {
            var payload = input.callback.payload
            payload[path: "event", "event_hash"] = hash
            variants.append(Variant(payload.encoded(.service), cause))
            variants += JSONVariants.all(of: payload).map { Variant($0.value, cause) }
        }
        if input.body != input.json {
            variants.append(
                Variant(
                    input.body,
                    Cause("whole-body", "The request's whole body was hashed.", remedy)))
        }
        return variants
    }

    private static func otherTypes(_ time: String, _ type: String) -> [Variant<[UInt8]>] {
        EventType.all.filter { $0.rawValue != type }.map { other in
            variant(
                time + other.rawValue,
                Cause(
                    "other-type",
                    "It is the hash of '\(other)' at the same time: the type was changed behind it.",
                    "Compute the hash after all changes to the payload."))
        }
    }

    private static func otherTimes(_ time: String, _ type: String) -> [Variant<[UInt8]>] {
        guard let seconds = Int64(time), abs(seconds) < 1 << 48 else { return [] }
        let remedy = "Compute the hash after all changes, over the time that is in the payload."
        let zones = (-28...28).filter { $0 != 0 }.map { Int64($0) * 1800 }.map { shift in
            variant(
                "\(seconds + shift)\(type)",
                Cause(
                    "time-zone",
                    "It is the hash for a time \(abs(shift / 60)) minutes "
                        + "\(shift > 0 ? "later" : "earlier"): local time in place of UTC?", remedy),
                isRare: true)
        }
        let skews = (-maximumSkew...maximumSkew).filter { $0 != 0 }.map { shift in
            variant(
                "\(seconds + Int64(shift))\(type)",
                Cause(
                    "other-time",
                    "It is the hash for a time \(counted(abs(shift), "second")) "
                        + "\(shift > 0 ? "later" : "earlier"): the time was changed behind it.",
                    remedy),
                isRare: true)
        }
        return zones + skews
    }

    /// Digits of a hash that was cut off, at the least; fewer could be chance.
    static let minimumDigits = 8

    /// How `hash` is written when it comes from `codes`; `nil` when it does not.
    static func form(of hash: String, _ codes: Codes) -> Variant<Void>? {
        if hash == codes.sha256 { return Variant(()) }
        return forms(hash, codes).first { $0.value }.map { Variant((), $0.cause) }
    }

    private static func forms(_ hash: String, _ codes: Codes) -> [Variant<Bool>] {
        let remedy = "Write all 64 lower-case hexadecimal digits and nothing else."
        let base64 = Base64.encode(hexadecimal: codes.sha256)
        let isCut = hash.count >= minimumDigits && codes.sha256.hasPrefix(hash.lowercased())
        let bare = hash.split(separator: "=").last.map(String.init) ?? hash
        return [
            Variant(
                hash.lowercased() == codes.sha256,
                Cause("upper-case", "The digits are in upper case.", remedy)),
            Variant(
                hash.oneLine == codes.sha256,
                Cause("white-space", "There is white space around it.", remedy)),
            Variant(
                isCut, Cause("truncated", "Only the first \(hash.count) digits are there.", remedy)),
            Variant(
                bare != hash && bare.lowercased() == codes.sha256,
                Cause("prefixed", "There is a prefix such as 'sha256=' before it.", remedy)),
            Variant(
                hash == base64 || hash == base64.urlSafe || hash == base64.urlSafe.withoutPadding
                    || hash == base64.withoutPadding,
                Cause("base64", "It is in base64 in place of hexadecimal digits.", remedy)),
            Variant(
                hash == String(decoding: Callbacks.base64(Array(codes.sha256.utf8)), as: UTF8.self),
                Cause("base64-of-digits", "The hexadecimal text is in base64, too.", remedy)),
            Variant(
                hash.lowercased() == codes.md5,
                Cause("md5", "It was made with MD5.", "Use HMAC with SHA-256.")),
        ]
    }
}

extension String {
    fileprivate var urlSafe: String {
        String(map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    fileprivate var withoutPadding: String { String(prefix { $0 != "=" }) }
}
