import Foundation
import NIOCore
import NIOPosix
import Testing
import Yamux

@testable import Relay

/// A registry, and what agents ask of it.
struct Names {
    let tokens: TokenFile
    let registry: Registry

    init(isOpen: Bool = true, maximumTunnels: Int = 10) throws {
        tokens = TokenFile(folder: try TemporaryFolder.make())
        registry = Registry(tokens: tokens, isOpen: isOpen, maximumTunnels: maximumTunnels)
    }

    final class NoUser: TunnelUser {
        func tunnel(_ tunnel: TunnelHandler, opened stream: YamuxStream) {}
        func tunnelReadAll(_ tunnel: TunnelHandler) {}
        func tunnelPeerGoesAway(_ tunnel: TunnelHandler) {}
        func tunnelClosed(_ tunnel: TunnelHandler, _ reason: TunnelEnd) {}
    }

    static func line() -> TunnelHandler {
        TunnelHandler(
            YamuxSession(.server), eventLoop: MultiThreadedEventLoopGroup.singleton.any(),
            user: NoUser())
    }

    /// What became of a registration.
    struct Taken {
        let name: String
        let line: TunnelHandler
        let tunnel: PublicTunnel
        let replaced: [TunnelHandler]
    }

    @discardableResult
    func register(
        _ name: String? = nil, agent: String = "a", token: String? = nil, number: Int = 0,
        loop: Int = 0, _ change: (inout TunnelOptions) -> Void = { _ in }
    ) throws -> Taken {
        var registration = Registration(agent: agent)
        (registration.name, registration.token) = (name, token)
        registration.line = number
        change(&registration.options)
        let line = Self.line()
        let (tunnel, replaced) = try registry.register(registration, line, loop: loop)
        return Taken(
            name: tunnel.name, line: line, tunnel: tunnel, replaced: replaced.map(\.tunnel))
    }

    func refusal(
        of name: String? = nil, agent: String = "a", token: String? = nil, number: Int = 0,
        loop: Int = 0, _ change: (inout TunnelOptions) -> Void = { _ in }
    ) -> RegistrationRefusal.Code? {
        do {
            try register(name, agent: agent, token: token, number: number, loop: loop, change)
            return nil
        } catch {
            return (error as? RegistrationRefusal)?.code
        }
    }
}

@Suite struct RegistryTests {
    @Test func `a name is who asked for it, in lower case, until it is gone`() throws {
        let names = try Names()
        let taken = try names.register("Alice")
        #expect(taken.name == "alice")
        #expect(taken.replaced.isEmpty)
        #expect(names.registry.tunnel(named: "alice") === taken.tunnel)
        #expect(names.registry.tunnel(named: "Alice") == nil)
        #expect(taken.tunnel.choice(for: 0)?.line === taken.line)
        names.registry.remove(taken.line, of: taken.tunnel)
        #expect(names.registry.tunnel(named: "alice") == nil)
        #expect(taken.tunnel.choice(for: 0)?.line == nil)
        #expect(names.registry.all.isEmpty)
    }

    @Test func `who asks for no name gets a random one`() throws {
        let names = try Names()
        let random = try (0..<5).map { try names.register(agent: "a\($0)").name }
        #expect(Set(random).count == 5)
        #expect(random.allSatisfy { TunnelName.isValid($0) && $0.count == 12 })
    }

    @Test(arguments: ["", "-a", "a-", "a.b", "a_b", "é", "a b", String(repeating: "a", count: 64)])
    func `what is no name is refused`(name: String) throws {
        #expect(try Names().refusal(of: name) == .name)
    }

    @Test func `without a token a name belongs to the agent that is there`() throws {
        let names = try Names()
        let first = try names.register("alice", agent: "a")
        #expect(names.refusal(of: "alice", agent: "b") == .name)
        let again = try names.register("alice", agent: "a")
        #expect(again.tunnel === first.tunnel)
        #expect(again.replaced.count == 1 && again.replaced[0] === first.line)
        #expect(again.tunnel.lines.count == 1)
        // The one whose place was taken leaves, and the name stays.
        names.registry.remove(first.line, of: first.tunnel)
        #expect(names.registry.tunnel(named: "alice") === first.tunnel)
    }

