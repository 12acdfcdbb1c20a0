import NIOCore
import Testing

@testable import Relay

@Suite struct HTTPHeadPassingTests {
    /// What becomes of a request's head; `target`: what of its target stays.
    func passed(
        _ head: String, target: String? = nil, trusts: Bool = false, isUpgrade: Bool = false,
        additions: String = ""
    ) throws -> String {
        let bytes = octets(head)
        var head = HTTPHead()
        var scanned = 0
        try #require(try head.read(.request, bytes, &scanned, HeadReading.limit))
        var range: Range<Int>?
        if let target {
            let end = head.target.upperBound
            let rest = (end - target.utf8.count)..<end
            try #require(bytes[rest].elementsEqual(target.utf8))
            range = rest
        }
        let passing = HTTPHead.RequestPassing(
            target: range, trustsForwarding: trusts, isUpgrade: isUpgrade)
        var output = ByteBuffer()
        bytes.withUnsafeBytes { raw in
            head.write(
                request: raw, passing, additions: ByteBuffer(string: additions), to: &output)
        }
        return text(output.readableBytesView)
    }

    @Test func `a head goes on as it came: order, letter case, space and repeats`() throws {
        let head = headText(
            "POST /a?b=%41 HTTP/1.1", "hOST: a", "X-A:1", "x-a:   2  ", "X-A:",
            "Cookie: \u{e9}\u{ff}",
            "Content-Length: 003", "Content-Type: a/b", "Expect: 100-continue", "Trailer: X")
        #expect(try passed(head) == head)
        let chunked = headText(
            "PATCH * HTTP/1.1", "transfer-encoding:\tCHUNKED ", "Host: a",
            "Authorization: Basic eA==")
        #expect(try passed(chunked) == chunked)
    }

