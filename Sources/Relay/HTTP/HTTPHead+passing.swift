import NIOCore

/// How a head goes on to the next hop: without what was about this one.
extension HTTPHead {
    /// What becomes of a request's head at the relay.
    struct RequestPassing {
        /// The target in place of the one that was sent.
        var target: Range<Int>?
        /// Whether the sender's word on who forwarded it counts.
        var trustsForwarding = false
        /// Whether the request asks for another protocol, which then goes along.
        var isUpgrade = false
    }

    /// Writes a request's head as it goes on, with `additions` as its last fields.
    func write(
        request bytes: UnsafeRawBufferPointer, _ passing: RequestPassing, additions: ByteBuffer,
        to output: inout ByteBuffer
    ) {
        var run = 0
        if let target = passing.target {
            output.writeBytes(bytes[..<self.target.lowerBound])
            if target.isEmpty || bytes[target.lowerBound] != UInt8(ascii: "/") {
                output.writeInteger(UInt8(ascii: "/"))
            }
            output.writeBytes(bytes[target])
            run = self.target.upperBound
        }
        for field in fields {
            let isPassed =
                switch field.kind {
                case .other: !isNamedByConnection(field, bytes)
                case .host, .contentLength, .transferEncoding: true
                case .connection, .hopByHop: false
                case .upgrade: passing.isUpgrade
                case .forwarding: passing.trustsForwarding
                }
            if isPassed { continue }
            output.writeBytes(bytes[run..<field.start])
            run = field.end
        }
        output.writeBytes(bytes[run..<(count - 2)])
        if passing.isUpgrade { output.writeStaticString("Connection: Upgrade\r\n") }
        output.writeImmutableBuffer(additions)
        output.writeStaticString("\r\n")
    }

    /// Writes an answer's head as it goes on to the relay: in our version, without what was about the
    /// connection to the handler.
    func write(answer bytes: UnsafeRawBufferPointer, to output: inout ByteBuffer) {
        output.writeStaticString("HTTP/1.1")
        var run = 8
        for field in fields {
            let isPassed =
                switch field.kind {
                case .other: !isNamedByConnection(field, bytes)
                case .connection, .hopByHop: false
                case .upgrade: status == 101 || status == 426
                case .host, .contentLength, .transferEncoding, .forwarding: true
                }
            if isPassed { continue }
            output.writeBytes(bytes[run..<field.start])
            run = field.end
        }
        output.writeBytes(bytes[run..<(count - 2)])
        if status == 101 { output.writeStaticString("Connection: Upgrade\r\n") }
        output.writeStaticString("\r\n")
    }

    /// Writes an answer's head for the sender, without its empty line; `withoutChunks`: without the field
    /// that says that the body comes in chunks.
    func write(
        answerTo bytes: UnsafeRawBufferPointer, withoutChunks: Bool, to output: inout ByteBuffer
    ) {
        var run = 0
        for field in fields where withoutChunks && field.kind == .transferEncoding {
            output.writeBytes(bytes[run..<field.start])
            run = field.end
        }
        output.writeBytes(bytes[run..<(count - 2)])
    }
}
