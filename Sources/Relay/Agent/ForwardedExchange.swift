import NIOCore

/// A request that came through the tunnel, and what became of it.
package struct ForwardedExchange: Sendable {
    /// Unix milliseconds.
    package var startedAt: Int64
    /// Where it went; the handler's URL without the request's path.
    package var destination: String
    /// The request as the handler got it, in pieces; the head alone when it was too large to be kept.
    var requestPieces: [ByteBuffer]
    /// The answer as the handler gave it, up to the limit; empty when there was none.
    package var answer: [UInt8]
    /// Octets of the answer in all.
    package var answerBytes: Int
    package var status: Int?
    /// Why there was no answer of a handler.
    package var failure: OwnAnswer?
    /// Microseconds until the connection to the handler stood; `nil` for a kept one.
    package var connectMicroseconds: Int64?
    /// Microseconds until the first octet of the answer.
    package var firstByteMicroseconds: Int64?
    package var totalMicroseconds: Int64
    /// Whether the whole request came, and is kept.
    package var isRequestWhole: Bool

    /// Octets of the request and of the answer that are kept here.
    package var keptBytes: Int {
        requestPieces.reduce(answer.count) { $0 + $1.readableBytes }
    }

    /// The request as the handler got it; the head alone when it was too large to be kept.
    package var request: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(keptBytes - answer.count)
        for piece in requestPieces { bytes.append(contentsOf: piece.readableBytesView) }
        return bytes
    }
}
