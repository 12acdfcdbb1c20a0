import NIOCore
import Synchronization
import Testing

@testable import Relay

@Suite struct AccessLogTests {
    /// The line of an exchange, without its time.
    static func line(
        _ exchange: AccessLog.Exchange, status: Int?, requestBytes: Int = 0
    ) throws -> String {
        let lines = Mutex<[String]>([])
        let log = AccessLog { line in lines.withLock { $0.append(line) } }
        log.note(exchange, status: status, requestBytes: requestBytes)
        let all = lines.withLock { $0 }
        #expect(all.count == 1)
        let line = try #require(all.first)
        #expect(line.hasSuffix("us\n"))
        return line.split(separator: " ").dropFirst().dropLast().joined(separator: " ")
    }

    static func exchange(_ method: String?, _ target: String?) -> AccessLog.Exchange {
        AccessLog.Exchange(
            tunnel: "alice", address: "203.0.113.7", method: method.map(octets),
            target: target.map(octets), begun: .now())
    }

    @Test func `a line has who, what and what became of it`() throws {
        let line = try Self.line(Self.exchange("GET", "/a?b=c"), status: 200, requestBytes: 7)
        #expect(line == #"203.0.113.7 alice "GET /a?b=c" 200 - 7"#)
    }

    @Test func `what is not known is a hyphen`() throws {
        var exchange = AccessLog.Exchange(begun: .now())
        exchange.reason = "sender-gone"
        #expect(try Self.line(exchange, status: nil) == #"- - "- -" - sender-gone 0"#)
    }

    @Test(arguments: [
        ("/\"x\"", #"/\x22x\x22"#), ("/a\\b", #"/a\x5cb"#), ("/a b", #"/a\x20b"#),
        ("/\r\n2026 forged", #"/\x0d\x0a2026\x20forged"#), ("/\u{e9}\u{0}", #"/\xe9\x00"#),
        ("/\u{1b}[31m", #"/\x1b[31m"#),
    ])
    func `nothing in a line ends it, or a word in it`(target: String, shown: String) throws {
        let line = try Self.line(Self.exchange("GET", target), status: 200)
        #expect(line == #"203.0.113.7 alice "GET \#(shown)" 200 - 0"#)
        let swapped = try Self.line(Self.exchange(target, "/"), status: 200)
        #expect(swapped == #"203.0.113.7 alice "\#(shown) /" 200 - 0"#)
    }

    @Test func `a long target is cut`() throws {
        let target = "/" + String(repeating: "a", count: 100_000)
        #expect(try Self.line(Self.exchange("GET", target), status: 200).count < 2200)
    }
}
