package import Callbacks

/// What is to be verified: an event's JSON text, and the request that it came in when there is one.
package struct VerificationInput: Hashable, Sendable {
    /// The JSON text, byte for byte.
    package let json: [UInt8]
    package let callback: Callback
    /// The fields of the request; empty for a bare payload.
    package let headers: [HeaderField]
    /// The whole body; equal to ``json`` for a bare payload.
    package let body: [UInt8]
    /// What the input was found to be, such as `a request with a multipart form`.
    package let form: String

    /// Reads a payload's JSON, a form with a field `json`, or a whole HTTP request as text.
    ///
    /// A request or a multipart form whose line ends were changed to LF is read, too.
    ///
    /// - Throws: ``CheckError`` with code `malformedInput`.
    package init(_ bytes: [UInt8]) throws(CheckError) {
        let message = RequestText(bytes)
        headers = message?.headers ?? []
        body = message?.body ?? bytes
        let contentType = headers.first("Content-Type") ?? Self.contentType(of: body)
        form = (message == nil ? "" : "a request with ") + Self.name(of: contentType)
        do {
            json = try Self.json(in: body, contentType: contentType)
            callback = try Callback(json: json)
        } catch {
            throw CheckError(
                code: .malformedInput,
                message: "no event can be read from \(form): \(error)", path: error.path)
        }
    }

    private static func json(in body: [UInt8], contentType: String) throws(CallbackError) -> [UInt8]
    {
        let isMultipart = contentType.lowercased().hasPrefix("multipart/")
        guard isMultipart, !body.contains(UInt8(ascii: "\r")) else {
            return try CallbackForm.json(in: body, contentType: contentType)
        }
        let withLineEnds = body.flatMap {
            $0 == UInt8(ascii: "\n") ? [UInt8(ascii: "\r"), $0] : [$0]
        }
        return try CallbackForm.json(in: withLineEnds, contentType: contentType)
            .filter { $0 != UInt8(ascii: "\r") }
    }

    /// Guesses the content type of a body that came without its header.
    private static func contentType(of body: [UInt8]) -> String {
        if body.starts(with: "--".utf8) {
            let line = body.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
            return
                "multipart/form-data; boundary=\"\(String(decoding: line.dropFirst(2), as: UTF8.self))\""
        }
        return body.starts(with: "json=".utf8)
            ? "application/x-www-form-urlencoded" : "application/json"
    }

    private static func name(of contentType: String) -> String {
        let type = contentType.lowercased()
        if type.hasPrefix("multipart/") { return "a multipart form" }
        if type.hasPrefix("application/x-www-form-urlencoded") { return "a urlencoded form" }
        return type.hasPrefix("application/json")
            ? "JSON" : "a body of type '\(contentType.oneLine)'"
    }
}

/// An HTTP/1.1 request as text, with line ends of either kind.
private struct RequestText {
    var headers: [HeaderField] = []
    let body: [UInt8]

    /// Octets of a head.
    static let maximumHeadBytes = 65536

    /// `nil` when the text does not start with a request line.
    init?(_ bytes: [UInt8]) {
        var lines: [String] = []
        var start = 0
        while let end = bytes[start...].prefix(Self.maximumHeadBytes).firstIndex(
            of: UInt8(ascii: "\n"))
        {
            var line = bytes[start..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            start = end + 1
            if line.isEmpty { break }
            lines.append(String(decoding: line, as: UTF8.self))
        }
        guard let first = lines.first, Self.isRequestLine(first) else { return nil }
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append(HeaderField(String(line[..<colon]), String(value).withoutSpaceAtEnd))
        }
        body = Array(bytes[start...])
    }

    private static func isRequestLine(_ line: String) -> Bool {
        let words = line.split(separator: " ")
        return words.count == 3 && words[2].hasPrefix("HTTP/")
            && words[0].allSatisfy { $0.isUppercase && $0.isASCII }
    }
}

extension String {
    fileprivate var withoutSpaceAtEnd: String {
        lastIndex { $0 != " " && $0 != "\t" }.map { String(self[...$0]) } ?? ""
    }
}
