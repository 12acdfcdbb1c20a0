import NIOCore

/// Reads an answer as it comes through the tunnel, and writes it to the sender: unchanged but for what
/// is about the sender's connection.
struct AnswerReading {
    enum Progress { case more, complete, upgraded }

    private enum State { case head, body, upgraded }

    /// What becomes of the body on the way.
    private enum Coding {
        case asItComes
        /// It would end with its connection, which the sender wants to keep.
        case addsChunks
        /// The sender speaks HTTP/1.0, which has no chunks.
        case removesChunks
    }

    /// What the sender understands, and what becomes of its connection.
    struct Sender {
        /// It speaks HTTP/1.0.
        var isOldVersion: Bool
        /// The connection ends behind the answer.
        var closes: Bool
        /// It asked for another protocol.
        var wantsUpgrade: Bool
    }

    /// Octets of an answer's head.
    private static let maximumHeadBytes = 256 << 10
    /// Informational answers in front of one.
    private static let maximumInformational = 100

    let isToHead: Bool
    private(set) var status = 0
    /// Whether anything has gone to the sender.
    private(set) var hasBegun = false
    /// Whether the end of the answer is the end of the connection.
    private(set) var endsConnection = false
    private var state = State.head
    private var partial = ByteBuffer()
    private var scanned = 0
    private var informational = 0
    private var body = HTTPBody(.none)
    private var coding = Coding.asItComes

    init(isToHead: Bool = false) { self.isToHead = isToHead }

    /// Takes octets of the answer; `isEnd`: they are its last.
    ///
    /// - Returns: How far the answer has come.
    /// - Throws: ``HTTPRefusal`` when it is no answer, or ends too early.
    mutating func take(
        _ bytes: ByteBuffer, isEnd: Bool, sender: Sender, loop: RelayLoop,
        write: (ByteBuffer) -> Void
    ) throws(HTTPRefusal) -> Progress {
        var bytes = bytes
        if case .head = state {
            if partial.readableBytes > 0 {
                partial.writeBuffer(&bytes)
                bytes = partial
                partial = ByteBuffer()
            }
            guard try readHeads(&bytes, sender, loop, write) else {
                if isEnd { throw .malformed("an answer that ends in its head") }
                partial = bytes
                return .more
            }
            if case .upgraded = state {
                if bytes.readableBytes > 0 { write(bytes) }
                return isEnd ? .complete : .upgraded
            }
        }
        if case .upgraded = state {
            if bytes.readableBytes > 0 { write(bytes) }
            return isEnd ? .complete : .more
        }
        try readBody(&bytes, isEnd, write)
        return isEnd ? .complete : .more
    }

    /// Reads heads up to the one of the answer itself; returns whether that one was there.
    private mutating func readHeads(
        _ bytes: inout ByteBuffer, _ sender: Sender, _ loop: RelayLoop,
        _ write: (ByteBuffer) -> Void
    ) throws(HTTPRefusal) -> Bool {
        while true {
            let isWhole = try bytes.withUnsafeReadableBytes { raw throws(HTTPRefusal) in
                try loop.head.read(
                    answer: raw, scanned: &scanned, limit: Self.maximumHeadBytes, isToHead: isToHead
                )
            }
            guard isWhole else { return false }
            status = loop.head.status
            if status >= 200 || status == 101 {
                try writeHead(&bytes, sender, loop, write)
                return true
            }
            informational += 1
            guard informational <= Self.maximumInformational,
                let head = bytes.readSlice(length: loop.head.count)
            else { throw .malformed("too many informational answers") }
            if !sender.isOldVersion { write(head) }
        }
    }

    private mutating func writeHead(
        _ bytes: inout ByteBuffer, _ sender: Sender, _ loop: RelayLoop,
        _ write: (ByteBuffer) -> Void
    ) throws(HTTPRefusal) {
        guard status != 101 || sender.wantsUpgrade else {
            throw .malformed("a change of protocol that nobody asked for")
        }
        let framing = loop.head.framing
        body = HTTPBody(framing)
        hasBegun = true
        state = status == 101 ? .upgraded : .body
        coding =
            switch framing {
            case .untilClose: sender.isOldVersion ? .asItComes : .addsChunks
            case .chunked: sender.isOldVersion ? .removesChunks : .asItComes
            case .none, .length: .asItComes
            }
        endsConnection =
            status == 101
            || sender.isOldVersion && (framing == .untilClose || framing == .chunked)
        // The common case is not taken apart: head and body go on as they came.
        guard sender.closes || coding != .asItComes || sender.isOldVersion else {
            return try writeWithBody(&bytes, headCount: loop.head.count, write)
        }
        guard let old = bytes.readSlice(length: loop.head.count) else { return }
        var head = ByteBuffer()
        old.withUnsafeReadableBytes { raw in
            loop.head.write(answerTo: raw, withoutChunks: sender.isOldVersion, to: &head)
        }
        if coding == .addsChunks { head.writeStaticString("Transfer-Encoding: chunked\r\n") }
        if status != 101 {
            head.writeStaticString(
                sender.closes || endsConnection
                    ? "Connection: close\r\n"
                    : sender.isOldVersion ? "Connection: keep-alive\r\n" : "")
        }
        head.writeStaticString("\r\n")
        write(head)
    }

    /// Writes the head and what there is of the body in one go.
    private mutating func writeWithBody(
        _ bytes: inout ByteBuffer, headCount: Int, _ write: (ByteBuffer) -> Void
    ) throws(HTTPRefusal) {
        let whole = bytes
        bytes.moveReaderIndex(forwardBy: headCount)
        guard status != 101 else {
            if let head = whole.getSlice(at: whole.readerIndex, length: headCount) { write(head) }
            return
        }
        let count = try bytes.withUnsafeReadableBytes { raw throws(HTTPRefusal) in
            try body.take(raw)
        }
        if let all = whole.getSlice(at: whole.readerIndex, length: headCount + count) { write(all) }
        bytes.moveReaderIndex(forwardBy: count)
        if bytes.readableBytes > 0 { throw .malformed("octets behind an answer") }
    }

    private mutating func readBody(
        _ bytes: inout ByteBuffer, _ isEnd: Bool, _ write: (ByteBuffer) -> Void
    ) throws(HTTPRefusal) {
        if bytes.readableBytes > 0 {
            var data: [Range<Int>] = []
            let count = try bytes.withUnsafeReadableBytes { raw throws(HTTPRefusal) in
                try coding == .removesChunks ? body.take(raw) { data.append($0) } : body.take(raw)
            }
            let start = bytes.readerIndex
            switch coding {
            case .removesChunks:
                for range in data {
                    if let part = bytes.getSlice(at: start + range.lowerBound, length: range.count)
                    {
                        write(part)
                    }
                }
                bytes.moveReaderIndex(forwardBy: count)
            case .asItComes, .addsChunks:
                guard let part = bytes.readSlice(length: count), count > 0 else { break }
                if coding == .addsChunks {
                    write(ByteBuffer(string: String(count, radix: 16) + "\r\n"))
                }
                write(part)
                if coding == .addsChunks { write(ByteBuffer(string: "\r\n")) }
            }
        }
        guard bytes.readableBytes == 0 else { throw .malformed("octets behind an answer") }
        guard isEnd else { return }
        if coding == .addsChunks { write(ByteBuffer(string: "0\r\n\r\n")) }
        guard body.hasEnded || body.endsWithConnection else {
            throw .malformed("an answer that ends too early")
        }
    }
}
