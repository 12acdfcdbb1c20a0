/// Text as one word of a POSIX shell.
package struct ShellWord: CustomStringConvertible {
    /// The word with the quotes that it needs.
    package let description: String

    /// Quotes `text` when it has anything that a shell would take apart.
    package init(_ text: String) {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy(Self.isPlain)
        description = isPlain ? text : Self.quoted(text)
    }

    /// The argument of `printf %b` that prints `bytes`, quoted.
    ///
    /// Line ends and other control characters stand as escapes, so that the line can be copied.
    init(printing bytes: [UInt8]) {
        var text = ""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\\"): text += "\\\\"
            case UInt8(ascii: "\r"): text += "\\r"
            case UInt8(ascii: "\n"): text += "\\n"
            case 0x20..<0x7f: text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 8)
                text += "\\0" + String(repeating: "0", count: 3 - digits.count) + digits
            }
        }
        description = Self.quoted(text)
    }

    private static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false).joined(
                separator: "'\\''")
            + "'"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: ":"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "="),
            UInt8(ascii: ","), UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: "%"):
            true
        default: false
        }
    }
}
