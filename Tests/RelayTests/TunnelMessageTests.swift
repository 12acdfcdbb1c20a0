import NIOCore
import Testing

@testable import Relay

@Suite struct TunnelMessageTests {
    static func registration(_ change: (inout Registration) -> Void = { _ in }) -> Registration {
        var registration = Registration(agent: "agent-1")
        change(&registration)
        return registration
    }

    static let all: [TunnelMessage] = [
        .register(registration()),
        .register(
            registration {
                $0.name = "alice"
                $0.token = "cst_\"\\\n\u{e9}"
                $0.line = 3
                $0.options.isShared = true
                $0.options.basicAuthentication = "user:pass:word"
                $0.options.allowed = ["203.0.113.0/24", "2001:db8::/32"]
            }),
        .registered(Registered(name: "alice", url: "https://alice.relay.test", loops: 4, loop: 3)),
        .refused(RegistrationRefusal(.token, "no token")),
        .refused(RegistrationRefusal(.takenOver, "another agent")),
        .draining,
    ]

    @Test(arguments: all)
    func `a message comes back from its line`(message: TunnelMessage) throws {
        var line = Array(message.line.readableBytesView)
        #expect(line.popLast() == HTTPBytes.lineFeed)
        #expect(!line.contains(HTTPBytes.lineFeed))
        #expect(line.count < TunnelMessage.maximumBytes)
        #expect(try TunnelMessage(parsing: line) == message)
    }

    @Test func `the wire's words stay what they are`() {
        let message = TunnelMessage.register(
            Self.registration {
                $0.name = "a"
                $0.options.allowed = ["::1"]
            })
        #expect(
            String(buffer: message.line)
                == #"{"type":"register","version":1,"agent":"agent-1","name":"a","token":null,"#
                + #""line":0,"share":false,"basic_auth":null,"allow":["::1"]}"# + "\n")
        #expect(String(buffer: TunnelMessage.draining.line) == #"{"type":"draining"}"# + "\n")
        #expect(
            String(buffer: TunnelMessage.refused(.init(.takenOver, "m")).line)
                == #"{"type":"refused","code":"taken-over","message":"m"}"# + "\n")
    }

    @Test func `members that a later version adds mean nothing, and missing ones have defaults`()
        throws
    {
        let text = #"{"type":"register","version":1,"agent":"x","later":{"a":[1]}}"#
        #expect(
            try TunnelMessage(parsing: octets(text)) == .register(Registration(agent: "x")))
        let refused = #"{"type":"refused","code":"a-later-one","message":"m"}"#
        #expect(try TunnelMessage(parsing: octets(refused)) == .refused(.init(.other, "m")))
    }

    @Test(arguments: [
        "", " ", "register", "{", "{}", "[]", "null", #"{"type":1}"#, #"{"type":"hello"}"#,
        #"{"type":"register"}"#, #"{"type":"register","version":1}"#,
        #"{"type":"register","version":2,"agent":"x"}"#,
        #"{"type":"register","version":"1","agent":"x"}"#,
        #"{"type":"register","version":1,"agent":""}"#,
        #"{"type":"register","version":1,"agent":7}"#,
        #"{"type":"refused"}"#, #"{"type":"refused","code":"token"}"#,
        #"{"type":"registered"}"#,
        #"{"type":"registered","name":"a","url":"u","loops":0,"loop":0}"#,
        #"{"type":"registered","name":"a","url":"u","loops":1,"loop":1}"#,
        #"{"type":"registered","name":"a","url":"u","loops":1,"loop":-1}"#,
        #"{"type":"registered","name":"a","url":"u","loops":1025,"loop":0}"#,
        #"{"type":"registered","name":"a","url":"u","loops":1.5,"loop":0}"#,
        #"{"type":"registered","name":"a","url":"u","loops":99999999999999999999,"loop":0}"#,
        #"{"type":"registered","url":"u","loops":1,"loop":0}"#,
    ])
    func `what is no message is refused`(line: String) {
        #expect(throws: TunnelMessage.Malformed.self) { try TunnelMessage(parsing: octets(line)) }
    }

    @Test func `an agent's identity and its address ranges have limits`() throws {
        func line(agent: Int, ranges: Int) -> [UInt8] {
            let message = TunnelMessage.register(
                Self.registration {
                    $0.agent = String(repeating: "a", count: agent)
                    $0.options.allowed = Array(repeating: "::1", count: ranges)
                })
            return Array(message.line.readableBytesView)
        }
        _ = try TunnelMessage(parsing: line(agent: 64, ranges: 256))
        for (agent, ranges) in [(65, 0), (0, 0), (1, 257)] {
            #expect(throws: TunnelMessage.Malformed.self) {
                try TunnelMessage(parsing: line(agent: agent, ranges: ranges))
            }
        }
    }

    @Test(arguments: [
        #""basic_auth":5"#, #""basic_auth":["a:b"]"#, #""allow":"10.0.0.0/8""#, #""allow":[8]"#,
        #""allow":["::1",null]"#, #""allow":{}"#, #""share":"yes""#, #""name":5"#, #""token":5"#,
    ])
    func `a wish that cannot be read is refused: nobody's tunnel is open by mistake`(
        member: String
    ) {
        let line = #"{"type":"register","version":1,"agent":"x","# + member + "}"
        #expect(throws: TunnelMessage.Malformed.self) { try TunnelMessage(parsing: octets(line)) }
    }

    @Test func `an unknown message is named, and not at length`() throws {
        let type = String(repeating: "x", count: 1000)
        let error = #expect(throws: TunnelMessage.Malformed.self) {
            try TunnelMessage(parsing: octets(#"{"type":"\#(type)"}"#))
        }
        #expect(try #require(error).description.count < 100)
    }
}