    @Test func `a relay that is not open wants a token that it knows`() throws {
        let names = try Names(isOpen: false)
        #expect(names.refusal(of: "alice") == .token)
        #expect(names.refusal(of: "alice", token: "cst_no") == .token)
        let token = try names.tokens.add(name: "alice", now: 1)
        #expect(try names.register("alice", token: token).name == "alice")
        #expect(names.refusal(of: "bob", token: token) == .name)
        #expect(try names.tokens.remove(name: "alice") == 1)
        #expect(names.refusal(of: "alice", token: token) == .token)
    }

    @Test func `an open relay keeps the names of tokens for them`() throws {
        let names = try Names()
        let token = try names.tokens.add(name: "team-*", now: 1)
        _ = try names.tokens.add(name: "bob", now: 1)
        #expect(names.refusal(of: "team-x") == .name)
        #expect(names.refusal(of: "bob") == .name)
        #expect(names.refusal(of: "bob", token: token) == .name)
        #expect(names.refusal(of: "alice") == nil)
        #expect(names.refusal(of: "team-x", token: token) == nil)
        // Nobody's name is free because nobody can tell whose it is.
        try FileManager.default.removeItem(atPath: names.tokens.path)
        #expect(names.refusal(of: "bob") == .other)
    }

    @Test func `a token without a wish gets its name, or a random one of its pattern`() throws {
        let names = try Names()
        let alice = try names.tokens.add(name: "alice", now: 1)
        let team = try names.tokens.add(name: "team-*", now: 1)
        let all = try names.tokens.add(name: "*", now: 1)
        #expect(try names.register(token: alice).name == "alice")
        let ofTeam = try names.register(token: team).name
        #expect(ofTeam.hasPrefix("team-") && TunnelName.isValid(ofTeam))
        #expect(TunnelName.isValid(try names.register(token: all).name))
    }

    @Test func `a random name of a long pattern is a name, too`() throws {
        let names = try Names()
        let pattern = String(repeating: "a", count: 60) + "*"
        let token = try names.tokens.add(name: pattern, now: 1)
        let name = try names.register(token: token).name
        #expect(TunnelName.isValid(name), "nobody can reach \(name)")
    }

