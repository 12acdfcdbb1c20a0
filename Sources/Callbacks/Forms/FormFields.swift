/// One field of a form.
package struct FormField: Hashable, Sendable {
    package var name: String
    /// The name that a file had; `nil` for a plain field.
    package var fileName: String?
    package var content: [UInt8]

    package init(name: String, fileName: String? = nil, content: [UInt8]) {
        self.name = name
        self.fileName = fileName
        self.content = content
    }
}

/// Reads all fields of a form.
package enum FormFields {
    /// Fields of one form.
    package static let maximumFields = 2_000

    /// The fields in their order.
    ///
    /// - Parameters:
    ///   - body: The whole body, without a transfer coding. The caller bounds its size.
    ///   - contentType: The value of `Content-Type`.
    /// - Returns: The fields; `nil` when the type is no form's.
    /// - Throws: ``CallbackError`` with code `malformedForm` or `tooLarge`.
    package static func read(
        _ body: [UInt8], contentType: String
    ) throws(CallbackError) -> [FormField]? {
        let header = HeaderValue(contentType)
        switch header.value.lowercased() {
        case "multipart/form-data":
            guard let boundary = header.parameters["boundary"], !boundary.isEmpty else {
                throw CallbackError(
                    code: .malformedForm, message: "the content type has no boundary")
            }
            return try multipart(body, boundary)
        case "application/x-www-form-urlencoded": return try urlencoded(body)
        default: return nil
        }
    }

    /// The fields of a query or a urlencoded body.
    package static func urlencoded(_ text: [UInt8]) throws(CallbackError) -> [FormField] {
        var fields: [FormField] = []
        for pair in text.split(separator: UInt8(ascii: "&")) {
            guard fields.count < maximumFields else { throw tooMany }
            let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            fields.append(
                FormField(
                    name: String(decoding: try URLEncoding.decode(pair[..<end]), as: UTF8.self),
                    content: try URLEncoding.decode(pair[end...].dropFirst())))
        }
        return fields
    }

    private static var tooMany: CallbackError {
        CallbackError(code: .tooLarge, message: "the form has over \(maximumFields) fields")
    }

    private static func multipart(
        _ body: [UInt8], _ boundary: String
    ) throws(CallbackError) -> [FormField] {
        var reader = MultipartReader(
            body: body, boundary: boundary, maximumParts: maximumFields)
        var fields: [FormField] = []
        while let part = try reader.next() {
            let disposition = HeaderValue(part.headers["content-disposition"] ?? "")
            guard let name = disposition.parameters["name"] else {
                throw CallbackError(code: .malformedForm, message: "a part has no name")
            }
            fields.append(
                FormField(
                    name: name, fileName: disposition.parameters["filename"],
                    content: Array(part.content)))
        }
        return fields
    }
}
