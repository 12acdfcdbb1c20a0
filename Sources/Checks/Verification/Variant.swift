import Callbacks

/// One way to do a step of the computation; the right one has no cause.
struct Variant<Value: Sendable>: Sendable {
    let value: Value
    let cause: Cause?
    /// Whether it is tried only with everything else as it should be: there are many like it.
    let isRare: Bool

    init(_ value: Value, _ cause: Cause? = nil, isRare: Bool = false) {
        self.value = value
        self.cause = cause
        self.isRare = isRare
    }
}

/// HMACs of one message under one key, in the forms that hashes are written in.
struct Codes {
    /// 64 lower-case hexadecimal digits.
    let sha256: String
    /// 32 lower-case hexadecimal digits.
    let md5: String

    init(message: [UInt8], key: String) {
        let hashes = HeaderHashes(json: message, apiKey: key)
        sha256 = hashes.hexadecimalSHA256
        md5 = String(decoding: Base64.decode(hashes.contentMD5) ?? [], as: UTF8.self)
    }
}

/// The ways that lead to a given value, those with the fewest mistakes first.
struct Search {
    let keys: [Variant<String>]
    let messages: [Variant<[UInt8]>]
    /// Tells how `value` is written when it comes from these codes; `nil` when it does not.
    let match: (Codes) -> Variant<Void>?

    /// Mistakes made at the same time that are looked for.
    static let maximumCauses = 3

    /// The causes of the first way that was found: none when all is right, `nil` without a way.
    func run() -> [Cause]? {
        var best: [Cause]?
        for key in keys {
            for message in messages where !(message.isRare && key.cause != nil) {
                guard let form = match(Codes(message: message.value, key: key.value)) else {
                    continue
                }
                let causes = [message.cause, key.cause, form.cause].compactMap { $0 }
                if causes.isEmpty { return [] }
                if causes.count < best?.count ?? Self.maximumCauses + 1 { best = causes }
            }
        }
        return best
    }
}

/// Base64 with the alphabet of RFC 4648, section 4.
enum Base64 {
    /// The octets; `nil` when the text is no base64.
    static func decode(_ text: String) -> [UInt8]? {
        var output: [UInt8] = []
        var word: UInt32 = 0
        var bits = 0
        for byte in text.utf8.prefix(while: { $0 != UInt8(ascii: "=") }) {
            guard let digit = digit(byte) else { return nil }
            word = word << 6 | UInt32(digit)
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
            }
        }
        return output
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    /// The octets that hexadecimal digits stand for, in base64.
    static func encode(hexadecimal digits: String) -> String {
        let values = digits.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        let octets = stride(from: 0, to: values.count - 1, by: 2).map {
            UInt8(values[$0] << 4 | values[$0 + 1])
        }
        return String(decoding: base64(octets), as: UTF8.self)
    }
}
