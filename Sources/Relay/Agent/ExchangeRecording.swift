import Foundation
import NIOCore

/// Gathers what a report of an exchange has.
struct ExchangeRecording {
    private let limits: AgentConfiguration.Limits
    private let begun = NIODeadline.now()
    private let startedAt = Int64(Date().timeIntervalSince1970 * 1000)
    private var request: [UInt8] = []
    private var answer: [UInt8] = []
    private var answerBytes = 0
    private var isWhole = true
    private var connected: Int64?
    private var firstByte: Int64?

    init(_ limits: AgentConfiguration.Limits) { self.limits = limits }

    private var elapsed: Int64 { (NIODeadline.now() - begun).nanoseconds / 1000 }

    mutating func request(_ bytes: ByteBuffer) {
        guard isWhole || !request.isEmpty else { return }
        guard request.count + bytes.readableBytes <= limits.keptRequestBytes else {
            request = []
            isWhole = false
            return
        }
        request.append(contentsOf: bytes.readableBytesView)
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
            startedAt: startedAt, destination: destination, request: request, answer: answer,
            answerBytes: answerBytes, status: status, failure: failure,
            connectMicroseconds: connected, firstByteMicroseconds: firstByte,
            totalMicroseconds: elapsed, isWhole: isWhole && isComplete)
    }
}
