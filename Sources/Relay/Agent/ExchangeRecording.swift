import Foundation
import NIOCore

/// Gathers what a report of an exchange has.
struct ExchangeRecording {
    private let limits: AgentConfiguration.Limits
    /// What all recordings together may keep.
    private let budget: RecordingBudget
    private let begun = NIODeadline.now()
    private let startedAt = Int64(Date().timeIntervalSince1970 * 1000)
    private var request: [ByteBuffer] = []
    private var requestBytes = 0
    private var answer: [UInt8] = []
    private var answerBytes = 0
    private var isRequestKept = true
    private var connected: Int64?
    private var firstByte: Int64?

    init(_ limits: AgentConfiguration.Limits, budget: RecordingBudget) {
        self.limits = limits
        self.budget = budget
    }

    private var elapsed: Int64 { (NIODeadline.now() - begun).nanoseconds / 1000 }

    /// Octets below which a piece is copied.
    private static let copiedBytes = 4096

    /// Keeps octets of the request, unless they are too many.
    mutating func request(_ bytes: ByteBuffer) {
        guard isRequestKept, bytes.readableBytes > 0 else { return }
        let count = bytes.readableBytes
        guard requestBytes + count <= limits.keptRequestBytes, budget.take(count) else {
            return keepHead(bytes)
        }
        requestBytes += count
        // A small piece of a large buffer would keep all of it, and a buffer of its own costs more than it has.
        guard count < Self.copiedBytes else { return request.append(bytes) }
        if let last = request.indices.last, request[last].readableBytes < Self.copiedBytes {
            request[last].writeImmutableBuffer(bytes)
        } else {
            request.append(ByteBuffer(bytes: bytes.readableBytesView))
        }
    }

    /// Lets go of the request but for its head, which tells what it was.
    private mutating func keepHead(_ bytes: ByteBuffer) {
        isRequestKept = false
        var start = ByteBuffer()
        for piece in request + [bytes] where start.readableBytes < Self.maximumHeadBytes {
            let room = Self.maximumHeadBytes - start.readableBytes
            start.writeBytes(piece.readableBytesView.prefix(room))
        }
        let head = HTTPBytes.endOfHead(start.readableBytesView).flatMap {
            start.readSlice(length: $0)
        }
        budget.giveBack(requestBytes)
        request = head.map { [$0] } ?? []
        requestBytes = head?.readableBytes ?? 0
        budget.overdraw(requestBytes)
    }

    /// Octets of a head that is kept without its body.
    private static let maximumHeadBytes = 8 << 10

    mutating func isConnected() { connected = elapsed }

    /// Keeps the beginning of the answer.
    mutating func answer(_ bytes: ByteBuffer) {
        if firstByte == nil { firstByte = elapsed }
        let isGap = answer.count < answerBytes
        answerBytes += bytes.readableBytes
        let count = min(bytes.readableBytes, limits.keptAnswerBytes - answer.count)
        guard !isGap, count > 0, budget.take(count) else { return }
        answer.append(contentsOf: bytes.readableBytesView.prefix(count))
    }

    /// Nobody wants the report.
    mutating func discard() {
        budget.giveBack(requestBytes + answer.count)
        (request, requestBytes, answer) = ([], 0, [])
    }

    /// The report, which takes what was kept over.
    func exchange(
        destination: String, status: Int?, failure: OwnAnswer?, isRequestComplete: Bool
    ) -> ForwardedExchange {
        ForwardedExchange(
            startedAt: startedAt, destination: destination, requestPieces: request, answer: answer,
            answerBytes: answerBytes, status: status, failure: failure,
            connectMicroseconds: connected, firstByteMicroseconds: firstByte,
            totalMicroseconds: elapsed, isRequestWhole: isRequestKept && isRequestComplete)
    }
}
