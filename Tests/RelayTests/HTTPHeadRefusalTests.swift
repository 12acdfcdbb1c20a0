import Testing

@testable import Relay

/// What `Connection` may name.
@Suite struct ConnectionOptionTests {
    @Test(arguments: [(32, true), (33, false)])
    func `a Connection field names so much at the most`(count: Int, isTaken: Bool) {
        let names = (0..<count).map { "x\($0)" }
        for fields in [
            ["Connection: \(names.joined(separator: ","))"], names.map { "Connection: \($0)" },
        ] {
            let lines = ["GET / HTTP/1.1", "Host: a"] + fields
            let bytes = octets(lines.map { $0 + "\r\n" }.joined() + "\r\n")
            var head = HTTPHead()
            var scanned = 0
            let isWhole = bytes.withUnsafeBytes { raw in
                try? head.read(request: raw, scanned: &scanned, limit: 1 << 20)
            }
            #expect((isWhole == true) == isTaken)
        }
    }
}

@Suite struct HTTPHeadRefusalTests {
    @Test(arguments: [
        ("GET  / HTTP/1.1", "target"), ("GET /  HTTP/1.1", "version"),
        ("GET / HTTP/1.1 ", "version"),
        ("GET\t/ HTTP/1.1", "method"), ("GET /", "target"), ("GET", "method"),
        ("G@T / HTTP/1.1", "method"),
        ("GET /\u{e9} HTTP/1.1", "target"), ("GET /\u{0} HTTP/1.1", "target"),
        ("GET /a b HTTP/1.1", "version"), ("GET / http/1.1", "version"),
        ("GET / HTTP/11", "version"),
        ("GET / HTTP/1.", "version"), ("GET / HTTP/1.10", "version"), ("GET / HTTP/x.1", "version"),
        ("GET / HTTP/1:1", "version"), ("GET / HTTPS/1.1", "version"),
        ("GET /\r HTTP/1.1", "target"),
        ("GET / HTTP/1.1\r", "version"),
    ])
    func `a request line that is none is refused`(line: String, words: String) throws {
        let refusal = try #require(headRefusal(of: .request, headText(line, "Host: a")))
        #expect(refusal.words.contains(words), "\(refusal)")
    }

    @Test(arguments: ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/9.9", "HTTP/3.1"])
    func `another version is told as such`(version: String) {
        let text = headText("GET / \(version)", "Host: a")
        #expect(headRefusal(of: .request, text) == .versionNotSupported)
    }

    @Test(arguments: [
        ("A b: c", "name"), ("A : c", "name"), (": c", "name"), ("A", "name"),
        ("A\u{e9}: c", "name"),
        ("A\u{0}: c", "name"), ("(A): c", "name"), (" A: c", "goes on"), ("\tA: c", "goes on"),
        ("A: b\u{0}", "control"), ("A: \u{7f}", "control"), ("A: b\u{1b}[0m", "control"),
        ("A: b\rB: c", "control"), ("A: b\r", "control"), ("A: b\u{b}", "control"),
    ])
    func `a field that is none is refused`(field: String, words: String) throws {
        let refusal = try #require(
            headRefusal(of: .request, headText("GET / HTTP/1.1", "Host: a", field, "Last: 1")))
        #expect(refusal.words.contains(words), "\(refusal)")
    }

    @Test(arguments: [
        "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: b\n\n", "GET / HTTP/1.1\r\n\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
    ])
    func `a line that ends without CR is refused`(text: String) throws {
        #expect(
            try #require(headRefusal(of: .request, text)).words == "a line that ends without CR")
    }

    @Test(arguments: [
        ["X: 1"], ["Host: a", "Host: a"], ["Host: a", "host: b"], ["Host: a b"], ["Host: a/b"],
        ["Host: a@b"], ["Host: a, b"], ["Host: a:b"], ["Host: a:80:80"], ["Host: a:-1"],
        ["Host: a:123456"], ["Host: ["], ["Host: ]"], ["Host: [::1"], ["Host: ::1"],
        ["Host: a\u{e9}"], ["Host: [::1]x"], ["Host: x[::1]"], ["Host: [a/b]"], ["Host: %61"],
    ])
    func `a request has one host, and that is a host`(fields: [String]) throws {
        let text = "GET / HTTP/1.1\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        #expect(try #require(headRefusal(of: .request, text)).words.contains("Host"))
    }

    @Test(arguments: [
        ["Content-Length: 1", "Content-Length: 1"], ["Content-Length: 1", "Content-Length: 2"],
        ["Content-Length: 1, 1"], ["Content-Length: +1"], ["Content-Length: -1"],
        ["Content-Length: 0x1"], ["Content-Length: 1 1"], ["Content-Length:"],
        ["Content-Length: 1.0"], ["Content-Length: \u{b2}"],
        ["Content-Length: 1234567890123456789"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip"], ["Transfer-Encoding: chunked, chunked"],
        ["Transfer-Encoding: gzip, chunked"], ["Transfer-Encoding: identity"],
        ["Transfer-Encoding:"], ["Transfer-Encoding: chunked;q=1"],
        ["Transfer-Encoding: \"chunked\""],
        ["Transfer-Encoding: xchunked"], ["Transfer-Encoding: chunked\u{b}"],
        ["Transfer-Encoding: , chunked"],
    ])
    func `an ambiguous end of the body is refused`(fields: [String]) {
        let text = "POST / HTTP/1.1\r\nHost: a\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        #expect(headRefusal(of: .request, text) != nil)
    }

    @Test func `chunks of HTTP/1.0 are refused`() throws {
        let text = headText("POST / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked")
        #expect(try #require(headRefusal(of: .request, text)).words.contains("HTTP/1.0"))
    }

    @Test func `what is no request is refused with its first octet`() {
        for text in ["\r\n", " GET", "\u{16}\u{3}\u{1}", "\u{0}", "(", "\n"] {
            #expect(headRefusal(of: .request, text) != nil, "\(text.debugDescription)")
        }
        #expect(headRefusal(of: .request, "") == nil)
        #expect(headRefusal(of: .request, "PRI * HTTP/2.0\r\n\r\n") != nil)
    }

    @Test func `a head up to the limit is taken, and one beyond it is not`() throws {
        let text = headText("GET / HTTP/1.1", "Host: a", "X: \(String(repeating: "x", count: 500))")
        let count = text.utf8.count
        #expect(try HeadReading(.request, text, limit: count)?.count == count)
        #expect(throws: HTTPRefusal.headTooLarge) {
            try HeadReading(.request, text, limit: count - 1)
        }
        // Also when its end is not there, or a body is behind it.
        #expect(try HeadReading(.request, String(text.dropLast()), limit: count) == nil)
        #expect(throws: HTTPRefusal.headTooLarge) {
            try HeadReading(.request, octets(text).dropLast() + [], limit: count - 2)
        }
        #expect(try HeadReading(.request, text + text, limit: count)?.count == count)
    }

    @Test func `fields are counted`() throws {
        let field = "A: b\r\n"
        func head(_ count: Int) -> String {
            "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: field, count: count - 1) + "\r\n"
        }
        let most = HTTPHead.maximumFields
        #expect(try HeadReading(.request, head(most))?.fields.count == most)
        #expect(throws: HTTPRefusal.headTooLarge) { try HeadReading(.request, head(most + 1)) }
    }
}
