import HTTPTransport
import Testing

@Suite struct DestinationTests {
    @Test(arguments: [
        ("3000", "http://localhost:3000/path", "localhost", 3000, "localhost:3000"),
        ("localhost:3000", "http://localhost:3000/path", "localhost", 3000, "localhost:3000"),
        ("localhost:80", "http://localhost/path", "localhost", 80, "localhost"),
        ("3000/a?b=c", "http://localhost:3000/a?b=c", "localhost", 3000, "localhost:3000"),
        ("http://a.example", "http://a.example/path", "a.example", 80, "a.example"),
        ("http://a.example/", "http://a.example/", "a.example", 80, "a.example"),
        ("HTTPS://a.example:/x", "https://a.example/x", "a.example", 443, "a.example"),
        ("https://a.example:80", "https://a.example:80/path", "a.example", 80, "a.example:80"),
        ("https://a.example?b", "https://a.example/?b", "a.example", 443, "a.example"),
        ("http://a.example/x#part", "http://a.example/x", "a.example", 80, "a.example"),
        ("http://a.example#part", "http://a.example/path", "a.example", 80, "a.example"),
        ("http://[::1]:3000/x", "http://[::1]:3000/x", "::1", 3000, "[::1]:3000"),
        ("[::1]", "http://[::1]/path", "::1", 80, "[::1]"),
        ("127.0.0.1:65535", "http://127.0.0.1:65535/path", "127.0.0.1", 65535, "127.0.0.1:65535"),
        ("a.example/x?u=http://b", "http://a.example/x?u=http://b", "a.example", 80, "a.example"),
        ("a.example/x@y:z", "http://a.example/x@y:z", "a.example", 80, "a.example"),
    ])
    func `an address is read as a person types it`(
        text: String, url: String, host: String, port: Int, hostHeader: String
    ) throws {
        let destination = try Destination(parsing: text, defaultPath: "/path")
        #expect(destination.description == url)
        #expect(destination.host == host)
        #expect(destination.port == port)
        #expect(destination.hostHeader == hostHeader)
        #expect(try Destination(parsing: url) == destination)
    }

    @Test(arguments: [
        ("", "is empty"), ("http://", "has no host"), ("http:///x", "has no host"),
        (":3000", "has no host"), ("[]:1", "has no host"), ("::1", "has no host"),
        ("ftp://a", "scheme 'ftp'"), ("://a", "scheme ''"), ("ws://a/", "use http or https"),
        ("http://user@a", "user name"), ("http://user:word@a:1/", "user name"),
        ("http://a b/", "U+20"), ("http://a/\n", "U+a"), ("http://\u{e9}/", "U+e9"),
        ("a:0", "port '0'"), ("70000", "port '70000'"), ("a:65536", "port '65536'"),
        ("a:-1", "port '-1'"), ("a:+80", "port '+80'"), ("a:b", "port 'b'"),
        ("a:1:2", "port '1:2'"), ("a:99999999999999999999", "ports are 1 to 65535"),
        ("http://[::1", "has no ']'"), ("http://[::1]x", "has 'x' behind"),
    ])
    func `what is no address is refused with the reason`(text: String, reason: String) {
        let error = #expect(throws: DestinationError.self) { try Destination(parsing: text) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func `an address has a limit, and a password is not repeated`() throws {
        let longest = "a/" + String(repeating: "x", count: Destination.maximumLength - 2)
        #expect(try Destination(parsing: longest).host == "a")
        #expect(throws: DestinationError.self) { try Destination(parsing: longest + "x") }
        let error = #expect(throws: DestinationError.self) {
            try Destination(parsing: "http://me:hunter2@a/")
        }
        #expect(error?.description.contains("hunter2") == false)
    }
}
