import Callbacks

/// What may have been hashed for a header field, and how the hash may be written.
enum HeaderHashVariants {
    static func messages(_ input: VerificationInput) -> [Variant<[UInt8]>] {
        let remedy = "Hash the text of the field 'json' as it came."
        let (time, type) = (input.callback.eventTime, input.callback.eventType.rawValue)
        let lineEnd = UInt8(ascii: "\n")
        var variants = [
            Variant(input.json),
            Variant(
                input.json + [lineEnd],
                Cause("line-end-behind", "The JSON was hashed with a line end behind it.", remedy)),
            Variant(
                Array((time + type).utf8),
                Cause(
                    "event-hash-recipe", "It is made as event_hash is, from time and type.", remedy)
            ),
        ]
        if input.json.last == lineEnd {
            variants.append(
                Variant(
                    Array(input.json.dropLast()),
                    Cause(
                        "input-has-line-end",
                        "It is right for the JSON without the line end that the file has behind it."
                    )))
        }
        if input.body != input.json {
            variants.append(
                Variant(
                    input.body,
                    Cause("whole-body", "The whole body was hashed, not the field's text.", remedy))
            )
        }
        return variants + JSONVariants.all(of: input.callback.payload)
    }

    /// How `value` is written when it comes from `codes`; `nil` when it does not.
    static func form(of value: String, _ header: HeaderHash, _ codes: Codes) -> Variant<Void>? {
        let digits = header.digits(codes)
        let remedy = "Put the lower-case hexadecimal text, not the octets, into base64."
        switch value {
        case String(decoding: base64(Array(digits.utf8)), as: UTF8.self): return Variant(())
        case digits where header == .contentSHA256:
            return Variant(
                (),
                Cause(
                    "hexadecimal",
                    "It is hexadecimal; which form the service sends is not documented."))
        case digits:
            return Variant((), Cause("hexadecimal", "It is hexadecimal, without base64.", remedy))
        case Base64.encode(hexadecimal: digits):
            return Variant((), Cause("base64-of-octets", "It is base64 over the octets.", remedy))
        case _ where value.lowercased() == digits:
            return Variant((), Cause("upper-case", "It is hexadecimal in upper case.", remedy))
        default: return nil
        }
    }

    static func unexplained(_ header: HeaderHash, _ value: String) -> Cause {
        let expected = header == .contentMD5 ? 44 : 88
        let octets = header == .contentMD5 ? 24 : 44
        if value.utf8.count == octets {
            return Cause(
                "plain-digest",
                "It is as long as base64 over the octets of a digest without a key.",
                "Use HMAC with the API key, and base64 over its hexadecimal text.")
        }
        return Cause(
            "unexplained",
            value.utf8.count == expected
                ? "It has the right length; the JSON was changed, or another key was used."
                : "It has \(counted(value.utf8.count, "character")); \(expected) are expected.",
            "Keep the text of the field 'json' byte for byte; a copy that was formatted does not do."
        )
    }
}