    @Test func `who has a token for a name takes it over from whoever has it`() throws {
        let names = try Names()
        let squatter = try names.register("alice", agent: "s")
        let token = try names.tokens.add(name: "alice", now: 1)
        #expect(
            try names.register("alice", agent: "a", token: token).replaced.first === squatter.line)
        #expect(names.refusal(of: "alice", agent: "s") == .name)
        let other = try names.tokens.add(name: "al*", now: 1)
        #expect(try names.register("alice", agent: "b", token: other).replaced.count == 1)
        #expect(try names.tokens.remove(name: "alice") == 1)
        let anew = try names.tokens.add(name: "alice", now: 2)
        let taken = try names.register("alice", agent: "c", token: anew)
        #expect(taken.replaced.count == 1)
        #expect(taken.tunnel.lines.map(\.agent) == ["c"])
        #expect(names.refusal(of: "alice", agent: "a", token: token) == .token)
    }

    @Test func `an agent that has lost its name does not take it back`() throws {
        let names = try Names()
        let token = try names.tokens.add(name: "alice", now: 1)
        try names.register("alice", agent: "a", token: token)
        let second = try names.register("alice", agent: "b", token: token)
        // A connection that was on its way when the other one came, or one that comes again.
        #expect(names.refusal(of: "alice", agent: "a", token: token, number: 1) == .takenOver)
        #expect(second.tunnel.lines.map(\.agent) == ["b"])
        for number in 0..<200 {
            try names.register("alice", agent: "c\(number)", token: token)
        }
        #expect(names.refusal(of: "alice", agent: "c198", token: token) == .takenOver)
        // When nobody has the name, it is for whoever comes.
        let last = try names.register("alice", agent: "d", token: token)
        names.registry.remove(last.line, of: last.tunnel)
        #expect(names.refusal(of: "alice", agent: "c198", token: token) == nil)
    }

    @Test func `agents whose token was removed are known, and only these`() throws {
        let names = try Names()
        let token = try names.tokens.add(name: "alice", now: 1)
        let team = try names.tokens.add(name: "team-*", now: 1)
        let alice = try names.register("alice", agent: "a", token: token)
        try names.register("team-x", agent: "b", token: team)
        try names.register("open", agent: "c")
        #expect(try names.registry.withoutToken().isEmpty)
        #expect(try names.tokens.remove(name: "alice") == 1)
        _ = try names.tokens.add(name: "alice", now: 2)
        #expect(try names.registry.withoutToken().map(\.agent) == ["a"])
        #expect(try names.registry.withoutToken().first?.tunnel === alice.line)
        // What cannot be read, or is gone, says nothing about anybody.
        try "no JSON".write(toFile: names.tokens.path, atomically: true, encoding: .utf8)
        #expect(throws: TokenFileError.self) { try names.registry.withoutToken() }
        try FileManager.default.removeItem(atPath: names.tokens.path)
        #expect(throws: TokenFileError.self) { try names.registry.withoutToken() }
    }

    @Test func `a pause lasts while nobody has the name, until it is lifted`() throws {
        let names = try Names()
        #expect(!names.registry.pause("alice", true))
        let first = try names.register("alice")
        #expect(names.registry.pause("alice", true))
        #expect(first.tunnel.isPaused)
        names.registry.remove(first.line, of: first.tunnel)
        let second = try names.register("alice", agent: "b")
        #expect(second.tunnel !== first.tunnel && second.tunnel.isPaused)
        names.registry.remove(second.line, of: second.tunnel)
        #expect(names.registry.pause("alice", false))
        #expect(!names.registry.pause("alice", false), "nobody has the name, and it is not paused")
        #expect(try !names.register("alice").tunnel.isPaused)
    }

    @Test func `a new login of the owner takes over`() throws {
        let names = try Names()
        let token = try names.tokens.add(name: "alice", now: 1)
        let first = try names.register("alice", agent: "a", token: token)
        let second = try names.register("alice", agent: "a", token: token, number: 1, loop: 1)
        let taken = try names.register("alice", agent: "b", token: token)
        #expect(taken.replaced.count == 2)
        #expect(taken.replaced.contains { $0 === first.line })
        #expect(taken.replaced.contains { $0 === second.line })
        #expect(taken.tunnel.lines.map(\.agent) == ["b"])
    }

    @Test func `agents that share a name take turns, those of the sender's loop first`() throws {
        let names = try Names()
        let share: (inout TunnelOptions) -> Void = { $0.isShared = true }
        let first = try names.register("alice", agent: "a", loop: 0, share)
        let second = try names.register("alice", agent: "b", loop: 0, share)
        let third = try names.register("alice", agent: "c", loop: 1, share)
        #expect(second.replaced.isEmpty && third.replaced.isEmpty)
        let tunnel = first.tunnel
        let ownTurns = (0..<4).compactMap { _ in tunnel.choice(for: 0)?.line }
        #expect(ownTurns.count { $0 === first.line } == 2)
        #expect(ownTurns.count { $0 === second.line } == 2)
        #expect(tunnel.choice(for: 1)?.line === third.line)
        let allTurns = (0..<6).compactMap { _ in tunnel.choice(for: 2)?.line }
        for line in [first.line, second.line, third.line] {
            #expect(allTurns.count { $0 === line } == 2)
        }
        // One that does not share does not get in.
        #expect(names.refusal(of: "alice", agent: "d") == .name)
        for taken in [first, second, third] { names.registry.remove(taken.line, of: tunnel) }
        #expect(names.registry.all.isEmpty)
    }

    @Test func `agents that share ask for the same, so that none unlocks another's door`() throws {
        let names = try Names()
        let token = try names.tokens.add(name: "alice", now: 1)
        func join(_ agent: String, _ authentication: String?) -> RegistrationRefusal.Code? {
            names.refusal(of: "alice", agent: agent, token: token) {
                $0.isShared = true
                $0.basicAuthentication = authentication
            }
        }
        #expect(join("a", "user:pass") == nil)
        #expect(join("b", nil) == .name)
        #expect(join("b", "user:other") == .name)
        #expect(join("b", "user:pass") == nil)
        let tunnel = try #require(names.registry.tunnel(named: "alice"))
        #expect(tunnel.choice(for: 0)?.terms?.options.authorization != nil)
    }

    @Test func `an owner who does not share takes over from those who do`() throws {
        let names = try Names()
        let token = try names.tokens.add(name: "alice", now: 1)
        try names.register("alice", agent: "a", token: token) { $0.isShared = true }
        try names.register("alice", agent: "b", token: token) { $0.isShared = true }
        let taken = try names.register("alice", agent: "c", token: token)
        #expect(taken.replaced.count == 2)
        #expect(names.refusal(of: "alice", agent: "d", token: token) { $0.isShared = true } == nil)
        #expect(taken.tunnel.lines.map(\.agent) == ["d"])
    }

    @Test func `an agent has one connection to each event loop`() throws {
        let names = try Names()
        let first = try names.register("alice", number: 0, loop: 0)
        #expect(names.refusal(of: "alice", number: 1, loop: 0) == .surplus)
        #expect(try names.register("alice", number: 1, loop: 1).replaced.isEmpty)
        // A refused one takes nobody's place, and one that comes again does.
        #expect(first.tunnel.lines.count == 2)
        #expect(try names.register("alice", number: 0, loop: 0).replaced.count == 1)
        #expect(names.refusal(of: "alice", number: 0, loop: 1) == .surplus)
        #expect(first.tunnel.lines.map(\.loop).sorted() == [0, 1])
    }

    @Test func `tunnels are counted, connections of one are not`() throws {
        let names = try Names(maximumTunnels: 2)
        let first = try names.register("a")
        try names.register("b")
        #expect(names.refusal(of: "c") == .limit)
        #expect(names.refusal(of: "a", number: 1, loop: 1) == nil)
        for line in first.tunnel.lines { names.registry.remove(line.tunnel, of: first.tunnel) }
        #expect(names.refusal(of: "c") == nil)
    }

    @Test func `a name that is taken anew is another tunnel, which the old one cannot end`() throws
    {
        let names = try Names()
        let old = try names.register("alice", agent: "a")
        names.registry.remove(old.line, of: old.tunnel)
        let new = try names.register("alice", agent: "b")
        #expect(new.tunnel !== old.tunnel)
        names.registry.remove(old.line, of: old.tunnel)
        #expect(names.registry.tunnel(named: "alice") === new.tunnel)
    }

    @Test func `wishes become terms, and malformed ones are refused`() throws {
        let names = try Names()
        #expect(names.refusal(of: "x") { $0.allowed = ["10.0.0.0/33"] } == .malformed)
        #expect(names.registry.all.isEmpty)
        let taken = try names.register("alice") {
            $0.allowed = ["10.0.0.0/8"]
            $0.basicAuthentication = "user:pass"
        }
        let terms = try #require(taken.tunnel.choice(for: 0)?.terms)
        #expect(terms.options.authorization == octets("Basic dXNlcjpwYXNz"))
        #expect(terms.options.allowed.map { $0.contains("10.1.2.3") } == [true])
        let plain = try names.register("bob")
        #expect(plain.tunnel.choice(for: 0)?.terms == nil)
        plain.tunnel.isPaused = true
        #expect(plain.tunnel.choice(for: 0)?.terms?.isPaused == true)
    }

    @Test func `a relay that cannot read its tokens gives nobody a name`() throws {
        let names = try Names()
        try "no JSON".write(toFile: names.tokens.path, atomically: true, encoding: .utf8)
        #expect(names.refusal(of: "alice") == .other)
        #expect(names.refusal(of: "alice", token: "cst_x") == .other)
    }
}
