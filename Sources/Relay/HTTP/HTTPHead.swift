import Foundation

/// The head of a message, read once: where its parts are, and what they say of what follows.
///
/// Offsets count from the first octet of the head. One value is used for all messages of a connection,
/// so that reading one allocates nothing.
struct HTTPHead {
    /// Fields that mean something to an intermediary (RFC 9110, section 7.6.1).
    enum FieldKind: UInt8 {
        case other, host, connection, contentLength, transferEncoding, upgrade, forwarding
        /// About one connection only, and never passed on.
        case hopByHop
    }

    struct Field {
        var start: Int
        var nameEnd: Int
        var valueStart: Int
        var valueEnd: Int
        /// Behind the line's end.
        var end: Int
        var kind: FieldKind
    }

    /// How the end of a body is found (RFC 9112, section 6.3).
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
        /// An answer that ends with its connection.
        case untilClose
    }

    private static let versionStart = Array("HTTP/1.".utf8)
    /// Fields of a head.
    static let maximumFields = 256
    /// What `Connection` may name: each field is compared with each of it.
    static let maximumConnectionOptions = 32

    /// Octets of the head, the empty line included.
    private(set) var count = 0
    private(set) var fields: [Field] = []
    /// The end of the first line, in front of its CR.
    private(set) var startLineEnd = 0
    /// HTTP/1.x.
    private(set) var minorVersion = 1
    /// A request's method and target.
    private(set) var method = 0..<0
    private(set) var target = 0..<0
    /// An answer's status code.
    private(set) var status = 0
    private(set) var host: Range<Int>?
    private(set) var framing = Framing.none
    /// Whether `Connection` says that the connection ends behind this message.
    private(set) var wantsClose = false
    private(set) var wantsKeepAlive = false
    /// Whether `Connection` names fields that are about this connection alone.
    private(set) var namesFields = false
    private(set) var wantsUpgrade = false

    private var hasLength = false
    private var hasChunked = false
    private var connectionOptions = 0

    /// Reads the head at the front of `bytes`.
    ///
    /// `scanned` is how far an earlier call has looked for the end, and is moved on; `limit` is in octets.
    ///
    /// - Returns: Whether the whole head is there.
    /// - Throws: ``HTTPRefusal``.
    mutating func read(
        request bytes: UnsafeRawBufferPointer, scanned: inout Int, limit: Int
    ) throws(HTTPRefusal) -> Bool {
        if let first = bytes.first, HTTPBytes.classes[Int(first)] & HTTPBytes.token == 0 {
            // At once, as such a peer may send no more.
            throw .malformed("what is no request of HTTP")
        }
        guard try begin(bytes, &scanned, limit) else { return false }
        try readRequestLine(bytes)
        try readFields(bytes)
        guard let host else { throw .malformed("a request needs one Host field") }
        try Self.check(host: UnsafeRawBufferPointer(rebasing: bytes[host]))
        if hasChunked, hasLength { throw .malformed("Content-Length beside Transfer-Encoding") }
        if hasChunked, minorVersion == 0 { throw .malformed("Transfer-Encoding in HTTP/1.0") }
        return true
    }

    /// Reads the head of an answer; `isToHead` when it answers a HEAD request, and so has no body.
    mutating func read(
        answer bytes: UnsafeRawBufferPointer, scanned: inout Int, limit: Int, isToHead: Bool
    ) throws(HTTPRefusal) -> Bool {
        guard HTTPBytes.beginsAlike(bytes, Self.versionStart) else {
            // At once, as such a peer may send no more.
            throw .malformed("octets that are not HTTP/1.x")
        }
        guard try begin(bytes, &scanned, limit) else { return false }
        try readStatusLine(bytes)
        try readFields(bytes)
        if hasChunked, hasLength { throw .malformed("Content-Length beside Transfer-Encoding") }
        if isToHead || status < 200 || status == 204 || status == 304 {
            framing = .none
        } else if !hasChunked, !hasLength {
            framing = .untilClose
        }
        return true
    }

    private mutating func begin(
        _ bytes: UnsafeRawBufferPointer, _ scanned: inout Int, _ limit: Int
    ) throws(HTTPRefusal) -> Bool {
        guard let end = try Self.end(of: bytes, &scanned) else {
            if bytes.count > limit { throw .headTooLarge }
            return false
        }
        if end > limit { throw .headTooLarge }
        count = end
        fields.removeAll(keepingCapacity: true)
        (host, framing) = (nil, .none)
        (wantsClose, wantsKeepAlive, namesFields, wantsUpgrade) = (false, false, false, false)
        (hasLength, hasChunked, status, connectionOptions) = (false, false, 0, 0)
        return true
    }

    /// The end of the head: behind the first empty line.
    ///
    /// Every line ends in CR LF; a bare CR or LF is refused.
    private static func end(
        of bytes: UnsafeRawBufferPointer, _ scanned: inout Int
    ) throws(HTTPRefusal) -> Int? {
        var index = scanned
        while index < bytes.count, let found = bytes.offset(of: HTTPBytes.lineFeed, from: index) {
            guard found > 0, bytes[found - 1] == HTTPBytes.carriageReturn else {
                throw .malformed("a line that ends without CR")
            }
            if found >= 3, bytes[found - 2] == HTTPBytes.lineFeed {
                scanned = 0
                return found + 1
            }
            if found == 1 { throw .malformed("an empty line in place of a head") }
            index = found + 1
        }
        scanned = bytes.count
        return nil
    }

    // MARK: The first line

    private mutating func readRequestLine(_ bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        var index = 0
        HTTPBytes.classes.withUnsafeBufferPointer { classes in
            while classes[Int(bytes[index])] & HTTPBytes.token != 0 { index += 1 }
        }
        method = 0..<index
        guard index > 0, bytes[index] == HTTPBytes.space else {
            throw .malformed("a method that is none")
        }
        let start = index + 1
        index = start
        HTTPBytes.classes.withUnsafeBufferPointer { classes in
            while classes[Int(bytes[index])] & HTTPBytes.target != 0 { index += 1 }
        }
        target = start..<index
        guard index > start, bytes[index] == HTTPBytes.space else {
            throw .malformed("a target that is none")
        }
        startLineEnd = index + 9
        guard startLineEnd + 2 <= count, bytes[startLineEnd] == HTTPBytes.carriageReturn,
            bytes[startLineEnd + 1] == HTTPBytes.lineFeed
        else { throw .malformed("a request line that has no HTTP version at its end") }
        try readVersion(bytes, at: index + 1)
    }

    private mutating func readStatusLine(_ bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        guard let end = bytes.offset(of: HTTPBytes.lineFeed, from: 0), end >= 13 else {
            throw .malformed("a status line that is none")
        }
        startLineEnd = end - 1
        try readVersion(bytes, at: 0)
        let code = UnsafeRawBufferPointer(rebasing: bytes[9..<12])
        guard bytes[8] == HTTPBytes.space, let status = HTTPBytes.decimal(code), status >= 100,
            startLineEnd == 12 || bytes[12] == HTTPBytes.space
        else { throw .malformed("a status that is none") }
        self.status = status
        try Self.check(text: bytes, 12..<startLineEnd)
    }

    private mutating func readVersion(
        _ bytes: UnsafeRawBufferPointer, at start: Int
    ) throws(HTTPRefusal) {
        guard
            HTTPBytes.isSame(bytes, start..<(start + 5), "HTTP/"),
            bytes[start + 6] == UInt8(ascii: "."),
            (0x30...0x39).contains(bytes[start + 5]), (0x30...0x39).contains(bytes[start + 7])
        else { throw .malformed("a version that is none") }
        guard bytes[start + 5] == UInt8(ascii: "1"), bytes[start + 7] <= UInt8(ascii: "1") else {
            throw .versionNotSupported
        }
        minorVersion = Int(bytes[start + 7] - 0x30)
    }

    // MARK: Fields

    private mutating func readFields(_ bytes: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        var start = startLineEnd + 2
        while start < count - 2 {
            let field = try Self.field(bytes, at: start)
            guard fields.count < Self.maximumFields else { throw .headTooLarge }
            fields.append(field)
            if field.kind != .other { try note(field, bytes) }
            start = field.end
        }
    }

    private static func field(
        _ bytes: UnsafeRawBufferPointer, at start: Int
    ) throws(HTTPRefusal) -> Field {
        var index = start
        var end = start
        HTTPBytes.classes.withUnsafeBufferPointer { classes in
            while classes[Int(bytes[index])] & HTTPBytes.token != 0 { index += 1 }
            end = index + 1
            guard bytes[index] == HTTPBytes.colon else { return }
            while classes[Int(bytes[end])] & HTTPBytes.text != 0 { end += 1 }
        }
        let nameEnd = index
        guard nameEnd > start, bytes[nameEnd] == HTTPBytes.colon else {
            let isFolded = bytes[start] == HTTPBytes.space || bytes[start] == HTTPBytes.tab
            throw isFolded
                ? .malformed("a field that goes on in the next line")
                : .malformed("a field's name that is none")
        }
        guard bytes[end] == HTTPBytes.carriageReturn, bytes[end + 1] == HTTPBytes.lineFeed else {
            throw .malformed("a field's value with a control character")
        }
        var (valueStart, valueEnd) = (nameEnd + 1, end)
        while valueStart < end,
            bytes[valueStart] == HTTPBytes.space || bytes[valueStart] == HTTPBytes.tab
        {
            valueStart += 1
        }
        while valueEnd > valueStart,
            bytes[valueEnd - 1] == HTTPBytes.space || bytes[valueEnd - 1] == HTTPBytes.tab
        { valueEnd -= 1 }
        return Field(
            start: start, nameEnd: nameEnd, valueStart: valueStart, valueEnd: valueEnd,
            end: end + 2, kind: kind(UnsafeRawBufferPointer(rebasing: bytes[start..<nameEnd])))
    }

    private static func kind(_ name: UnsafeRawBufferPointer) -> FieldKind {
        func isNamed(_ text: StaticString) -> Bool { HTTPBytes.isEqual(name, text) }
        switch name.count {
        case 2: return isNamed("te") ? .hopByHop : .other
        case 4: return isNamed("host") ? .host : .other
        case 7: return isNamed("upgrade") ? .upgrade : .other
        case 9: return isNamed("forwarded") ? .forwarding : .other
        case 10:
            if isNamed("connection") { return .connection }
            return isNamed("keep-alive") ? .hopByHop : .other
        case 14: return isNamed("content-length") ? .contentLength : .other
        case 16 where isNamed("proxy-connection"): return .hopByHop
        case 17 where isNamed("transfer-encoding"): return .transferEncoding
        case 18 where isNamed("proxy-authenticate"): return .hopByHop
        case 19 where isNamed("proxy-authorization"): return .hopByHop
        default:
            let isForwarding =
                name.count > 12
                && HTTPBytes.isEqual(UnsafeRawBufferPointer(rebasing: name[..<12]), "x-forwarded-")
            return isForwarding ? .forwarding : .other
        }
    }

    private mutating func note(
        _ field: Field, _ bytes: UnsafeRawBufferPointer
    ) throws(HTTPRefusal) {
        let value = UnsafeRawBufferPointer(rebasing: bytes[field.valueStart..<field.valueEnd])
        switch field.kind {
        case .host:
            guard host == nil else { throw .malformed("two Host fields") }
            host = field.valueStart..<field.valueEnd
        case .contentLength:
            guard !hasLength else { throw .malformed("two Content-Length fields") }
            guard let length = HTTPBytes.decimal(value) else {
                throw .malformed("a Content-Length that is no number")
            }
            hasLength = true
            framing = .length(length)
        case .transferEncoding:
            guard !hasChunked, HTTPBytes.isEqual(value, "chunked") else {
                throw .malformed("a Transfer-Encoding that is not 'chunked' alone")
            }
            hasChunked = true
            framing = .chunked
        case .connection: try noteConnection(value)
        case .other, .upgrade, .forwarding, .hopByHop: break
        }
    }

    private mutating func noteConnection(
        _ value: UnsafeRawBufferPointer
    ) throws(HTTPRefusal) {
        if HTTPBytes.isEqual(value, "keep-alive") {
            wantsKeepAlive = true
            return
        }
        let elements = HTTPBytes.elements(value)
        connectionOptions += elements.count
        guard connectionOptions <= Self.maximumConnectionOptions else {
            throw .malformed("a Connection field that names too much")
        }
        for element in elements {
            if HTTPBytes.isEqual(element, "close") {
                wantsClose = true
            } else if HTTPBytes.isEqual(element, "keep-alive") {
                wantsKeepAlive = true
            } else if HTTPBytes.isEqual(element, "upgrade") {
                wantsUpgrade = true
            } else {
                namesFields = true
            }
        }
    }

    /// Whether a `Connection` field names the field, which is then not passed on (RFC 9110, section 7.6.1).
    func isNamedByConnection(_ field: Field, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard namesFields, field.kind == .other else { return false }
        let name = bytes[field.start..<field.nameEnd]
        return fields.contains { other in
            other.kind == .connection
                && HTTPBytes.elements(
                    UnsafeRawBufferPointer(rebasing: bytes[other.valueStart..<other.valueEnd])
                ).contains { element in
                    element.count == name.count
                        && zip(element, name).allSatisfy { $0.lowercased == $1.lowercased }
                }
        }
    }

    /// Whether the sender waits for a word before it sends the body (RFC 9110, section 10.1.1).
    func expectsContinue(_ bytes: UnsafeRawBufferPointer) -> Bool {
        fields.contains { field in
            func isEqual(_ range: Range<Int>, _ text: StaticString) -> Bool {
                HTTPBytes.isEqual(UnsafeRawBufferPointer(rebasing: bytes[range]), text)
            }
            return isEqual(field.start..<field.nameEnd, "expect")
                && isEqual(field.valueStart..<field.valueEnd, "100-continue")
        }
    }

    /// Whether the connection may be used again behind this message.
    var keepsConnection: Bool {
        guard framing != .untilClose, !wantsClose else { return false }
        return minorVersion == 1 || wantsKeepAlive
    }

    /// A host as RFC 9110, section 7.2 has it: a name or an address, and perhaps a port.
    private static func check(host: UnsafeRawBufferPointer) throws(HTTPRefusal) {
        var end = host.count
        if let colon = host.lastIndex(of: HTTPBytes.colon),
            colon > (host.lastIndex(of: UInt8(ascii: "]")) ?? -1)
        {
            guard host[(colon + 1)...].allSatisfy({ (0x30...0x39).contains($0) }),
                host.count - colon <= 6
            else { throw .malformed("a Host with a port that is none") }
            end = colon
        }
        let isAddress =
            host.first == UInt8(ascii: "[") && end > 1 && host[end - 1] == UInt8(ascii: "]")
        let name = isAddress ? host[1..<(end - 1)] : host[..<end]
        for octet in name {
            let isPart = HTTPBytes.classes[Int(octet)] & HTTPBytes.name != 0
            guard isPart || (isAddress && octet == HTTPBytes.colon) else {
                throw .malformed("a Host that is none")
            }
        }
    }

    private static func check(
        text bytes: UnsafeRawBufferPointer, _ range: Range<Int>
    ) throws(HTTPRefusal) {
        for index in range where HTTPBytes.classes[Int(bytes[index])] & HTTPBytes.text == 0 {
            throw .malformed("a control character in the status line")
        }
    }
}

extension UInt8 {
    /// A letter in lower case; all else as it is.
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5a ? self | 0x20 : self }
}

extension UnsafeRawBufferPointer {
    /// Where the octet stands next.
    @inline(__always)
    func offset(of octet: UInt8, from start: Int) -> Int? {
        guard let base = baseAddress, start < count,
            let found = memchr(base + start, Int32(octet), count - start)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