    @Test func `what is about the connection does not go on`() throws {
        let head = headText(
            "GET / HTTP/1.1", "Keep-Alive: 1", "Host: a", "TE: trailers", "A: 1",
            "connection: X-B, x-c",
            "x-b: 1", "Proxy-Connection: close", "X-C:2", "X-b: 3", "X-BB: 4",
            "Proxy-Authorization: x", "Proxy-Authenticate: y", "Upgrade: h2c",
            "Connection: ,  X-D ,",
            "Z: 1", "X-D: 5")
        #expect(
            try passed(head)
                == headText("GET / HTTP/1.1", "Host: a", "A: 1", "X-BB: 4", "Z: 1"))
    }

    @Test
    func `Connection cannot name the fields that say where a message ends, or whom it is for`()
        throws
    {
        let head = headText(
            "POST / HTTP/1.1", "Connection: Host, Content-Length, Transfer-Encoding, Close",
            "Host: a", "Content-Length: 5")
        #expect(try passed(head) == headText("POST / HTTP/1.1", "Host: a", "Content-Length: 5"))
    }

    @Test func `only a trusted sender says who forwarded a request`() throws {
        let head = headText(
            "GET / HTTP/1.1", "Host: a", "X-Forwarded-For: 1.2.3.4", "forwarded: for=x",
            "X-FORWARDED-PROTO: https", "X-Forwarded-Prefix: /p", "X-Forwarded: y", "A: b")
        #expect(
            try passed(head)
                == headText("GET / HTTP/1.1", "Host: a", "X-Forwarded: y", "A: b"))
        #expect(try passed(head, trusts: true) == head)
    }

    @Test func `additions stand at the end`() throws {
        #expect(
            try passed(
                headText("GET / HTTP/1.1", "Host: a", "Connection: close"),
                additions: "X-Forwarded-For: ::1\r\nForwarded: x\r\n")
                == headText(
                    "GET / HTTP/1.1", "Host: a", "X-Forwarded-For: ::1", "Forwarded: x"))
    }

    @Test func `a request for another protocol keeps what asks for it`() throws {
        let head = headText(
            "GET / HTTP/1.1", "Host: a", "Connection: X-A, Upgrade", "Upgrade: websocket", "X-A: 1",
            "Sec-WebSocket-Key: x")
        #expect(
            try passed(head, isUpgrade: true, additions: "B: c\r\n")
                == headText(
                    "GET / HTTP/1.1", "Host: a", "Upgrade: websocket", "Sec-WebSocket-Key: x",
                    "Connection: Upgrade", "B: c"))
    }

    @Test(arguments: [
        ("/alice/rest?a", "/rest?a", "/rest?a"), ("/alice/", "/", "/"), ("/alice", "", "/"),
        ("/alice?q=/", "?q=/", "/?q=/"), ("http://a/x", "/x", "/x"), ("http://a", "", "/"),
        ("/alice//x", "//x", "//x"),
    ])
    func `a target is rewritten to what is left of it`(
        target: String, rest: String, sent: String
    ) throws {
        let head = headText("GET \(target) HTTP/1.1", "Connection: close", "Host: a", "B: c")
        #expect(
            try passed(head, target: rest) == headText("GET \(sent) HTTP/1.1", "Host: a", "B: c"))
    }

    // MARK: Answers

    func passed(answer: String) throws -> String {
        try written(answer) { head, raw, output in head.write(answer: raw, to: &output) }
    }

    func written(
        _ answer: String,
        _ write: (HTTPHead, UnsafeRawBufferPointer, inout ByteBuffer) -> Void
    ) throws -> String {
        let bytes = octets(answer)
        var head = HTTPHead()
        var scanned = 0
        try #require(try head.read(.answer, bytes, &scanned, HeadReading.limit))
        var output = ByteBuffer()
        bytes.withUnsafeBytes { write(head, $0, &output) }
        return text(output.readableBytesView)
    }

    @Test func `an answer's head goes on in our version, without what is about its connection`()
        throws
    {
        let head = headText(
            "HTTP/1.0 200 All \u{e4} fine", "Connection: close, X-A", "server: b", "X-A: 1",
            "Set-Cookie: a",
            "set-cookie:a", "Keep-Alive: timeout=5", "Upgrade: h2", "X-Forwarded-For: kept",
            "Proxy-Authenticate: Basic", "Content-Length: 0", "Host: kept")
        #expect(
            try passed(answer: head)
                == headText(
                    "HTTP/1.1 200 All \u{e4} fine", "server: b", "Set-Cookie: a", "set-cookie:a",
                    "X-Forwarded-For: kept", "Content-Length: 0", "Host: kept"))
        let plain = headText("HTTP/1.1 204", "A: b")
        #expect(try passed(answer: plain) == plain)
    }

    @Test func `an answer that changes the protocol, or wants it changed, says to which`() throws {
        #expect(
            try passed(
                answer: headText(
                    "HTTP/1.1 101 Switching", "Connection: upgrade", "Upgrade: websocket", "A: b"))
                == headText(
                    "HTTP/1.1 101 Switching", "Upgrade: websocket", "A: b", "Connection: Upgrade"))
        #expect(
            try passed(
                answer: headText("HTTP/1.1 426 No", "Connection: upgrade", "Upgrade: TLS/1.2"))
                == headText("HTTP/1.1 426 No", "Upgrade: TLS/1.2"))
    }

    @Test func `a sender without chunks is not told of them`() throws {
        let head = headText("HTTP/1.1 200 OK", "A: b", "transfer-encoding: chunked", "C: d")
        func toSender(withoutChunks: Bool) throws -> String {
            try written(head) {
                $0.write(answerTo: $1, withoutChunks: withoutChunks, to: &$2)
            }
        }
        #expect(
            try toSender(withoutChunks: true) + "\r\n"
                == headText("HTTP/1.1 200 OK", "A: b", "C: d"))
        #expect(try toSender(withoutChunks: false) + "\r\n" == head)
    }
}
