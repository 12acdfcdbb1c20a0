import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Relay

/// Answers each request with the octets of the request; the target says how the answer ends.
final class Mirror: ChannelInboundHandler, @unchecked Sendable {
    // `@unchecked Sendable`: confined to its event loop.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var input: [UInt8] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        input += unwrapInboundIn(data).readableBytesView
        while let (head, count) = request() {
            let answer = Self.answer(to: Array(input[..<count]), head.start[1])
            input.removeFirst(count)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
            if head.start[1].hasPrefix("/close") { context.close(promise: nil) }
        }
    }

    /// The whole request at the front, and its octets.
    private func request() -> (head: StrictReading.Head, count: Int)? {
        guard case .taken(let head) = StrictReading.request(input) else { return nil }
        if let length = Int(head.framing) {
            return input.count >= head.count + length ? (head, head.count + length) : nil
        }
        guard head.framing == "chunked" else { return (head, head.count) }
        guard case .taken(let body) = StrictReading.chunked(Array(input[head.count...])) else {
            return nil
        }
        return (head, head.count + body.count)
    }

    private static func answer(to request: [UInt8], _ target: String) -> [UInt8] {
        if target.hasPrefix("/chunked") {
            let head = headText("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")
            let half = request.count / 2
            return octets(head) + chunk(request[..<half]) + chunk(request[half...])
                + octets("0\r\nX-Trailer: 1\r\n\r\n")
        }
        if target.hasPrefix("/close") { return octets(headText("HTTP/1.0 200 OK")) + request }
        let early =
            target.hasPrefix("/early") ? headText("HTTP/1.1 103 Early Hints", "Link: x") : ""
        return octets(early + headText("HTTP/1.1 200 OK", "Content-Length: \(request.count)"))
            + request
    }

    private static func chunk(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.isEmpty
            ? [] : octets(String(bytes.count, radix: 16) + "\r\n") + bytes + octets("\r\n")
    }
}

/// Takes requests, and never answers.
final class Silence: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
}

extension Channel {
    /// Ends the connection with a reset.
    func breakOff() async throws {
        guard let options = self as? any SocketOptionProvider else { return }
        try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await close()
    }
}

