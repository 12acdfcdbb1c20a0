import Callbacks

/// The texts that other programs write for the same payload.
enum JSONVariants {
    static func all(of payload: JSONValue) -> [Variant<[UInt8]>] {
        let remedy = "Hash the text of the field 'json' as it came, before anything parses it."
        let texts: [(String, String, String)] = [
            (
                "slashes", payload.text(JSONEncoding(escapesSlashes: false)),
                "The JSON was written again without '\\/' for slashes."
            ),
            (
                "non-ascii", payload.text(JSONEncoding(escapesNonASCII: false)),
                "The JSON was written again without \\u escapes."
            ),
            (
                "re-encoded", payload.text(.plain),
                "The JSON was parsed and written again, as JSON.stringify does."
            ),
            (
                "re-encoded", payload.text(.service),
                "The JSON was parsed and written again, as PHP's json_encode does."
            ),
            (
                "indented", payload.text(.readable),
                "The JSON was written again, indented by four spaces."
            ),
            (
                "indented", spaced(payload, indent: 2),
                "The JSON was written again, indented by two spaces."
            ),
            (
                "python", spaced(payload, .init(escapesSlashes: false)),
                "The JSON was written again with spaces, as Python's json.dumps does."
            ),
            (
                "python", spaced(payload, .plain),
                "The JSON was written again with spaces, as json.dumps(ensure_ascii=False) does."
            ),
        ]
        return texts.map { id, text, reason in
            Variant(Array(text.utf8), Cause(id, reason, remedy))
        }
    }

    /// JSON with a space behind each `,` and `:`, or indented, with a space behind each `:`.
    private static func spaced(
        _ value: JSONValue, _ encoding: JSONEncoding = .plain, indent: Int? = nil, depth: Int = 0
    ) -> String {
        func inside(_ parts: [String], _ open: String, _ close: String) -> String {
            guard let indent, !parts.isEmpty else {
                return open + parts.joined(separator: ", ") + close
            }
            let gap = "\n" + String(repeating: " ", count: indent * (depth + 1))
            let end = "\n" + String(repeating: " ", count: indent * depth)
            return open + gap + parts.joined(separator: ",\(gap)") + end + close
        }
        switch value {
        case .object(let object):
            return inside(
                object.members.map { member in
                    JSONValue.string(member.name).text(encoding) + ": "
                        + spaced(member.value, encoding, indent: indent, depth: depth + 1)
                }, "{", "}")
        case .array(let elements):
            return inside(
                elements.map { spaced($0, encoding, indent: indent, depth: depth + 1) }, "[", "]")
        default: return value.text(encoding)
        }
    }
}
