import Testing

@testable import Relay

@Suite struct HTTPHeadRequestTests {
    @Test func `a request's parts are where they are`() throws {
        let bytes = headText(
            "POST /callbacks?a=b HTTP/1.1", "Host: alice.relay.test:8080", "content-LENGTH: 12",
            "X-Empty:", "X-Space: \t a b\t ", "X-Octets: \u{e9}\u{ff}")
        let head = try #require(try HeadReading(.request, bytes + "body"))
        #expect(head.count == bytes.unicodeScalars.count)
        #expect(head.method == "POST")
        #expect(head.target == "/callbacks?a=b")
        #expect(head.minorVersion == 1)
        #expect(head.host == "alice.relay.test:8080")
        #expect(head.framing == .length(12))
        #expect(
            head.fields.map(\.name) == ["Host", "content-LENGTH", "X-Empty", "X-Space", "X-Octets"])
        #expect(
            head.fields.map(\.value) == ["alice.relay.test:8080", "12", "", "a b", "\u{e9}\u{ff}"])
        #expect(head.fields[3].line == "X-Space: \t a b\t \r\n")
    }

    static let heads = [
        headText("GET / HTTP/1.1", "Host: a"),
        headText("GET / HTTP/1.0", "Host:", "Connection: keep-alive"),
        headText(
            "POST /x HTTP/1.1", "Transfer-Encoding: chunked", "Host: a.relay.test", "A:", "B:  "),
        headText("OPTIONS * HTTP/1.1", "Host: [::1]:80", "Connection: close, X-Mine"),
    ]

    @Test(arguments: heads)
    func `a head that comes in two pieces is the same, wherever it is cut`(text: String) throws {
        let bytes = octets(text)
        let whole = try #require(try HeadReading(.request, bytes))
        for cut in 0..<bytes.count {
            #expect(try HeadReading(.request, Array(bytes[..<cut])) == nil, "cut at \(cut)")
            let read = try HeadReading(.request, bytes, growingTo: [cut, bytes.count])
            #expect(read == whole, "cut at \(cut)")
        }
        #expect(try HeadReading(.request, bytes, growingTo: 0...bytes.count) == whole)
    }

    @Test func `one value reads the heads of a connection, and keeps nothing of the last one`()
        throws
    {
        var head = HTTPHead()
        var scanned = 0
        let first = octets(
            headText(
                "POST / HTTP/1.0", "Host: a", "Content-Length: 5", "Connection: close, upgrade, X-A"
            ))
        #expect(try head.read(.request, first, &scanned, HeadReading.limit))
        #expect(scanned == 0)
        let second = octets(headText("GET /b HTTP/1.1", "Host: bb"))
        #expect(try head.read(.request, second, &scanned, HeadReading.limit))
        #expect(head.fields.count == 1)
        #expect(head.framing == .none)
        #expect(head.minorVersion == 1)
        #expect(!head.wantsClose && !head.wantsKeepAlive && !head.wantsUpgrade)
        #expect(!head.namesFields)
        #expect(head.keepsConnection)
    }

    @Test func `what stands behind a head is not looked at`() throws {
        let head = headText("GET / HTTP/1.1", "Host: a")
        let read = try #require(try HeadReading(.request, head + "\n\u{0}\r\r\n\r\n"))
        #expect(read.count == head.utf8.count)
    }

    @Test(arguments: [
        ("Connection: close", 1, false), ("Connection: Close", 1, false), ("X: 1", 1, true),
        ("Connection: keep-alive", 0, true), ("Connection: Keep-Alive, X", 0, true),
        ("Connection: foo ,,close\t", 1, false), ("X: 1", 0, false),
        ("Connection: close, keep-alive", 0, false), ("Connection: closed", 1, true),
    ])
    func `a connection is kept or not`(field: String, minorVersion: Int, isKept: Bool) throws {
        let text = headText("GET / HTTP/1.\(minorVersion)", "Host: a", field)
        #expect(try HeadReading(.request, text)?.keepsConnection == isKept)
    }

    @Test func `two Connection fields count both`() throws {
        let text = headText(
            "GET / HTTP/1.1", "Host: a", "Connection: Upgrade", "Connection: close", "Upgrade: x")
        let read = try #require(try HeadReading(.request, text))
        #expect(read.wantsUpgrade)
        #expect(read.wantsClose)
    }

    @Test(
        arguments: [
            ("Host", .host), ("CONNECTION", .connection), ("content-length", .contentLength),
            ("Transfer-Encoding", .transferEncoding), ("Upgrade", .upgrade),
            ("Forwarded", .forwarding),
            ("x-forwarded-for", .forwarding), ("X-Forwarded-Whatever", .forwarding),
            ("X-Forwarded", .other), ("X-Forwarded-", .other), ("X-Forwarder", .other),
            ("Keep-Alive", .hopByHop), ("Proxy-Connection", .hopByHop), ("TE", .hopByHop),
            ("Proxy-Authorization", .hopByHop), ("Proxy-Authenticate", .hopByHop),
            ("Trailer", .other), ("Hos", .other), ("Hosts", .other), ("Expect", .other),
        ] as [(String, HTTPHead.FieldKind)])
    func `fields that mean something to an intermediary are known`(
        name: String, kind: HTTPHead.FieldKind
    ) throws {
        let value = ["host": "a", "content-length": "1", "transfer-encoding": "chunked"]
        let host = kind == .host ? "X-Other: a" : "Host: a"
        let text = headText(
            "GET / HTTP/1.1", host, "\(name): \(value[name.lowercased()] ?? "x")")
        #expect(try HeadReading(.request, text)?.fields.last?.kind == kind)
    }

    @Test(arguments: [
        "a", "a.b-c_d~e", "a:", "a:0", "A:65535", "127.0.0.1:80", "[::1]", "[2001:db8::1]:443", "",
    ])
    func `a host with its port is one`(host: String) throws {
        let read = try #require(
            try HeadReading(.request, headText("GET / HTTP/1.1", "Host: \(host)")))
        #expect(read.host == host)
    }

    @Test func `all octets of a token make a method, and all visible ones a target`() throws {
        let method = "!#$%&'*+-.^_`|~09AZaz"
        let target = text((0x21...0x7e).map { UInt8($0) })
        let read = try #require(
            try HeadReading(.request, headText("\(method) \(target) HTTP/1.1", "Host: a")))
        #expect(read.method == method)
        #expect(read.target == target)
    }
}
