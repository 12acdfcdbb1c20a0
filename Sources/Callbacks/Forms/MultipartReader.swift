/// Reads the parts of a `multipart/form-data` body (RFC 7578, RFC 2046) one after another.
struct MultipartReader {
    struct Part {
        /// By lower-case name.
        let headers: [String: String]
        let content: ArraySlice<UInt8>
    }

    /// Parts that a callback's form may have; the service sends one.
    static let maximumParts = 100
    /// Octets of one part's headers.
    static let maximumHeaderBytes = 8192

    private let body: [UInt8]
    private let maximumParts: Int
    private let delimiter: [UInt8]
    private var position = 0
    private var count = 0

    init(body: [UInt8], boundary: String, maximumParts: Int = Self.maximumParts) {
        self.body = body
        self.maximumParts = maximumParts
        delimiter = Array("\r\n--\(boundary)".utf8)
    }

    /// The next part; `nil` after the closing delimiter.
    mutating func next() throws(CallbackError) -> Part? {
        if count == 0 { try findStart() }
        count += 1
        guard count <= maximumParts else {
            throw malformed("more than \(maximumParts) parts", code: .tooLarge)
        }
        if body[position...].starts(with: "--".utf8) { return nil }
        try skipLineEnd()
        let headers = try headers()
        guard let end = body.firstRange(of: delimiter, from: position) else {
            throw malformed("a part has no end")
        }
        defer { position = end + delimiter.count }
        return Part(headers: headers, content: body[position..<end])
    }

    private func malformed(
        _ message: String, code: CallbackError.Code = .malformedForm
    )
        -> CallbackError
    {
        CallbackError(code: code, message: message, path: "byte \(position)")
    }

    /// Goes behind the first delimiter, which has no line end before it when nothing precedes it.
    private mutating func findStart() throws(CallbackError) {
        if body.starts(with: delimiter.dropFirst(2)) {
            position = delimiter.count - 2
        } else if let start = body.firstRange(of: delimiter, from: 0) {
            position = start + delimiter.count
        } else {
            throw malformed("the boundary does not occur")
        }
    }

    private mutating func skipLineEnd() throws(CallbackError) {
        while position < body.count, body[position] == 0x20 || body[position] == 0x09 {
            position += 1
        }
        guard body[position...].starts(with: "\r\n".utf8) else {
            throw malformed("a line end is expected behind the boundary")
        }
        position += 2
    }

    private mutating func headers() throws(CallbackError) -> [String: String] {
        var headers: [String: String] = [:]
        let start = position
        while let end = body.firstRange(of: Array("\r\n".utf8), from: position) {
            guard end - start <= Self.maximumHeaderBytes else {
                throw malformed("a part's headers are too long", code: .tooLarge)
            }
            let line = String(decoding: body[position..<end], as: UTF8.self)
            position = end + 2
            if line.isEmpty { return headers }
            guard let colon = line.firstIndex(of: ":") else {
                throw malformed("a header has no ':'")
            }
            let value = String(line[line.index(after: colon)...]).trimmingSpace()
            headers[line[..<colon].lowercased()] = value
        }
        throw malformed("a part's headers have no end")
    }
}

extension [UInt8] {
    /// The index where `pattern` starts at or behind `start`; `nil` when it does not occur.
    func firstRange(of pattern: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + pattern.count <= count {
            guard let candidate = self[index...].firstIndex(of: pattern[0]) else { return nil }
            if self[candidate...].starts(with: pattern) { return candidate }
            index = candidate + 1
        }
        return nil
    }
}