@Suite(.timeLimit(.minutes(1))) struct EndToEndTests {
    /// A request, and what the handler must get.
    struct Request {
        var sent: [UInt8]
        var passed: [UInt8]

        init(_ relay: RunningRelay, _ numbers: inout SeededNumbers) {
            let form =
                ["/length", "/chunked", "/close", "/early"].randomElement(using: &numbers) ?? ""
            let line = "POST \(form)/\(numbers.number(in: 0...9999))?a=%20 HTTP/1.1\r\n"
            let host = "hOst:  \(relay.host)\r\n"
            var fields = (0..<numbers.number(in: 0...12)).map { _ in Self.field(&numbers) }
            let body = Self.body(&numbers)
            fields.append((body.field, isPassed: true))
            fields.shuffle(using: &numbers)
            let additions = Forwarding.fields(
                address: "127.0.0.1", host: relay.host, isTLS: false, prefix: "", beside: [])
            let passedFields = fields.filter(\.isPassed).map(\.line).joined()
            sent = octets(line + host + fields.map(\.line).joined() + "\r\n") + body.bytes
            passed =
                octets(line + host + passedFields) + additions.readableBytesView + octets("\r\n")
                + body.bytes
        }

        private static func field(_ numbers: inout SeededNumbers) -> (line: String, isPassed: Bool)
        {
            let value = String(repeating: "v\u{e9} ", count: numbers.number(in: 0...30))
            return switch numbers.number(in: 0...5) {
            case 0: ("X-Forwarded-For: 1.2.3.4\r\n", false)
            case 1: ("Connection: keep-alive\r\n", false)
            case 2: ("Keep-Alive:\(value)\r\n", false)
            default: ("x-Field-\(numbers.number(in: 0...3)): \t\(value)\r\n", true)
            }
        }

        private static func body(_ numbers: inout SeededNumbers) -> (field: String, bytes: [UInt8])
        {
            let most = numbers.isOnce(in: 20) ? 400_000 : 4000
            let bytes = numbers.octets(numbers.number(in: 0...most))
            guard numbers.isOnce(in: 2) else {
                return ("Content-Length: \(bytes.count)\r\n", bytes)
            }
            var chunks: [UInt8] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let part = rest.prefix(numbers.number(in: 1...20_000))
                rest = rest.dropFirst(part.count)
                chunks +=
                    octets("\(String(part.count, radix: 16));x=\"y\"\r\n") + part + octets("\r\n")
            }
            return ("Transfer-Encoding: chunked\r\n", chunks + octets("0\r\nX-Last: 1\r\n\r\n"))
        }
    }

    @Test(arguments: [1, 3])
    func `requests reach the handler octet for octet, and their answers come back`(
        loops: Int
    ) async throws {
        let (senders, count) = (8, 40)
        try await withRelay(loops: loops, handler: { Mirror() }) { relay in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<senders {
                    group.addTask {
                        var numbers = SeededNumbers(seed: UInt64(100 * loops + number))
                        try await relay.withSender { sender in
                            for _ in 0..<count { try await Self.exchange(&sender, relay, &numbers) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let counts = await relay.settled()
            #expect(counts.requests == senders * count)
            #expect(counts.answers == [0, 0, senders * count, 0, 0, 0])
            #expect(counts.connections == senders)
            #expect(counts.own.isEmpty)
        }
    }

    static func exchange(
        _ sender: inout Sender, _ relay: RunningRelay, _ numbers: inout SeededNumbers
    ) async throws {
        let request = Request(relay, &numbers)
        var rest = request.sent[...]
        while !rest.isEmpty {
            let part = rest.prefix(numbers.number(in: 1...(numbers.isOnce(in: 2) ? 100_000 : 500)))
            rest = rest.dropFirst(part.count)
            try await sender.send(Array(part))
        }
        let answer = try await sender.answer()
        try #require(answer.head.start == ["200"])
        try #require(
            answer.body == request.passed,
            "\(text(answer.body.prefix(500)).debugDescription) came, not \(text(request.passed.prefix(500)).debugDescription)"
        )
    }

    @Test(arguments: [1, 3])
    func `requests whose senders go away leave nothing behind`(loops: Int) async throws {
        let count = 30
        try await withRelay(loops: loops, handler: { Silence() }) { relay in
            let head = headText("POST /x HTTP/1.1", "Host: \(relay.host)", "Content-Length: 1000")
            let address = relay.ready.publicAddress
            var channels: [any Channel] = []
            for number in 0..<count {
                let channel = try await ClientBootstrap(
                    group: MultiThreadedEventLoopGroup.singleton
                )
                .connect(host: address.host, port: address.port).get()
                channels.append(channel)
                // Some have said all, others go in the middle.
                let body = [UInt8](repeating: 1, count: number.isMultiple(of: 2) ? 1000 : 10)
                try await channel.writeAndFlush(ByteBuffer(bytes: octets(head) + body))
            }
            await relay.waitForRequests(count)
            for (number, channel) in channels.enumerated() {
                // One that has said all may be waiting at the other end of a half-closed connection.
                if number.isMultiple(of: 2) {
                    try await channel.breakOff()
                } else {
                    try await channel.close()
                }
            }
            let counts = await relay.settled()
            #expect(counts.requests == count)
            #expect(counts.answers.reduce(0, +) == 0)
        }
    }

    @Test func `a host that nobody has gets an answer of ours, and the connection goes on`()
        async throws
    {
        try await withRelay(loops: 1, handler: { Mirror() }) { relay in
            try await relay.withSender { sender in
                for (host, status, reason) in [
                    ("nobody.relay.test", "503", "agent-away"),
                    ("other.test", "404", "unknown-host"),
                    (relay.host, "200", nil), ("relay.test", "404", "unknown-host"),
                ] {
                    try await sender.send(octets(headText("GET / HTTP/1.1", "Host: \(host)")))
                    let answer = try await sender.answer()
                    #expect(answer.head.start == [status])
                    #expect(answer.field(OwnAnswer.reasonField) == reason)
                }
            }
            #expect(await relay.settled().own == ["agent-away": 1, "unknown-host": 2])
        }
    }
}
