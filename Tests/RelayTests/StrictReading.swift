/// What HTTP/1.1 allows, read slowly and by its grammar alone: what the relay takes must be this.
///
/// Written from RFC 9110 and RFC 9112 and our own refusals, and not from the relay's reader.
enum StrictReading {
    enum Verdict<Facts> {
        case taken(Facts)
        /// Whatever follows, it is none.
        case refused
        /// Its end is not there.
        case unfinished
    }

    struct Head: Equatable {
        var count: Int
        /// Method and target, or the status.
        var start: [String]
        var fields: [[String]]
        /// `none`, `close`, `chunked`, or a number of octets.
        var framing: String
    }

    static let maximumFields = 256

    // MARK: Heads

    static func request(_ bytes: [UInt8]) -> Verdict<Head> {
        head(bytes) { line, fields in
            let parts = line.split(separator: space, omittingEmptySubsequences: false).map(
                Array.init)
            guard parts.count == 3, isToken(parts[0]), isTarget(parts[1]) else { return nil }
            let version = text(parts[2])
            guard version == "HTTP/1.1" || version == "HTTP/1.0" else { return nil }
            let hosts = fields.filter { $0[0].lowercased() == "host" }
            guard hosts.count == 1, isHost(hosts[0][1]) else { return nil }
            guard let framing = framing(fields) else { return nil }
            if framing == "chunked", version == "HTTP/1.0" { return nil }
            return ([text(parts[0]), text(parts[1])], framing)
        }
    }

    static func answer(_ bytes: [UInt8], isToHead: Bool) -> Verdict<Head> {
        head(bytes) { line, fields in
            let words = text(line)
            guard words.hasPrefix("HTTP/1.1 ") || words.hasPrefix("HTTP/1.0 ") else { return nil }
            let rest = Array(line.dropFirst(9))
            guard rest.count >= 3, rest[..<3].allSatisfy(isDigit), rest[0] != digit0,
                rest.count == 3 || rest[3] == space, rest.allSatisfy(isText)
            else { return nil }
            guard fields.count(where: { $0[0].lowercased() == "host" }) < 2 else { return nil }
            guard let framing = framing(fields) else { return nil }
            let status = text(rest[..<3])
            let hasNoBody = isToHead || status.hasPrefix("1") || ["204", "304"].contains(status)
            return ([status], hasNoBody ? "none" : framing == "none" ? "close" : framing)
        }
    }

    private static func head(
        _ bytes: [UInt8], _ judge: ([UInt8], [[String]]) -> (start: [String], framing: String)?
    ) -> Verdict<Head> {
        let end = Array("\r\n\r\n".utf8)
        guard let last = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else {
            return .unfinished
        }
        var lines = split(Array(bytes[..<last]))
        guard !lines.contains(where: { $0.contains(13) || $0.contains(10) }) else {
            return .refused
        }
        let first = lines.removeFirst()
        var fields: [[String]] = []
        for line in lines {
            guard let field = field(line) else { return .refused }
            fields.append(field)
        }
        guard fields.count <= maximumFields, let facts = judge(first, fields) else {
            return .refused
        }
        return .taken(
            Head(count: last + 4, start: facts.start, fields: fields, framing: facts.framing))
    }

