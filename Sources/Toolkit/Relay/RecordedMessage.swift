import Callbacks

/// A message of HTTP/1.x in its octets, taken apart; it has been checked where it was passed on.
struct RecordedMessage {
    /// The first line, the fields and the empty line, as sent.
    let head: ArraySlice<UInt8>
    let firstLine: String
    let headers: [HeaderField]
    /// The body without its transfer coding.
    let body: [UInt8]

    /// `nil` when there is no whole head.
    init?(_ bytes: [UInt8]) {
        guard let end = Self.endOfHead(bytes) else { return nil }
        head = bytes[..<end]
        var lines = head.split(separator: UInt8(ascii: "\n")).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
        firstLine = lines.isEmpty ? "" : String(decoding: lines.removeFirst(), as: UTF8.self)
        headers = lines.compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let value = String(decoding: line[line.index(after: colon)...], as: UTF8.self)
            return HeaderField(
                String(decoding: line[..<colon], as: UTF8.self), value.withoutSurroundingSpace)
        }
        let rest = bytes[end...]
        let isChunked = headers.first("Transfer-Encoding")?.lowercased() == "chunked"
        body = isChunked ? Self.unchunked(rest) : Array(rest)
    }

    /// The head of an answer behind informational ones.
    init?(answer bytes: [UInt8]) {
        var rest = bytes
        while let message = RecordedMessage(rest) {
            let status = message.status ?? 0
            guard status >= 100, status < 200, status != 101 else {
                self = message
                return
            }
            rest = Array(rest[message.head.count...])
        }
        return nil
    }

    /// An answer's status.
    var status: Int? {
        let parts = firstLine.split(separator: " ")
        return parts.count > 1 ? Int(parts[1]) : nil
    }

    /// A request's method and target.
    var request: (method: String, target: String) {
        let parts = firstLine.split(separator: " ")
        return parts.count > 1 ? (String(parts[0]), String(parts[1])) : ("", "")
    }

    /// The head without the values that open something.
    var headWithoutSecrets: [UInt8] {
        guard headers.contains(where: \.isSecret) else { return Array(head) }
        let lines = headers.map { field in
            "\(field.name): \(field.isSecret ? HeaderField.redacted : field.value)\r\n"
        }
        return Array("\(firstLine)\r\n\(lines.joined())\r\n".utf8)
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        var index = bytes.startIndex
        while let found = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) {
            if found >= 3, bytes[found - 2] == UInt8(ascii: "\n") { return found + 1 }
            index = found + 1
        }
        return nil
    }

    private static func unchunked(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var rest = bytes
        var body: [UInt8] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let digits = rest[..<end].prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "\r") }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16), size > 0
            else { break }
            rest = rest[(end + 1)...]
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return body
    }
}

extension String {
    fileprivate var withoutSurroundingSpace: String {
        let isSpace = { (octet: UInt8) in octet == 0x20 || octet == 0x09 }
        guard let start = utf8.firstIndex(where: { !isSpace($0) }),
            let end = utf8.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(self[start...end])
    }
}
