import NIOCore

/// Reads a sender's requests out of what comes over its connection, one after another.
struct RequestReading {
    /// Octets that came and belong to nothing that was passed on.
    private(set) var input = ByteBuffer()
    /// Whether a part of a head is there.
    private(set) var isHeadUnderWay = false
    /// Whether the sender speaks HTTP/1.0.
    private(set) var isOldVersion = false
    private(set) var isToHead = false
    /// Whether the sender wants the connection for another request.
    private(set) var keepsConnection = true
    /// Whether the whole request has been read.
    private(set) var isComplete = false
    /// Octets of the body that have been read.
    private(set) var bodyBytes = 0
    private var body = HTTPBody(.none)
    private var scanned = 0

    var hasInput: Bool { input.readableBytes > 0 }

    /// Whether the body has ended; a request without one has none to wait for.
    var bodyHasEnded: Bool { body.hasEnded }

    mutating func append(_ bytes: ByteBuffer) {
        if input.readableBytes == 0 { input = bytes } else { input.writeImmutableBuffer(bytes) }
    }

    /// Lets go of memory that nothing is in.
    mutating func trim() { if input.readableBytes == 0 { input = ByteBuffer() } }

    /// Takes everything that is there, as it is of another protocol.
    mutating func takeAll() -> ByteBuffer {
        defer { input = ByteBuffer() }
        return input
    }

    /// Begins with a request: reads its head, which stays in front of ``input``.
    ///
    /// - Returns: Whether the whole head is there.
    /// - Throws: ``HTTPRefusal``.
    mutating func readHead(into head: inout HTTPHead, limit: Int) throws(HTTPRefusal) -> Bool {
        isHeadUnderWay = false
        (isComplete, bodyBytes, isToHead) = (false, 0, false)
        isHeadUnderWay = try !input.withUnsafeReadableBytes { bytes throws(HTTPRefusal) in
            guard try head.read(request: bytes, scanned: &scanned, limit: limit) else {
                return false
            }
            isToHead = HTTPBytes.isSame(bytes, head.method, "HEAD")
            return true
        }
        guard !isHeadUnderWay else { return false }
        isOldVersion = head.minorVersion == 0
        keepsConnection = head.keepsConnection
        body = HTTPBody(head.framing)
        return true
    }

    /// Passes over the head.
    mutating func headIsDone(_ head: HTTPHead) {
        input.moveReaderIndex(forwardBy: head.count)
        isComplete = body.hasEnded
    }

    /// Takes what is there of the body; empty when that is nothing.
    ///
    /// - Throws: The ``OwnAnswer`` to a body that is malformed, or over `limit` octets.
    mutating func nextPart(limit: Int) throws(OwnAnswer) -> ByteBuffer {
        let count: Int
        do {
            count = try input.withUnsafeReadableBytes { bytes throws(HTTPRefusal) in
                try body.take(bytes)
            }
        } catch {
            throw .refused(error)
        }
        bodyBytes += count
        guard bodyBytes <= limit else { throw .bodyTooLarge }
        isComplete = body.hasEnded
        return input.readSlice(length: count) ?? ByteBuffer()
    }

    /// Passes over a request that goes nowhere; returns whether the whole of it was there.
    mutating func skip(_ head: HTTPHead) -> Bool {
        headIsDone(head)
        return (try? nextPart(limit: .max)) != nil && isComplete
    }
}
