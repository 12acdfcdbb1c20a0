import Testing

@testable import Relay

@Suite struct HTTPHeadAnswerTests {
    @Test func `an answer's parts are where they are`() throws {
        let bytes = headText("HTTP/1.1 404 Not \u{e4}\tFound", "Content-Length: 3", "Server: x")
        let head = try #require(try HeadReading(.answer, bytes + "abc"))
        #expect(head.count == bytes.unicodeScalars.count)
        #expect(head.status == 404)
        #expect(head.framing == .length(3))
        #expect(head.fields.map(\.name) == ["Content-Length", "Server"])
        #expect(head.keepsConnection)
    }

    static let heads = [
        headText("HTTP/1.1 200 OK"),
        headText("HTTP/1.0 200", "A: b"),
        headText("HTTP/1.1 204 ", "Connection: close"),
        headText("HTTP/1.1 200 OK", "Transfer-Encoding: Chunked", "Set-Cookie: a", "Set-Cookie: a"),
    ]

    @Test(arguments: heads)
    func `an answer's head that comes in pieces is the same, wherever it is cut`(
        text: String
    ) throws {
        let bytes = octets(text)
        let whole = try #require(try HeadReading(.answer, bytes))
        for cut in 0..<bytes.count {
            #expect(try HeadReading(.answer, Array(bytes[..<cut])) == nil, "cut at \(cut)")
            let read = try HeadReading(.answer, bytes, growingTo: [cut, bytes.count])
            #expect(read == whole, "cut at \(cut)")
        }
        #expect(try HeadReading(.answer, bytes, growingTo: 0...bytes.count) == whole)
    }

    @Test(
        arguments: [
            (200, "X: 1", .untilClose), (200, "Content-Length: 7", .length(7)),
            (200, "Transfer-Encoding: chunked", .chunked), (500, "X: 1", .untilClose),
            (204, "X: 1", .none), (204, "Content-Length: 7", .none),
            (304, "Content-Length: 7", .none),
            (304, "Transfer-Encoding: chunked", .none), (100, "X: 1", .none), (101, "X: 1", .none),
            (199, "Content-Length: 9", .none), (205, "Content-Length: 0", .length(0)),
        ] as [(Int, String, HTTPHead.Framing)])
    func `the status and the fields say where the body ends`(
        status: Int, field: String, framing: HTTPHead.Framing
    ) throws {
        let text = headText("HTTP/1.1 \(status) Reason", field)
        #expect(try HeadReading(.answer, text)?.framing == framing)
        #expect(try HeadReading(.answerToHead, text)?.framing == HTTPHead.Framing.none)
    }

    @Test func `an answer that ends with its connection does not keep it`() throws {
        let text = headText("HTTP/1.1 200 OK", "Connection: keep-alive")
        #expect(try HeadReading(.answer, text)?.keepsConnection == false)
        #expect(try HeadReading(.answerToHead, text)?.keepsConnection == true)
    }

    @Test(arguments: [
        ("HTTP/1.1 20 OK", "status"), ("HTTP/1.1 099 OK", "status"), ("HTTP/1.1 2000", "status"),
        ("HTTP/1.1 2x0 OK", "status"), ("HTTP/1.1  200 OK", "status"), ("HTTP/1.1\t200", "status"),
        ("HTTP/1.1 200OK", "status"), ("HTTP/1.1 +20 OK", "status"), ("HTTP/1.1", "status line"),
        ("HTTP/1.1 200 O\u{0}K", "control"), ("HTTP/1.1 200 O\u{7f}K", "control"),
        ("HTTP/1.1 200 O\rK", "control"), ("HTTP/1.2 200 OK", "version"),
        ("HTTP/1.x 200 OK", "version"), ("HTTP/2.0 200 OK", "not HTTP/1.x"),
        ("http/1.1 200 OK", "not HTTP/1.x"), ("ICY 200 OK", "not HTTP/1.x"),
    ])
    func `a status line that is none is refused`(line: String, words: String) throws {
        let refusal = try #require(headRefusal(of: .answer, headText(line, "Content-Length: 0")))
        #expect(refusal.words.contains(words), "\(refusal)")
    }

    @Test func `what is no answer is refused with its first octets`() throws {
        for text in ["S", "HTTQ", "HTTP/2", "\r\n", " HTTP/1.1", "\u{16}\u{3}"] {
            #expect(headRefusal(of: .answer, text) != nil, "\(text)")
        }
        for text in ["", "H", "HTTP/1.", "HTTP/1.1 200 OK\r\n"] {
            #expect(headRefusal(of: .answer, text) == nil, "\(text)")
        }
    }

    @Test(arguments: [
        ["Content-Length: 1", "Content-Length: 1"], ["Content-Length: 1, 1"],
        ["Content-Length: 1", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 1"], ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], ["Transfer-Encoding:"],
        ["Content-Length:"], ["Content-Length: -1"], [" Folded: 1"], ["A : b"], ["A"],
        ["A: b\u{0}"], ["A: b\rC: d"],
    ])
    func `an answer with an ambiguous end or a malformed field is refused`(
        fields: [String]
    ) throws {
        let text = "HTTP/1.1 200 OK\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        #expect(headRefusal(of: .answer, text) != nil)
    }
}
