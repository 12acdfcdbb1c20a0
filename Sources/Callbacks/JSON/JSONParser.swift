extension JSONValue {
    /// How deep arrays and objects may nest; a payload of the service nests 7 deep.
    public static let maximumDepth = 128

    /// Parses one JSON text (RFC 8259) in UTF-8.
    ///
    /// Of members with equal names the last one counts, as in the parsers that handlers use.
    ///
    /// - Throws: ``CallbackError`` with code `malformedJSON` and the byte where it was noticed, or
    ///   `tooLarge` when it nests deeper than ``maximumDepth``.
    public init(parsing text: some Sequence<UInt8>) throws(CallbackError) {
        var parser = JSONParser(bytes: Array(text))
        self = try parser.document()
    }
}

/// A recursive descent over bytes; the depth is bounded, so the stack is too.
private struct JSONParser {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws(CallbackError) -> JSONValue {
        skipSpace()
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw malformed("text after the value") }
        return value
    }

    private func malformed(_ message: String) -> CallbackError {
        CallbackError(code: .malformedJSON, message: message, path: "byte \(position)")
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(CallbackError) -> JSONValue {
        guard depth <= JSONValue.maximumDepth else {
            throw CallbackError(
                code: .tooLarge, message: "nested deeper than \(JSONValue.maximumDepth)",
                path: "byte \(position)")
        }
        guard position < bytes.count else { throw malformed("the text ends too early") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue
    ) throws(CallbackError)
        -> JSONValue
    {
        let expected = Array("\(word)".utf8)
        guard bytes[position...].starts(with: expected) else { throw malformed("no JSON value") }
        position += expected.count
        return value
    }

    private mutating func object(depth: Int) throws(CallbackError) -> JSONValue {
        position += 1
        var members: [JSONObject.Member] = []
        /// Where each name stands.
        var places: [String: Int] = [:]
        skipSpace()
        if take("}") { return .object(JSONObject()) }
        repeat {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw malformed("a member's name is expected")
            }
            let name = try string()
            skipSpace()
            guard take(":") else { throw malformed("':' is expected") }
            skipSpace()
            let value = try value(depth: depth + 1)
            if let place = places.updateValue(members.count, forKey: name) {
                places[name] = place
                members[place].value = value
            } else {
                members.append(JSONObject.Member(name: name, value: value))
            }
            skipSpace()
        } while take(",")
        guard take("}") else { throw malformed("',' or '}' is expected") }
        return .object(JSONObject(unique: members))
    }

    private mutating func array(depth: Int) throws(CallbackError) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(elements) }
        repeat {
            skipSpace()
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw malformed("',' or ']' is expected") }
        return .array(elements)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else {
            return false
        }
        position += 1
        return true
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position - start
    }

    private mutating func number() throws(CallbackError) -> String {
        let start = position
        _ = take("-")
        let leadingZero = position < bytes.count && bytes[position] == 0x30
        let wholeDigits = digits()
        guard wholeDigits > 0 else { throw malformed("no JSON value") }
        guard !leadingZero || wholeDigits == 1 else { throw malformed("a number starts with 0") }
        if take(".") {
            guard digits() > 0 else { throw malformed("a digit is expected") }
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw malformed("a digit is expected") }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func string() throws(CallbackError) -> String {
        position += 1
        var start = position
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                text.append(contentsOf: bytes[start..<position])
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw malformed("a string is not UTF-8")
                }
                position += 1
                return string
            } else if byte == UInt8(ascii: "\\") {
                text.append(contentsOf: bytes[start..<position])
                text.append(contentsOf: String(try escape()).utf8)
                start = position
            } else if byte < 0x20 {
                throw malformed("a control character in a string")
            } else {
                position += 1
            }
        }
        throw malformed("a string has no end")
    }

    private mutating func escape() throws(CallbackError) -> Unicode.Scalar {
        position += 1
        guard position < bytes.count else { throw malformed("a string has no end") }
        defer { position += 1 }
        switch bytes[position] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw malformed("an unknown escape")
        }
    }

    /// Reads the digits of `\u`, and of the low surrogate behind a high one; ends on the last digit.
    private mutating func unicodeEscape() throws(CallbackError) -> Unicode.Scalar {
        let first = try fourDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, position + 2 < bytes.count,
            bytes[position + 1] == UInt8(ascii: "\\"), bytes[position + 2] == UInt8(ascii: "u")
        else { throw malformed("half of a surrogate pair") }
        position += 2
        let second = try fourDigits()
        guard (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
        else { throw malformed("half of a surrogate pair") }
        return scalar
    }

    private mutating func fourDigits() throws(CallbackError) -> UInt32 {
        guard position + 4 < bytes.count else { throw malformed("four digits are expected") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            position += 1
            guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue,
                bytes[position] < 0x80
            else { throw malformed("four digits are expected") }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
