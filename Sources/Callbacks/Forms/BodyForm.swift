/// How the JSON text of an event travels in a request's body.
public enum BodyForm: String, Hashable, Sendable, CaseIterable {
    /// `multipart/form-data` with one part `json`: what the service sends.
    case multipart
    /// The JSON text itself as `application/json`.
    case json
    /// A field `json` in `application/x-www-form-urlencoded`.
    case urlencoded

    /// The content type; `boundary` counts for multipart alone.
    public func contentType(boundary: String) -> String {
        switch self {
        case .multipart: "multipart/form-data; boundary=\(boundary)"
        case .json: "application/json"
        case .urlencoded: "application/x-www-form-urlencoded"
        }
    }

    /// The body that carries `json`.
    ///
    /// - Parameters:
    ///   - json: The JSON text.
    ///   - boundary: For multipart: 1 to 70 characters of RFC 2046, section 5.1.1, that do not occur in
    ///     `json`.
    /// - Returns: The whole body.
    public func body(json: [UInt8], boundary: String) -> [UInt8] {
        switch self {
        case .json: json
        case .urlencoded: Array("json=".utf8) + URLEncoding.encode(json)
        case .multipart:
            Self.multipart(json, boundary)
        }
    }

    private static func multipart(_ json: [UInt8], _ boundary: String) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(json.count + 2 * boundary.utf8.count + partHeader.utf8.count + 14)
        for text in ["--", boundary, "\r\n", partHeader, "\r\n\r\n"] {
            body.append(contentsOf: text.utf8)
        }
        body.append(contentsOf: json)
        for text in ["\r\n--", boundary, "--\r\n"] { body.append(contentsOf: text.utf8) }
        return body
    }

    /// The only header of the part, as real callbacks were seen to have it.
    public static let partHeader = "Content-Disposition: form-data; name=\"json\""

    /// A boundary as libcurl writes it: 27 dashes and 12 hexadecimal digits.
    ///
    /// `number`: The low 48 bits become the digits.
    /// - Returns: 39 characters.
    public static func boundary(_ number: UInt64) -> String {
        let digits = hexadecimal((0..<6).map { UInt8(truncatingIfNeeded: number >> (40 - 8 * $0)) })
        return String(repeating: "-", count: 27) + String(decoding: digits, as: UTF8.self)
    }
}
