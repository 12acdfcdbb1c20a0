import NIOCore

/// Reads an answer as it comes through the tunnel, and writes it to the sender: unchanged but for what
/// is about the sender's connection.
struct AnswerReading {
    enum Progress { case more, complete, upgraded }

    private enum State { case head, body, upgraded }

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
    /// Whether an answer that would end with its connection goes on in chunks.
    private var addsChunks = false

    init(isToHead: Bool = false) { self.isToHead = isToHead }

    /// Takes octets of the answer; `isEnd`: they are its last.
    ///
    /// `closes`: whether the connection ends behind the answer, as the sender is to be told.
    /// `isOldVersion`: whether the sender speaks HTTP/1.0.
    ///
    /// - Returns: How far the answer has come.
    /// - Throws: ``HTTPRefusal`` when it is no answer, or ends too early.
    mutating func take(
        _ bytes: ByteBuffer, isEnd: Bool, closes: Bool, isOldVersion: Bool, loop: RelayLoop,
        write: (ByteBuffer) -> Void
    ) throws(HTTPRefusal) -> Progress {
        var bytes = bytes
        if case .head = state {
            if partial.readableBytes > 0 {
                partial.writeBuffer(&bytes)
                bytes = partial
                partial = ByteBuffer()
            }
            guard try readHeads(&bytes, closes, isOldVersion, loop, write) else {
                if isEnd { throw .malformed("an answer that ends in its head") }
                partial = bytes
                return .more
            }
            if status == 101 {
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
        _ bytes: inout ByteBuffer, _ closes: Bool, _ isOldVersion: Bool, _ loop: RelayLoop,
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
                try writeHead(&bytes, closes, isOldVersion, loop, write)
                return true
            }
            informational += 1
            guard informational <= Self.maximumInformational,
                let head = bytes.readSlice(length: loop.head.count)
            else { throw .malformed("too many informational answers") }
            if !isOldVersion { write(head) }
        }
    }

    private mutating func writeHead(
        _ bytes: inout ByteBuffer, _ closes: Bool, _ isOldVersion: Bool, _ loop: RelayLoop,
        _ write: (ByteBuffer) -> Void
    ) throws(HTTPRefusal) {
        let framing = loop.head.framing
        body = HTTPBody(framing)
        hasBegun = true
        addsChunks = framing == .untilClose && !isOldVersion
        endsConnection = framing == .untilClose && isOldVersion
        let says = (closes || endsConnection) && status != 101
        // The common case is not taken apart: head and body go on as they came.
        guard says || addsChunks || isOldVersion else {
            state = status == 101 ? .upgraded : .body
            try writeWithBody(&bytes, headCount: loop.head.count, write)
            return
        }
        guard var head = bytes.readSlice(length: loop.head.count - 2) else { return }
        bytes.moveReaderIndex(forwardBy: 2)
        if addsChunks { head.writeStaticString("Transfer-Encoding: chunked\r\n") }
        if says {
            head.writeStaticString("Connection: close\r\n")
        } else if isOldVersion {
            head.writeStaticString("Connection: keep-alive\r\n")
        }
        head.writeStaticString("\r\n")
        write(head)
        state = .body
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
        let count = try bytes.withUnsafeReadableBytes { raw throws(HTTPRefusal) in
            try body.take(raw)
        }
        if let part = bytes.readSlice(length: count), count > 0 {
            if addsChunks { write(ByteBuffer(string: String(count, radix: 16) + "\r\n")) }
            write(part)
            if addsChunks { write(ByteBuffer(string: "\r\n")) }
        }
        guard bytes.readableBytes == 0 else { throw .malformed("octets behind an answer") }
        guard isEnd else { return }
        if addsChunks { write(ByteBuffer(string: "0\r\n\r\n")) }
        if !body.hasEnded, !addsChunks, !endsConnection {
            throw .malformed("an answer that ends too early")
        }
    }
}
