import Callbacks

extension StringProtocol {
    /// Whether it is digits of ASCII alone, and not empty.
    var isDigits: Bool { !isEmpty && utf8.allSatisfy { (0x30...0x39).contains($0) } }
}

/// Turns the flat names of a form, such as `signers[0][name]`, into nested values.
///
/// An index is a member's name here; the contract knows where an array is meant.
struct FormTree {
    /// Levels of brackets in a name.
    static let maximumDepth = 16

    private(set) var values = JSONObject()
    private(set) var files: [String: [UploadedFile]] = [:]

    init(_ fields: [FormField]) throws(APIError) {
        for field in fields {
            let keys = try Self.keys(field.name)
            if let fileName = field.fileName {
                // 'file' is the name that old samples use.
                let name = keys[0] == "file" ? "files" : keys[0]
                files[name, default: []].append(
                    UploadedFile(name: fileName, bytes: field.content))
                continue
            }
            guard let text = String(validating: field.content, as: UTF8.self) else {
                throw APIError(.badRequest, "'\(field.name)' is no UTF-8", at: keys[0])
            }
            Self.put(.string(text), keys[...], into: &values)
        }
    }

    /// `a[0][b]` is a, 0, b; `a[]` ends in an empty key.
    private static func keys(_ name: String) throws(APIError) -> [String] {
        guard let open = name.firstIndex(of: "["), open > name.startIndex else { return [name] }
        var keys = [String(name[..<open])]
        var rest = name[open...]
        while rest.first == "[" {
            guard let close = rest.firstIndex(of: "]"), keys.count < maximumDepth else {
                throw APIError(.badRequest, "The name '\(name.prefix(100))' cannot be read")
            }
            keys.append(String(rest[rest.index(after: rest.startIndex)..<close]))
            rest = rest[rest.index(after: close)...]
        }
        return keys
    }

    private static func put(
        _ value: JSONValue, _ keys: ArraySlice<String>, into object: inout JSONObject
    ) {
        guard let first = keys.first else { return }
        let key = first.isEmpty ? String(object.members.count) : first
        guard keys.count > 1 else {
            object[key] = value
            return
        }
        var child = object[key]?.object ?? JSONObject()
        put(value, keys.dropFirst(), into: &child)
        object[key] = .object(child)
    }
}
