import Callbacks
import NIOCore

/// What agent and relay say to each other on the first stream that the agent opens: one JSON object a line.
enum TunnelMessage: Hashable {
    /// An agent wants requests. Sent once on each of its connections.
    case register(Registration)
    /// The relay sends them here.
    case registered(Registered)
    /// The relay does not, and the agent should not try again as it is.
    case refused(RegistrationRefusal)
    /// The relay takes no new requests for this connection; dial again, perhaps elsewhere.
    case draining

    /// Octets of a message.
    static let maximumBytes = 64 << 10

    /// Reads a line.
    ///
    /// - Throws: ``Malformed``.
    init(parsing line: [UInt8]) throws(Malformed) {
        guard let json = try? JSONValue(parsing: line), let type = json["type"]?.string else {
            throw Malformed("a line that is no message")
        }
        switch type {
        case "register": self = .register(try Registration(json))
        case "registered": self = .registered(try Registered(json))
        case "refused":
            guard let text = json["message"]?.string else {
                throw Malformed("a refusal without a message")
            }
            let code = json["code"]?.string.flatMap(RegistrationRefusal.Code.init(rawValue:))
            self = .refused(RegistrationRefusal(code ?? .other, text))
        case "draining": self = .draining
        default: throw Malformed("the unknown message '\(type.prefix(40))'")
        }
    }

    /// The line, with its end.
    var line: ByteBuffer {
        let json: JSONValue =
            switch self {
            case .register(let registration): registration.json
            case .registered(let registered): registered.json
            case .refused(let refusal):
                [
                    "type": "refused", "code": .string(refusal.code.rawValue),
                    "message": .string(refusal.message),
                ]
            case .draining: ["type": "draining"]
            }
        return ByteBuffer(string: json.text(.plain) + "\n")
    }

    struct Malformed: Error, Hashable, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}

/// What an agent asks for.
package struct Registration: Hashable, Sendable {
    /// The version of the messages; an agent of another one is refused.
    static let version = 1

    /// A label of a host name, or nil for what the token owns, or a random one.
    package var name: String?
    package var token: String?
    /// Names the agent's process, so that its connections belong together.
    package var agent: String
    /// Which of the agent's connections this is; a new one takes the place of an old one of the same number.
    package var line = 0
    package var options = TunnelOptions()

    package init(agent: String) { self.agent = agent }

    init(_ json: JSONValue) throws(TunnelMessage.Malformed) {
        guard json["version"]?.integer == Self.version else {
            throw TunnelMessage.Malformed("a registration of another version than \(Self.version)")
        }
        guard let agent = json["agent"]?.string, (1...64).contains(agent.utf8.count) else {
            throw TunnelMessage.Malformed("a registration without the agent's identity")
        }
        self.agent = agent
        name = try Self.text(json, "name")
        token = try Self.text(json, "token")
        line = json["line"]?.integer ?? 0
        options.isShared = try Self.value(json, "share", \.bool) ?? false
        options.basicAuthentication = try Self.text(json, "basic_auth")
        let allowed = try Self.value(json, "allow", \.array) ?? []
        options.allowed = allowed.compactMap(\.string)
        guard options.allowed.count == allowed.count else {
            throw TunnelMessage.Malformed("a range of addresses that is no text")
        }
        guard options.allowed.count <= TunnelOptions.maximumAllowed else {
            throw TunnelMessage.Malformed(
                "more than \(TunnelOptions.maximumAllowed) address ranges")
        }
    }

    private static func text(
        _ json: JSONValue, _ name: String
    ) throws(TunnelMessage.Malformed) -> String? {
        try value(json, name, \.string)
    }

    /// A member that may be missing, but not be of another kind: a wish that is not understood must not
    /// leave a tunnel open.
    private static func value<Value>(
        _ json: JSONValue, _ name: String, _ read: (JSONValue) -> Value?
    ) throws(TunnelMessage.Malformed) -> Value? {
        guard let member = json[name], !member.isNull else { return nil }
        guard let value = read(member) else {
            throw TunnelMessage.Malformed("a registration whose '\(name)' is of another kind")
        }
        return value
    }

    var json: JSONValue {
        [
            "type": "register", "version": JSONValue(Self.version), "agent": .string(agent),
            "name": name.map { .string($0) } ?? .null, "token": token.map { .string($0) } ?? .null,
            "line": JSONValue(line), "share": .bool(options.isShared),
            "basic_auth": options.basicAuthentication.map { .string($0) } ?? .null,
            "allow": .array(options.allowed.map { .string($0) }),
        ]
    }
}

/// What an agent wants of its tunnel.
package struct TunnelOptions: Hashable, Sendable {
    /// Address ranges of an allow-list.
    static let maximumAllowed = 256

    /// Whether other agents of the same owner may take a part of the requests.
    package var isShared = false
    /// `USER:PASSWORD` that senders must have.
    package var basicAuthentication: String?
    /// Ranges, such as `203.0.113.0/24`, of the senders that may; all when empty.
    package var allowed: [String] = []

    package init() {}
}

/// What a relay tells an agent that it has taken.
struct Registered: Hashable {
    var name: String
    var url: String
    /// Event loops of the relay; an agent should have a connection to each.
    var loops: Int
    /// The one that this connection belongs to.
    var loop: Int

    init(name: String, url: String, loops: Int, loop: Int) {
        self.name = name
        self.url = url
        self.loops = loops
        self.loop = loop
    }

    init(_ json: JSONValue) throws(TunnelMessage.Malformed) {
        guard let name = json["name"]?.string, let url = json["url"]?.string,
            let loops = json["loops"]?.integer, let loop = json["loop"]?.integer,
            (1...1024).contains(loops), (0..<loops).contains(loop)
        else { throw TunnelMessage.Malformed("a registration without its facts") }
        self.init(name: name, url: url, loops: Int(loops), loop: Int(loop))
    }

    var json: JSONValue {
        [
            "type": "registered", "name": .string(name), "url": .string(url),
            "loops": JSONValue(loops), "loop": JSONValue(loop),
        ]
    }
}

/// Why a relay does not take an agent.
package struct RegistrationRefusal: Error, Hashable, Sendable {
    package enum Code: String, Sendable {
        /// A token is needed, or that one is not known.
        case token
        /// The name belongs to somebody else, or is in use.
        case name
        /// Another agent that owns the name has taken it.
        case takenOver = "taken-over"
        /// The relay's operator has sent the agent away.
        case dismissed
        /// The agent has a connection to this event loop of the relay already; another attempt may come to
        /// another one.
        case surplus
        /// A limit of the relay.
        case limit
        case malformed
        case other
    }

    package var code: Code
    package var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    static func takenOver(_ name: String) -> RegistrationRefusal {
        RegistrationRefusal(
            .takenOver, "another agent with a token for it has taken the name '\(name)'")
    }
}
