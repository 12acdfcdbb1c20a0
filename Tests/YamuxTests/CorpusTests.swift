import NIOCore
import Testing
import Yamux

/// Every recording does what its first line says, however the network cuts it.
@Suite struct CorpusTests {
    @Test func `there are recordings`() {
        #expect(Recording.all.count > 25)
    }

    @Test(arguments: Recording.all)
    func `a recording ends as it says, and so however it is cut`(recording: Recording) throws {
        let whole = try Self.outcome(of: recording, piece: .max)
        #expect(whole.violation == recording.violation)
        for piece in [1, 2, 5, 12, 13, 100] {
            let cut = try Self.outcome(of: recording, piece: piece)
            #expect(cut == whole, "in pieces of \(piece)")
        }
    }

    @Test(arguments: Recording.all)
    func `what is cut off anywhere is no violation`(recording: Recording) throws {
        let frames = recording.violation == nil ? recording.pieces : recording.pieces.dropLast()
        let bytes = frames.flatMap { $0 }
        for count in 0..<bytes.count {
            #expect(throws: Never.self) {
                try Self.side(recording.receiver).receive(bytes: Array(bytes[..<count]))
            }
        }
    }

    private struct Outcome: Equatable {
        var violation: String?
        var received: [UInt32: [UInt8]]
        var ended: Set<UInt32>
        var killed: Set<UInt32>
        var streamCount: Int
        var output: [UInt8]
    }

    /// A session that takes few streams; a client has opened some, as recordings answer them.
    private static func side(_ role: YamuxSession.Role) throws -> Side {
        let side = Side(role, .make { $0.maximumIncomingStreams = 16 })
        if role == .client { for _ in 0..<4 { side.send("?", on: try side.open()) } }
        return side
    }

    private static func outcome(of recording: Recording, piece: Int) throws -> Outcome {
        let side = try side(recording.receiver)
        var violation: String?
        do throws(YamuxViolation) {
            for part in recording.bytes.pieces(of: piece) { try side.receive(bytes: part) }
        } catch {
            violation = error.description
        }
        return Outcome(
            violation: violation, received: side.received, ended: side.ended, killed: side.killed,
            streamCount: side.session.streamCount, output: side.takeBytes())
    }
}

extension [UInt8] {
    /// The octets in order, in pieces of that size; the last one has the rest.
    func pieces(of size: Int) -> [[UInt8]] {
        stride(from: 0, to: count, by: Swift.min(size, Swift.max(count, 1))).map {
            Array(self[$0..<Swift.min($0 + Swift.min(size, count), count)])
        }
    }
}
