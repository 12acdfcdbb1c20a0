extension String {
    /// The text with every run of white space and control characters as one space.
    var oneLine: String {
        var output = ""
        var gap = false
        for scalar in unicodeScalars {
            let isInvisible =
                switch scalar.properties.generalCategory {
                case .control, .format: true
                default: scalar.properties.isWhitespace
                }
            if isInvisible {
                gap = !output.isEmpty
            } else {
                if gap { output.append(" ") }
                gap = false
                output.unicodeScalars.append(scalar)
            }
        }
        return output
    }
}

extension String {
    /// The text with line ends, tabs and what has no shape as escapes: `\n`, `\u{200f}`.
    var visible: String {
        var output = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator:
                    output += "\\u{\(String(scalar.value, radix: 16))}"
                default: output.unicodeScalars.append(scalar)
                }
            }
        }
        return output
    }
}

extension Duration {
    /// Such as `0.012 s` or `30 s`: seconds with up to three decimals.
    var seconds: String { "\(decimalSeconds) s" }

    /// Seconds with up to three decimals, without trailing zeros.
    var decimalSeconds: String {
        let milliseconds = self.milliseconds
        var text = String(milliseconds % 1000)
        text = String(repeating: "0", count: 3 - text.count) + text
        while text.hasSuffix("0") { text.removeLast() }
        return "\(milliseconds / 1000)" + (text.isEmpty ? "" : ".\(text)")
    }

    /// Whole milliseconds, rounded down; never negative.
    var milliseconds: Int64 {
        max(0, components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}

/// `1 case`, `2 cases`.
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}

/// The first few names and how many more there are: `a, b, c and 4 more`.
func listed(_ names: [String], limit: Int = 5) -> String {
    let start = names.prefix(limit).joined(separator: ", ")
    return names.count > limit ? "\(start) and \(names.count - limit) more" : start
}