    /// Lines that CR LF divides.
    private static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        var index = 0
        while index < bytes.count {
            if bytes[index] == 13, index + 1 < bytes.count, bytes[index + 1] == 10 {
                lines.append([])
                index += 2
            } else {
                lines[lines.count - 1].append(bytes[index])
                index += 1
            }
        }
        return lines
    }

    private static func field(_ line: [UInt8]) -> [String]? {
        guard let colon = line.firstIndex(of: 0x3a) else { return nil }
        let name = Array(line[..<colon])
        var value = line[(colon + 1)...]
        guard isToken(name), value.allSatisfy(isText) else { return nil }
        while let octet = value.first, octet == space || octet == 9 { value.removeFirst() }
        while let octet = value.last, octet == space || octet == 9 { value.removeLast() }
        return [text(name), text(value)]
    }

    private static func framing(_ fields: [[String]]) -> String? {
        let lengths = fields.filter { $0[0].lowercased() == "content-length" }.map { $0[1] }
        let codings = fields.filter { $0[0].lowercased() == "transfer-encoding" }.map { $0[1] }
        switch (lengths.count, codings.count) {
        case (0, 0): return "none"
        case (1, 0):
            let digits = octets(lengths[0])
            guard (1...18).contains(digits.count), digits.allSatisfy(isDigit) else { return nil }
            return Int(lengths[0]).map { "\($0)" }
        case (0, 1): return octets(codings[0].lowercased()) == octets("chunked") ? "chunked" : nil
        default: return nil
        }
    }

    private static func isHost(_ host: String) -> Bool {
        let unreserved = Set("-._~".utf8)
        func isName(_ octet: UInt8) -> Bool {
            isDigit(octet) || isLetter(octet) || unreserved.contains(octet)
        }
        var rest = octets(host)
        if rest.first == 0x5b {
            guard let end = rest.firstIndex(of: 0x5d) else { return false }
            guard rest[1..<end].allSatisfy({ isName($0) || $0 == 0x3a }) else { return false }
            rest = Array(rest[(end + 1)...])
        } else {
            rest = Array(rest.drop(while: isName))
        }
        guard let colon = rest.first else { return true }
        return colon == 0x3a && rest.count <= 6 && rest.dropFirst().allSatisfy(isDigit)
    }

    // MARK: Chunks

    struct Body: Equatable {
        var count: Int
        var data: [UInt8]
    }

    static func chunked(_ bytes: [UInt8]) -> Verdict<Body> {
        var rest = bytes[...]
        var data: [UInt8] = []
        while true {
            guard let end = rest.firstIndex(of: 10) else { return .unfinished }
            let line = Array(rest[..<end])
            guard line.count < 4096, line.last == 13, let size = size(Array(line.dropLast())) else {
                return .refused
            }
            rest = rest[(end + 1)...]
            if size == 0 { break }
            guard rest.count >= 2, size <= rest.count - 2 else { return .unfinished }
            data += rest.prefix(size)
            rest = rest.dropFirst(size)
            guard rest.prefix(2).elementsEqual([13, 10]) else { return .refused }
            rest = rest.dropFirst(2)
        }
        while true {
            guard let end = rest.firstIndex(of: 10) else { return .unfinished }
            let line = Array(rest[..<end])
            guard line.last == 13 else { return .refused }
            rest = rest[(end + 1)...]
            if line.count == 1 { return .taken(Body(count: bytes.count - rest.count, data: data)) }
            let content = Array(line.dropLast())
            guard !content.contains(13), field(content) != nil else { return .refused }
        }
    }

    private static func size(_ line: [UInt8]) -> Int? {
        let digits = line.prefix {
            isDigit($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0)
        }
        guard (1...16).contains(digits.count), let size = Int(text(digits), radix: 16),
            size < 1 << 60
        else { return nil }
        let rest = line.dropFirst(digits.count)
        guard let first = rest.first else { return size }
        guard first == 0x3b, rest.allSatisfy(isText) else { return nil }
        // Quotes are closed, whatever is between them.
        var (isQuoted, isEscaped) = (false, false)
        for octet in rest {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, octet == 0x5c {
                isEscaped = true
            } else if octet == 0x22 {
                isQuoted.toggle()
            }
        }
        return isQuoted ? nil : size
    }

    // MARK: Octets

    private static let space: UInt8 = 0x20
    private static let digit0: UInt8 = 0x30

    private static func isDigit(_ octet: UInt8) -> Bool { (0x30...0x39).contains(octet) }
    private static func isLetter(_ octet: UInt8) -> Bool { (0x61...0x7a).contains(octet | 0x20) }
    private static func isText(_ octet: UInt8) -> Bool { octet == 9 || octet > 31 && octet != 127 }
    private static func isTarget(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { (0x21...0x7e).contains($0) }
    }
    private static func isToken(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy {
                isDigit($0) || isLetter($0) || "!#$%&'*+-.^_`|~".utf8.contains($0)
            }
    }
}
