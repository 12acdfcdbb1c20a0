/// Text that is safe in XML 1.0 and HTML, in elements and in quoted attributes.
struct XMLText: CustomStringConvertible {
    /// The escaped text.
    let description: String

    /// Escapes `text`; characters that XML does not allow become U+FFFD.
    init(_ text: String) {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            case "\n", "\t": output.unicodeScalars.append(scalar)
            case _ where !Self.isAllowed(scalar): output += "\u{fffd}"
            default: output.unicodeScalars.append(scalar)
            }
        }
        description = output
    }

    /// An attribute's value: line ends and tabs are written as references, or a parser makes them spaces.
    init(attribute text: String) {
        description = XMLText(text).description.unicodeScalars.reduce(into: "") { output, scalar in
            switch scalar {
            case "\n": output += "&#10;"
            case "\t": output += "&#9;"
            default: output.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x20 && scalar.value != 0xfffe && scalar.value != 0xffff
    }
}
