/// Takes the JSON text of an event out of a request's body.
public enum CallbackForm {
    /// The field that carries the event.
    public static let fieldName = "json"

    /// The JSON text in `body`.
    ///
    /// - Parameters:
    ///   - body: The whole body, without a transfer coding. The caller bounds its size.
    ///   - contentType: The value of `Content-Type`.
    /// - Returns: The bytes of the field, not yet parsed.
    /// - Throws: ``CallbackError`` with code `unsupportedForm`, `malformedForm` or `missingField`.
    public static func json(in body: [UInt8], contentType: String?) throws(CallbackError) -> [UInt8]
    {
        let header = HeaderValue(contentType ?? "")
        switch header.value.lowercased() {
        case "multipart/form-data":
            guard let boundary = header.parameters["boundary"], !boundary.isEmpty else {
                throw CallbackError(
                    code: .malformedForm, message: "the content type has no boundary")
            }
            return try multipart(body, boundary: boundary)
        case "application/x-www-form-urlencoded": return try urlencoded(body)
        case "application/json": return body
        default:
            throw CallbackError(
                code: .unsupportedForm,
                message: "no form field can be read from '\(header.value)'",
                path: "Content-Type")
        }
    }

    private static var missing: CallbackError {
        CallbackError(code: .missingField, message: "the form has no field", path: fieldName)
    }

    private static func urlencoded(_ body: [UInt8]) throws(CallbackError) -> [UInt8] {
        for pair in body.split(separator: UInt8(ascii: "&")) {
            let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let name = try URLEncoding.decode(pair[..<end])
            if name.elementsEqual(fieldName.utf8) {
                return try URLEncoding.decode(pair[end...].dropFirst())
            }
        }
        throw missing
    }

    private static func multipart(
        _ body: [UInt8], boundary: String
    ) throws(CallbackError)
        -> [UInt8]
    {
        var reader = MultipartReader(body: body, boundary: boundary)
        while let part = try reader.next() {
            let disposition = HeaderValue(part.headers["content-disposition"] ?? "")
            if disposition.parameters["name"] == fieldName { return Array(part.content) }
        }
        throw missing
    }
}

/// A header's value and its parameters (RFC 9110, section 5.6.6).
struct HeaderValue {
    let value: String
    /// By lower-case name, without quotes.
    let parameters: [String: String]

    init(_ text: String) {
        var parts = Self.split(text).map { $0.trimmingSpace() }
        value = parts.isEmpty ? "" : parts.removeFirst()
        var parameters: [String: String] = [:]
        for part in parts {
            guard let equals = part.utf8.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = part[..<equals].lowercased()
            parameters[name] = Self.unquote(String(part[part.index(after: equals)...]))
        }
        self.parameters = parameters
    }

    /// Splits at semicolons that stand outside quotes.
    private static func split(_ text: String) -> [String] {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return splitPlain(text) }
        var parts = [""]
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if character == ";", !isQuoted {
                parts.append("")
                continue
            }
            if character == "\"", !isEscaped { isQuoted.toggle() }
            isEscaped = character == "\\" && isQuoted && !isEscaped
            parts[parts.count - 1].append(character)
        }
        return parts
    }

    /// The same for a text without escapes.
    private static func splitPlain(_ text: String) -> [String] {
        var parts: [String] = []
        var isQuoted = false
        var start = text.utf8.startIndex
        for index in text.utf8.indices {
            switch text.utf8[index] {
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ";") where !isQuoted:
                parts.append(String(text[start..<index]))
                start = text.utf8.index(after: index)
            default: break
            }
        }
        return parts + [String(text[start...])]
    }

    private static func unquote(_ text: String) -> String {
        guard text.utf8.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
        guard text.utf8.contains(UInt8(ascii: "\\")) else {
            return String(text.dropFirst().dropLast())
        }
        var output = ""
        var isEscaped = false
        for character in text.dropFirst().dropLast() {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                output.append(character)
                isEscaped = false
            }
        }
        return output
    }
}

extension String {
    /// Without spaces and tabs at both ends.
    func trimmingSpace() -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        guard let first = utf8.firstIndex(where: { !isSpace($0) }),
            let last = utf8.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(utf8[first...last]) ?? ""
    }
}
