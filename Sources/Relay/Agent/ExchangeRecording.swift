import Foundation
import NIOCore

/// Gathers what a report of an exchange has.
struct ExchangeRecording {
    private let limits: AgentConfiguration.Limits
    private let begun = NIODeadline.now()
    private let startedAt = Int64(Date().timeIntervalSince1970 * 1000)
    private var request: [ByteBuffer] = []
    private var requestBytes = 0
    private var answer: [UInt8] = []
    private var answerBytes = 0
    private var isWhole = true
    private var connected: Int64?
    private var firstByte: Int64?

    init(_ limits: AgentConfiguration.Limits) { self.limits = limits }

    private var elapsed: Int64 { (NIODeadline.now() - begun).nanoseconds / 1000 }

    /// Keeps octets of the request; `budget` is what all that is under way may keep.
    mutating func request(_ bytes: ByteBuffer, budget: RecordingBudget) {
        guard isWhole, bytes.readableBytes > 0 else { return }
        let count = bytes.readableBytes
        guard requestBytes + count <= limits.keptRequestBytes, budget.take(count) else {
            giveBack(budget)
            request = []
            isWhole = false
            return
        }
        requestBytes += count
        // A small piece of a large buffer would keep all of it.
        request.append(
            count < Self.copiedBytes ? ByteBuffer(bytes: bytes.readableBytesView) : bytes)
    }

    /// Octets below which a piece is copied.
    private static let copiedBytes = 4096

    /// Gives what was taken of the budget back, once nothing of it is kept here.
    mutating func giveBack(_ budget: RecordingBudget) {
        budget.giveBack(requestBytes)
        requestBytes = 0
    }

    mutating func isConnected() { connected = elapsed }

    mutating func answer(_ bytes: ByteBuffer) {
        if firstByte == nil { firstByte = elapsed }
        answerBytes += bytes.readableBytes
        let room = limits.keptAnswerBytes - answer.count
        if room > 0 { answer.append(contentsOf: bytes.readableBytesView.prefix(room)) }
        if bytes.readableBytes > room { isWhole = false }
    }

    func exchange(
        destination: String, status: Int?, failure: OwnAnswer?, isComplete: Bool
    ) -> ForwardedExchange {
        ForwardedExchange(
            startedAt: startedAt, destination: destination, requestPieces: request, answer: answer,
            answerBytes: answerBytes, status: status, failure: failure,
            connectMicroseconds: connected, firstByteMicroseconds: firstByte,
            totalMicroseconds: elapsed, isWhole: isWhole && isComplete)
    }
}

/// The octets of requests under way that may be kept for reports, on one event loop.
final class RecordingBudget {
    private var left: Int

    init(_ octets: Int) { left = octets }

    func take(_ count: Int) -> Bool {
        guard count <= left else { return false }
        left -= count
        return true
    }

    func giveBack(_ count: Int) { left += count }
}
