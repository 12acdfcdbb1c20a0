import NIOCore
import Testing

@testable import Relay

@Suite struct ExchangeRecordingTests {
    let limits = AgentConfiguration.Limits()

    private func exchange(_ pieces: [[UInt8]]) -> ForwardedExchange {
        var recording = ExchangeRecording(limits, budget: RecordingBudget(limits.keptBytes))
        for piece in pieces { recording.request(ByteBuffer(bytes: piece)) }
        return recording.exchange(
            destination: "", status: 200, failure: nil, isRequestComplete: true)
    }

    @Test func `a body that comes octet by octet takes no more than its octets`() {
        let pieces = (0..<20_000).map { [UInt8(truncatingIfNeeded: $0)] }
        let found = exchange(pieces)
        #expect(found.requestPieces.count <= 5)
        #expect(found.requestPieces.flatMap { $0.readableBytesView } == pieces.flatMap { $0 })
    }

    @Test func `large and small pieces keep their order`() {
        let pieces = (0..<100).map { number in
            [UInt8](repeating: UInt8(number), count: number % 3 == 0 ? 5000 : number)
        }
        let found = exchange(pieces)
        #expect(found.requestPieces.flatMap { $0.readableBytesView } == pieces.flatMap { $0 })
    }
}
