/// How a value is written as JSON text.
public struct JSONEncoding: Hashable, Sendable {
    /// Whether `/` is written `\/`, as PHP's `json_encode` does and as real callbacks were seen.
    public var escapesSlashes: Bool
    /// Whether characters outside ASCII are written `\uXXXX`, as PHP's `json_encode` does by default.
    ///
    /// A guess: no real callback with such characters was seen, see the README on guesses.
    public var escapesNonASCII: Bool
    /// Whether members stand on lines of their own, indented by four spaces; for people.
    public var isIndented: Bool

    /// Makes an encoding; the default is the service's.
    public init(
        escapesSlashes: Bool = true, escapesNonASCII: Bool = true, isIndented: Bool = false
    ) {
        self.escapesSlashes = escapesSlashes
        self.escapesNonASCII = escapesNonASCII
        self.isIndented = isIndented
    }

    /// What the service sends.
    public static let service = JSONEncoding()
    /// What most other encoders write: no escape that is not needed.
    public static let plain = JSONEncoding(escapesSlashes: false, escapesNonASCII: false)
    /// For reading and for files under version control.
    public static let readable = JSONEncoding(
        escapesSlashes: false, escapesNonASCII: false, isIndented: true)
}

extension JSONValue {
    /// The value as JSON text in UTF-8.
    public func encoded(_ encoding: JSONEncoding = .service) -> [UInt8] {
        var writer = JSONWriter(encoding: encoding)
        writer.output.reserveCapacity(2048)
        writer.write(self, depth: 0)
        return writer.output
    }

    /// The value as JSON text.
    public func text(_ encoding: JSONEncoding = .service) -> String {
        String(decoding: encoded(encoding), as: UTF8.self)
    }
}

private struct JSONWriter {
    let encoding: JSONEncoding
    var output: [UInt8] = []

    init(encoding: JSONEncoding) {
        self.encoding = encoding
    }

    mutating func write(_ value: JSONValue, depth: Int) {
        switch value {
        case .null: put("null")
        case .bool(let value): put(value ? "true" : "false")
        case .number(let text): put(text)
        case .string(let text): write(text)
        case .array(let elements):
            write(elements, open: "[", close: "]", depth: depth) { writer, element in
                writer.write(element, depth: depth + 1)
            }
        case .object(let object):
            write(object.members, open: "{", close: "}", depth: depth) { writer, member in
                writer.write(member.name)
                writer.output.append(UInt8(ascii: ":"))
                if writer.encoding.isIndented { writer.output.append(UInt8(ascii: " ")) }
                writer.write(member.value, depth: depth + 1)
            }
        }
    }

    private mutating func write<Element>(
        _ elements: [Element], open: Unicode.Scalar, close: Unicode.Scalar, depth: Int,
        each: (inout JSONWriter, Element) -> Void
    ) {
        output.append(UInt8(ascii: open))
        for (index, element) in elements.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            newLine(depth: depth + 1)
            each(&self, element)
        }
        if !elements.isEmpty { newLine(depth: depth) }
        output.append(UInt8(ascii: close))
    }

    private mutating func newLine(depth: Int) {
        guard encoding.isIndented else { return }
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 4 * depth))
    }

    /// Whether a text is its own JSON but for the quotes.
    private func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in bytes {
            switch byte {
            case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"): return false
            case UInt8(ascii: "/") where encoding.escapesSlashes: return false
            case 0x80... where encoding.escapesNonASCII: return false
            default: break
            }
        }
        return true
    }

    /// Appends text that needs no escape.
    private mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { output.append(contentsOf: $0) }
    }

    private mutating func write(_ text: String) {
        output.append(UInt8(ascii: "\""))
        var whole = text
        let isDone = whole.withUTF8 { bytes in
            guard isPlain(bytes) else { return false }
            output.append(contentsOf: bytes)
            return true
        }
        guard !isDone else {
            output.append(UInt8(ascii: "\""))
            return
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output.append(contentsOf: "\\\"".utf8)
            case "\\": output.append(contentsOf: "\\\\".utf8)
            case "/" where encoding.escapesSlashes: output.append(contentsOf: "\\/".utf8)
            case "\u{8}": output.append(contentsOf: "\\b".utf8)
            case "\u{c}": output.append(contentsOf: "\\f".utf8)
            case "\n": output.append(contentsOf: "\\n".utf8)
            case "\r": output.append(contentsOf: "\\r".utf8)
            case "\t": output.append(contentsOf: "\\t".utf8)
            case _ where scalar.value < 0x20: writeEscaped(UInt16(scalar.value))
            case _ where scalar.value > 0x7f && encoding.escapesNonASCII:
                for unit in UTF16.encode(scalar) ?? .init() { writeEscaped(unit) }
            default: output.append(contentsOf: UTF8.encode(scalar) ?? .init())
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    private mutating func writeEscaped(_ unit: UInt16) {
        output.append(contentsOf: "\\u".utf8)
        for shift in [12, 8, 4, 0] {
            output.append(hexadecimalDigit(UInt8(unit >> UInt16(shift) & 0xf)))
        }
    }
}
