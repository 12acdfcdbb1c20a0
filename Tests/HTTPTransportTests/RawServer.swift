import Foundation
import HTTPTransport
import NIOCore
import NIOOpenSSL
import NIOPosix
import OpenSSL
import Synchronization

/// One loop for clients and servers, so that clients have one pool.
let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

/// What the servers of a test saw, in order.
final class Record<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    var all: [Element] { elements.withLock { $0 } }

    func append(_ element: Element) { elements.withLock { $0.append(element) } }
}

/// A connection as the server has it: bytes, and no more.
struct RawConnection {
    /// From 1, in the order of acceptance.
    let number: Int
    let channel: any Channel
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var waiting: [UInt8] = []

    init(
        number: Int, channel: any Channel, inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.number = number
        self.channel = channel
        self.outbound = outbound
        self.inbound = inbound.makeAsyncIterator()
    }

    /// That many octets, or fewer at the end of the connection.
    mutating func read(_ count: Int) async throws -> [UInt8] {
        while waiting.count < count, let more = try await inbound.next(isolation: #isolation) {
            waiting += more.readableBytesView
        }
        defer { waiting.removeFirst(min(count, waiting.count)) }
        return Array(waiting.prefix(count))
    }

    /// A head with its empty line, or what came before the end.
    mutating func readHead() async throws -> String {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let octet = try await read(1)
            if octet.isEmpty { break }
            head += octet
        }
        return String(decoding: head, as: UTF8.self)
    }

    /// A head and the body of the length that it states; empty at the end.
    mutating func readRequest() async throws -> String {
        let head = try await readHead()
        let field = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
        let length = field.flatMap { Int($0.dropFirst("Content-Length: ".count)) } ?? 0
        return head + String(decoding: try await read(length), as: UTF8.self)
    }

    func write(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    /// Answers every request with the number of the connection, and says how many came.
    mutating func answerAll(
        _ answer: (Int) -> String = { RawConnection.answer("\($0)") }
    )
        async throws -> Int
    {
        var count = 0
        while try await !readRequest().isEmpty {
            count += 1
            try await write(answer(number))
        }
        return count
    }

    /// A complete answer with status 200.
    static func answer(_ body: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Ends the connection with a reset.
    func reset() async throws {
        guard let options = channel as? any SocketOptionProvider else { return }
        try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close()
    }
}

/// Runs a server on port 0 that serves each connection with `serve` and then closes it.
func withServer(
    tls: TLSContext? = nil,
    serve: @escaping @Sendable (inout RawConnection) async throws -> Void,
    body: (Int) async throws -> Void
) async throws {
    let server = try await ServerBootstrap(group: loops)
        .bind(host: "127.0.0.1", port: 0) { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls {
                    try channel.pipeline.syncOperations.addHandler(TLSHandler(server: tls))
                }
                return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                    wrappingChannelSynchronously: channel)
            }
        }
    let port = server.channel.localAddress?.port ?? 0
    try await withThrowingTaskGroup(of: Void.self) { group in
        // On the loop, so that tests which compute much do not hold up the answers.
        group.addTask(executorPreference: EventLoopExecutor(loops.next())) {
            try await accept(on: server, serve: serve)
        }
        try await body(port)
        group.cancelAll()
    }
}

private func accept(
    on server: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>,
    serve: @escaping @Sendable (inout RawConnection) async throws -> Void
) async throws {
    try await server.executeThenClose { connections in
        try await withThrowingDiscardingTaskGroup { group in
            var number = 0
            for try await accepted in connections {
                number += 1
                let number = number
                group.addTask {
                    // A connection that ends badly is what many of these tests want.
                    try? await accepted.executeThenClose { inbound, outbound in
                        var connection = RawConnection(
                            number: number, channel: accepted.channel, inbound: inbound,
                            outbound: outbound)
                        try await serve(&connection)
                    }
                }
            }
        }
    }
}
