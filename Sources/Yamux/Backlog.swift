import NIOCore

/// Octets of a stream that wait to be sent, in their order.
struct Backlog {
    /// `nil` as long as nothing has waited: most streams come without.
    private var buffers: CircularBuffer<ByteBuffer>?
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        count += bytes.readableBytes
        if buffers?.append(bytes) == nil { buffers = [bytes] }
    }

    /// Moves so many of them, which must be there, into `output`.
    mutating func move(_ wanted: Int, to output: inout ByteBuffer) {
        count -= wanted
        var left = wanted
        while left > 0, var first = buffers?.popFirst() {
            guard let part = first.readSlice(length: min(left, first.readableBytes)) else { break }
            output.writeImmutableBuffer(part)
            left -= part.readableBytes
            if first.readableBytes > 0 { buffers?.prepend(first) }
        }
    }

    mutating func clear() { self = Backlog() }
}
