import Foundation
import OpenSSL

/// A client and a server in memory; what passes between them is cut as the test likes.
struct SessionPair: ~Copyable {
    var client: TLSSession
    var server: TLSSession

    init(client: TLSContext, server: TLSContext, serverName: String) throws {
        // Both first: a noncopyable value cannot be half made when the second one throws.
        let dialling = try TLSSession(client: client, serverName: serverName)
        let accepting = try TLSSession(server: server)
        self.client = dialling
        self.server = accepting
    }

    /// Shakes hands to the end; `chunk` octets pass at once.
    mutating func shakeHands(chunk: Int = .max) throws {
        var isDone = (client: false, server: false)
        _ = try client.handshake()
        for _ in 0..<4 where !(isDone.client && isDone.server) {
            isDone.server = try Self.pass(from: &client, to: &server, chunk: chunk)
            isDone.client = try Self.pass(from: &server, to: &client, chunk: chunk)
        }
        guard isDone.client, isDone.server else { throw Stuck() }
    }

    struct Stuck: Error {}

    private static func pass(
        from: inout TLSSession, to: inout TLSSession, chunk: Int
    ) throws -> Bool {
        var result = TLSSession.Handshake.needsInput
        let bytes = from.takeBytes()
        guard !bytes.isEmpty else { return try to.handshake() == .done }
        for piece in bytes.pieces(of: chunk) {
            to.receive(bytes: piece)
            result = try to.handshake()
            // The server's tickets come right behind its handshake.
            if result == .done { _ = try to.readAll() }
        }
        return result == .done
    }
}

extension TLSSession {
    mutating func takeBytes() -> [UInt8] {
        takeOutput { Array($0) }
    }

    /// Lends bytes for what is left of the process: what a test passes is little.
    mutating func receive(bytes: [UInt8]) {
        let lent = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        lent.copyBytes(from: bytes)
        beginInput(UnsafeRawBufferPointer(lent))
    }

    /// What `bytes` become on the wire.
    mutating func write(bytes: [UInt8]) throws -> [UInt8] {
        var room = [UInt8](repeating: 0, count: Self.encryptedCount(bytes.count))
        let count = try bytes.withUnsafeBytes { bytes in
            try room.withUnsafeMutableBytes { try write(bytes, into: $0) }
        }
        return Array(room[..<count])
    }

    /// Reads what there is; the last result is `needsInput` or `closed`.
    mutating func readAll() throws -> (bytes: [UInt8], last: Read) {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1000)
        while true {
            let result = try buffer.withUnsafeMutableBytes { try read(into: $0) }
            guard case .bytes(let count) = result else { return (all, result) }
            all += buffer.prefix(count)
        }
    }
}

extension [UInt8] {
    /// The octets in order, in pieces of that size; the last one has the rest.
    func pieces(of size: Int) -> [[UInt8]] {
        stride(from: 0, to: count, by: Swift.min(size, count)).map {
            Array(self[$0..<Swift.min($0 + Swift.min(size, count), count)])
        }
    }
}

/// Runs `body` with the path of a file that holds the authority's certificate.
func withAuthorityFile<Result>(
    of authority: CertificateAuthority, _ body: (String) throws -> Result
) throws -> Result {
    let file = FileManager.default.temporaryDirectory
        .appendingPathComponent("authority-\(UUID().uuidString).pem")
    try authority.credentials.certificatePEM.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    return try body(file.path)
}
