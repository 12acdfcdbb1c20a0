import Testing

@testable import Relay

/// What reading a body came to.
struct BodyReading: Equatable {
    /// Octets that belong to it.
    var count = 0
    /// What its chunks carry.
    var data: [UInt8] = []
    var hasEnded: Bool

    /// Reads a body that comes in pieces that end at `ends`; stops where it ends.
    init(_ framing: HTTPHead.Framing, _ bytes: [UInt8], ends: some Sequence<Int>) throws {
        var body = HTTPBody(framing)
        var start = 0
        for end in ends {
            let part = Array(bytes[start..<end])
            var ranges: [Range<Int>] = []
            let taken = try part.withUnsafeBytes { raw in
                try body.take(raw) { ranges.append($0) }
            }
            data += ranges.flatMap { part[$0] }
            count += taken
            start = end
            if taken < part.count {
                guard body.hasEnded else { throw LeftOver() }
                break
            }
        }
        hasEnded = body.hasEnded
    }

    init(_ framing: HTTPHead.Framing, _ text: String) throws {
        let bytes = octets(text)
        try self.init(framing, bytes, ends: [bytes.count])
    }

    struct LeftOver: Error {}
}

@Suite struct HTTPBodyTests {
    @Test func `a message without a body has ended`() throws {
        for framing in [HTTPHead.Framing.none, .length(0)] {
            let read = try BodyReading(framing, "GET /")
            #expect(read.count == 0)
            #expect(read.hasEnded)
        }
    }

    @Test func `a body of a length ends there, wherever it is cut`() throws {
        let bytes = octets("0123456789next")
        for cut in 0...bytes.count {
            let read = try BodyReading(.length(10), bytes, ends: [cut, bytes.count])
            #expect(read.count == 10)
            #expect(read.hasEnded)
        }
        #expect(try !BodyReading(.length(15), bytes, ends: [bytes.count]).hasEnded)
    }

    @Test func `a body that ends with its connection takes everything`() throws {
        let body = HTTPBody(.untilClose)
        #expect(body.endsWithConnection)
        let read = try BodyReading(.untilClose, "anything\r\n0\r\n\r\n")
        #expect(read.count == 15)
        #expect(!read.hasEnded)
    }

    static let bodies = [
        ("0\r\n\r\n", ""),
        ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        (
            "00A\r\n0123456789\r\na\r\n\r\n0\r\n\r\n012\r\n0000\r\n\r\n",
            "0123456789\r\n0\r\n\r\n012"
        ),
        ("1;name=value; other=\"quo\\\"ted;\\\\\"\r\nx\r\n0;last\r\n\r\n", "x"),
        ("2\r\n\r\n\r\n0\r\nTrailer: value\r\nX-Sum:abc\t \r\nEmpty:\r\n\r\n", "\r\n"),
    ]

    @Test(arguments: bodies)
    func `a chunked body ends where it does, wherever it is cut`(
        body: String, data: String
    ) throws {
        let bytes = octets(body)
        let all = bytes + octets("GET / HTTP/1.1\r\n")
        let whole = try BodyReading(.chunked, all, ends: [all.count])
        #expect(whole.count == bytes.count)
        #expect(whole.hasEnded)
        #expect(text(whole.data) == data)
        for cut in 0...all.count {
            #expect(
                try BodyReading(.chunked, all, ends: [cut, all.count]) == whole, "cut at \(cut)")
        }
        #expect(try BodyReading(.chunked, all, ends: 1...all.count) == whole)
        for cut in 0..<bytes.count {
            #expect(try !BodyReading(.chunked, bytes, ends: [cut]).hasEnded, "cut at \(cut)")
        }
    }

    @Test(arguments: [
        "\r\n", "g\r\n", "-1\r\n", "+1\r\n", " 1\r\n", "1 \r\n", "0x1\r\n", "1\n", "1\rx", "\n",
        ";a\r\n",
        "1\t;a\r\n", "1;a\n", "1;a\u{0}\r\n", "1;a\rb\r\n", "1;a=\"\r\n\"\r\n",
        "1;a=\"\u{7f}\"\r\n",
        "1;a=\"\\\u{0}\"\r\n", "1;a=\"b\n\"\r\n", "1\r\nxx", "1\r\nx\n", "1\r\nx\rx",
        "1\r\nx\r\r\n",
        "1\r\nx\r\n\r\n", "1\r\nx0\r\n\r\n", "0\r\n\n", "0\r\n\rx", "0\r\n\r\r\n",
        "0\r\n A: b\r\n\r\n",
        "0\r\n: b\r\n\r\n", "0\r\nA\r\n\r\n", "0\r\nA : b\r\n\r\n", "0\r\nA: b\n\r\n",
        "0\r\nA: b\u{0}\r\n\r\n", "0\r\nA: b\r\n c\r\n\r\n", "0\r\nA: b\rX\r\n\r\n",
        "\u{d9}\u{a1}\r\n", "1\u{e9}\r\n", "0\r\nA\u{e9}: b\r\n\r\n",
    ])
    func `what is no chunked body is refused, at once and octet by octet`(text: String) {
        let bytes = octets(text)
        #expect(throws: HTTPRefusal.self) {
            try BodyReading(.chunked, bytes, ends: [bytes.count])
        }
        #expect(throws: HTTPRefusal.self) {
            try BodyReading(.chunked, bytes, ends: 1...bytes.count)
        }
    }

    @Test func `a chunk's size has sixty bits at the most`() throws {
        #expect(try BodyReading(.chunked, "fffffffffffffff\r\nx").data == octets("x"))
        #expect(try BodyReading(.chunked, "0fffffffffffffff\r\nx").data == octets("x"))
        for size in [
            "1000000000000000", "ffffffffffffffff", "10000000000000000", "00000000000000001",
        ] {
            #expect(throws: HTTPRefusal.self, "\(size)") {
                try BodyReading(.chunked, size + "\r\n")
            }
        }
    }

    @Test func `extensions and trailers have limits`() throws {
        func sizeLine(_ count: Int) -> String {
            "1;" + String(repeating: "x", count: count - 4) + "\r\n"
        }
        #expect(try BodyReading(.chunked, sizeLine(4096) + "x").data.count == 1)
        #expect(throws: HTTPRefusal.self) { try BodyReading(.chunked, sizeLine(4097) + "x") }
        // Each line begins to count anew.
        let twice = sizeLine(4096) + "x\r\n" + sizeLine(4096) + "x\r\n0\r\n\r\n"
        #expect(try BodyReading(.chunked, twice).hasEnded)
        func trailers(_ count: Int) -> String {
            "0\r\nA: " + String(repeating: "x", count: count - 3 - 2 - 1) + "\r\n\r\n"
        }
        #expect(try BodyReading(.chunked, trailers(16 << 10)).hasEnded)
        #expect(throws: HTTPRefusal.self) { try BodyReading(.chunked, trailers((16 << 10) + 1)) }
        let many = "0\r\n" + String(repeating: "A:\r\n", count: 5000) + "\r\n"
        #expect(throws: HTTPRefusal.self) { try BodyReading(.chunked, many) }
    }
}
