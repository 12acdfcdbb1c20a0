import NIOCore
import TestSupport
import Testing
import Yamux

/// A client and a server in memory; what passes between them is cut at random.
final class SessionPair {
    let client: Side
    let server: Side
    private var numbers: SeededNumbers
    private let largestPiece: Int

    init(
        client: YamuxConfiguration = .make(), server: YamuxConfiguration = .make(),
        seed: UInt64 = 1, largestPiece: Int = 50_000
    ) {
        self.client = Side(.client, client)
        self.server = Side(.server, server)
        numbers = SeededNumbers(seed: seed)
        self.largestPiece = largestPiece
    }

    /// Passes what the sides say until both are silent.
    func pass() throws {
        while client.session.hasOutput || server.session.hasOutput {
            try pass(from: client, to: server)
            try pass(from: server, to: client)
        }
    }

    private func pass(from: Side, to: Side) throws {
        let bytes = from.takeBytes()
        var start = 0
        while start < bytes.count {
            let count = min(numbers.number(in: 1...largestPiece), bytes.count - start)
            try to.receive(bytes: Array(bytes[start..<start + count]))
            start += count
        }
    }

    /// A stream of the client that the server has answered, as either side sees it.
    func establish() throws -> (client: YamuxStream, server: YamuxStream) {
        let stream = try client.open()
        client.send("?", on: stream)
        try pass()
        let accepted = try server.lastAccepted()
        server.send("!", on: accepted)
        try pass()
        return (stream, accepted)
    }
}
