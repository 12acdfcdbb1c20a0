import NIOCore
import Testing

@testable import Relay

@Suite struct HostNameTests {
    @Test(arguments: [
        ("alice.relay.test", "alice"), ("Alice.Relay.TEST:8080", "alice"),
        ("a-1.relay.test:", "a-1"),
        ("relay.test", nil), ("alice.relay.test.", nil), ("a.b.relay.test", nil),
        ("alicerelay.test", nil), (".relay.test", nil), ("-a.relay.test", nil),
        ("a_b.relay.test", nil),
        ("alice.relay.test.evil", nil), ("", nil), ("[::1]", nil), ("alice", nil),
        (String(repeating: "a", count: 64) + ".relay.test", nil),
    ])
    func `a host names a tunnel or none`(host: String, name: String?) {
        #expect(HostName.tunnel(of: host, domain: "relay.test") == name)
    }

    @Test(arguments: [
        ("203.0.113.7", "203.0.113.7"), ("10.0.0.1, 203.0.113.7", "203.0.113.7"),
        // What stands in front of the last one that is not trusted may be made up.
        ("198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("203.0.113.7:4711 ,10.0.0.2", "203.0.113.7"), ("[2001:db8::1]:80", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"), ("10.0.0.1, 10.0.0.2", "10.0.0.1"),
        ("203.0.113.7, nonsense", "nonsense"), ("", nil),
    ])
    func `of those that a forwarder names, the sender is the last that is no forwarder`(
        value: String, sender: String?
    ) throws {
        let trusted = [try #require(AddressRange("10.0.0.0/8"))]
        #expect(Forwarding.origin([value], trusted) == sender)
        let lines = value.split(separator: ",").map(String.init)
        #expect(Forwarding.origin(lines, trusted) == sender, "in several fields")
    }

    @Test(arguments: [
        ("relay.test", true), ("RELAY.test:443", true), ("127.0.0.1", true), ("127.0.0.1:80", true),
        ("[::1]:80", true), ("[2001:db8::1]", true), ("alice.relay.test", false),
        ("other.test", false),
        ("xrelay.test", false), ("", false), ("1.2.3", false),
    ])
    func `a host is the relay's own or not`(host: String, isOwn: Bool) {
        #expect(HostName.isOwn(host, domain: "relay.test") == isOwn)
    }

    @Test(arguments: [
        ("/alice/rest?a=/b", "alice", "/rest?a=/b"), ("/Alice", "alice", ""),
        ("/alice/", "alice", "/"),
        ("/alice?x", "alice", "?x"), ("/alice//x", "alice", "//x"), ("/", nil, ""),
        ("//alice", nil, ""),
        ("/a.b/c", nil, ""), ("*", nil, ""), ("alice", nil, ""), ("/%61lice/x", nil, ""),
    ])
    func `a path's first segment is a name`(path: String, name: String?, rest: String) {
        let bytes = octets("GET " + path + " ")
        let split = bytes.withUnsafeBytes { HostName.split($0, 4..<(bytes.count - 1)) }
        #expect(split?.name == name)
        if let split { #expect(text(bytes[split.rest]) == rest) }
    }

    @Test func `fields say who sent a request, and with which scheme`() {
        let fields = Forwarding.fields(
            address: "203.0.113.7", host: "alice.relay.test", isTLS: true, prefix: "", beside: [])
        #expect(
            String(buffer: fields)
                == "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"
                + "X-Forwarded-Host: alice.relay.test\r\n"
                + "Forwarded: for=203.0.113.7;proto=https;host=alice.relay.test\r\n")
        let six = Forwarding.fields(
            address: "2001:db8::1", host: "[::1]:80", isTLS: false, prefix: "/alice", beside: [])
        #expect(
            String(buffer: six)
                == "X-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Proto: http\r\n"
                + "X-Forwarded-Host: [::1]:80\r\nX-Forwarded-Prefix: /alice\r\n"
                + "Forwarded: for=\"[2001:db8::1]\";proto=http;host=\"[::1]:80\"\r\n")
    }

    @Test func `what a trusted forwarder says of the first hop stands`() {
        let fields = Forwarding.fields(
            address: "10.0.0.1", host: "a", isTLS: false, prefix: "",
            beside: ["x-forwarded-proto", "x-forwarded-host"])
        #expect(
            String(buffer: fields)
                == "X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1;proto=http;host=a\r\n")
    }

    @Test(arguments: [
        ("Basic dXNlcjpw", true), ("BASIC dXNlcjpw", true), ("bASIC dXNlcjpw", true),
        ("Basic DXNlcjpw", false), ("Basic dXNlcjpW", false), ("Basic  XNlcjpw", false),
        ("Basic dXNlcjp", false), ("Basic dXNlcjpw ", false), ("", false),
        ("Basic\u{0}dXNlcjpw", false),
        ("Basi\u{43} dXNlcjpw", true),
    ])
    func `a password is right or wrong`(value: String, isRight: Bool) {
        let bytes = octets(value)
        bytes.withUnsafeBytes { raw in
            #expect(
                BasicAuthentication.matches(raw[raw.startIndex...], octets("Basic dXNlcjpw"))
                    == isRight)
        }
    }
}
