import Foundation
import NIOCore
import Synchronization
import Yamux

/// The names that are taken, and by whom.
final class Registry: Sendable {
    private struct State {
        var tunnels: [String: PublicTunnel] = [:]
        /// Names through which only requests pass that change nothing, also while nobody has them.
        var paused: Set<String> = []
    }

    private let state = Mutex(State())
    private let tokens: TokenFile
    /// Whether agents without a token may have names.
    private let isOpen: Bool
    private let maximumTunnels: Int

    init(tokens: TokenFile, isOpen: Bool, maximumTunnels: Int) {
        self.tokens = tokens
        self.isOpen = isOpen
        self.maximumTunnels = maximumTunnels
    }

    func tunnel(named name: String) -> PublicTunnel? { state.withLock { $0.tunnels[name] } }

    var all: [PublicTunnel] { state.withLock { Array($0.tunnels.values) } }

    /// Lets only requests through that change nothing, or all again; returns whether there is such a tunnel.
    func pause(_ name: String, _ isPaused: Bool) -> Bool {
        state.withLock { state in
            let tunnel = state.tunnels[name]
            let wasPaused = state.paused.contains(name)
            guard tunnel != nil || wasPaused else { return false }
            if isPaused { state.paused.insert(name) } else { state.paused.remove(name) }
            tunnel?.isPaused = isPaused
            return true
        }
    }

    /// Takes an agent's connection in.
    ///
    /// - Returns: The tunnel, and the connections whose place it takes.
    /// - Throws: ``RegistrationRefusal``.
    func register(
        _ registration: Registration, _ tunnel: TunnelHandler, loop: Int
    ) throws(RegistrationRefusal) -> (PublicTunnel, replaced: [PublicTunnel.Line]) {
        let name = try name(for: registration)
        let options = try PublicTunnel.Options(registration.options)
        let line = PublicTunnel.Line(
            tunnel: tunnel, loop: loop, agent: registration.agent, number: registration.line,
            tokenHash: registration.token.map(TokenFile.hash))
        return try state.withLock { state throws(RegistrationRefusal) in
            if let old = state.tunnels[name], let replaced = try old.add(line, options) {
                return (old, replaced)
            }
            guard state.tunnels.count < maximumTunnels || state.tunnels[name] != nil else {
                throw RegistrationRefusal(
                    .limit, "the relay has \(maximumTunnels) tunnels, its limit")
            }
            let new = PublicTunnel(
                name: name, options: options, isPaused: state.paused.contains(name), line)
            state.tunnels[name] = new
            return (new, [])
        }
    }

    /// Connections of agents whose token is not one of their name's any more.
    ///
    /// - Throws: ``TokenFileError`` when that cannot be told.
    func withoutToken() throws(TokenFileError) -> [PublicTunnel.Line] {
        let names = Dictionary(grouping: try tokens.presentEntries(), by: \.hash)
        return all.flatMap { tunnel in
            tunnel.lines.filter { line in
                guard let hash = line.tokenHash else { return false }
                return !(names[hash] ?? []).contains {
                    TunnelName.matches(tunnel.name, pattern: $0.name)
                }
            }
        }
    }

    /// Frees the name when this was its last connection.
    func remove(_ tunnel: TunnelHandler, of owner: PublicTunnel) {
        state.withLock { state in
            if owner.remove(tunnel), state.tunnels[owner.name] === owner {
                state.tunnels[owner.name] = nil
            }
        }
    }

    /// The name that the agent gets, if it may have one.
    private func name(for registration: Registration) throws(RegistrationRefusal) -> String {
        let wanted = registration.name?.lowercased()
        if let wanted, !TunnelName.isValid(wanted) {
            throw RegistrationRefusal(
                .name, "'\(wanted.prefix(80))' is no name: \(TunnelName.rule)")
        }
        guard let token = registration.token else {
            guard isOpen else {
                throw RegistrationRefusal(
                    .token,
                    "this relay wants a token: 'countersign relay token add NAME' there makes one")
            }
            if let wanted,
                try patterns().contains(where: { TunnelName.matches(wanted, pattern: $0) })
            {
                throw RegistrationRefusal(.name, "the name '\(wanted)' belongs to a token")
            }
            return wanted ?? TunnelName.random()
        }
        let names = try names(of: token)
        guard !names.isEmpty else {
            throw RegistrationRefusal(.token, "the token is not known to this relay")
        }
        guard let wanted else {
            let own = names.first { !$0.hasSuffix("*") }
            return own ?? TunnelName.random(beginning: names[0].dropLast())
        }
        guard names.contains(where: { TunnelName.matches(wanted, pattern: $0) }) else {
            throw RegistrationRefusal(
                .name,
                "the name '\(wanted)' is not one of the token's: \(names.joined(separator: ", "))")
        }
        return wanted
    }

    private func names(of token: String) throws(RegistrationRefusal) -> [String] {
        do { return try tokens.names(of: token) } catch {
            throw RegistrationRefusal(.other, "the relay cannot read its tokens")
        }
    }

    private func patterns() throws(RegistrationRefusal) -> [String] {
        do { return try tokens.presentEntries().map(\.name) } catch {
            throw RegistrationRefusal(.other, "the relay cannot read its tokens")
        }
    }
}

/// A name, and the agents that are there for it.
final class PublicTunnel: Sendable {
    /// One connection of an agent.
    struct Line: Sendable {
        let tunnel: TunnelHandler
        let loop: Int
        let agent: String
        let number: Int
        /// Of the token with which it registered.
        let tokenHash: String?
    }

    /// What the agent asked for, ready for use.
    struct Options: Hashable, Sendable {
        var isShared: Bool
        /// The value that `Authorization` must have.
        var authorization: [UInt8]?
        var allowed: [AddressRange]

        init(_ options: TunnelOptions) throws(RegistrationRefusal) {
            isShared = options.isShared
            authorization = options.basicAuthentication.map {
                Array("Basic \(Data($0.utf8).base64EncodedString())".utf8)
            }
            allowed = []
            for text in options.allowed {
                guard let range = AddressRange(text) else {
                    throw RegistrationRefusal(
                        .malformed, "'\(text.prefix(80))' is no range of addresses")
                }
                allowed.append(range)
            }
        }

        /// Whether every sender may send everything.
        var isPlain: Bool { authorization == nil && allowed.isEmpty }
    }

    private struct State {
        var options: Options
        var lines: [Line]
        var isPaused = false
        var turn = 0
        /// Agents that have lost the name last.
        var dismissed: [String] = []
    }

    /// Agents that have lost a name and are remembered.
    private static let maximumDismissed = 64

    let name: String
    private let state: Mutex<State>
    let requestAllowance = Allowance()
    let answerAllowance = Allowance()

    init(name: String, options: Options, isPaused: Bool, _ line: Line) {
        self.name = name
        state = Mutex(State(options: options, lines: [line], isPaused: isPaused))
    }

    var lines: [Line] { state.withLock { $0.lines } }

    /// Whether only requests pass that change nothing.
    var isPaused: Bool {
        get { state.withLock { $0.isPaused } }
        set { state.withLock { $0.isPaused = newValue } }
    }

    /// Adds a connection; returns those whose place it takes, or `nil` when nobody is here any more.
    ///
    /// Who has a token for the name takes it over at once, from whomever, unless both sides share. Without
    /// one nobody owns the name, and it belongs to the agent that is there.
    func add(_ line: Line, _ options: Options) throws(RegistrationRefusal) -> [Line]? {
        try state.withLock { state throws(RegistrationRefusal) in
            guard !state.lines.isEmpty else { return nil }
            // One of its connections may not know yet; without this, two agents took turns for ever.
            guard !state.dismissed.contains(line.agent) else { throw .takenOver(name) }
            let isSameAgent = state.lines.contains { $0.agent == line.agent }
            guard
                line.tokenHash != nil || isSameAgent
                    || (options.isShared && state.options.isShared)
            else {
                throw RegistrationRefusal(.name, "the name '\(name)' is in use by another agent")
            }
            // A door that one of them has locked must not be open because of the other.
            let isBesideOthers =
                options.isShared && state.options.isShared
                && state.lines.contains { $0.agent != line.agent }
            guard !isBesideOthers || options == state.options else {
                throw RegistrationRefusal(
                    .name,
                    "agents that share '\(name)' must ask for the same --basic-auth and --allow")
            }
            let hasLoop = state.lines.contains {
                $0.agent == line.agent && $0.loop == line.loop && $0.number != line.number
            }
            guard !hasLoop else {
                throw RegistrationRefusal(
                    .surplus, "the agent is connected to this event loop already")
            }
            let sharesName = options.isShared && state.options.isShared
            let replaced = state.lines.filter { old in
                old.agent == line.agent ? old.number == line.number : !sharesName
            }
            state.lines.removeAll { old in replaced.contains { $0.tunnel === old.tunnel } }
            state.lines.append(line)
            state.options = options
            let losers = Set(replaced.map(\.agent)).subtracting([line.agent])
            state.dismissed = (state.dismissed + losers).suffix(Self.maximumDismissed)
            return replaced
        }
    }

    /// Removes a connection; returns whether none is left.
    func remove(_ tunnel: TunnelHandler) -> Bool {
        state.withLock { state in
            state.lines.removeAll { $0.tunnel === tunnel }
            return state.lines.isEmpty
        }
    }

    /// What has to be asked of a request, where not every sender may send everything.
    struct Terms {
        var options: Options
        var isPaused: Bool
    }

    /// The connection for the next request of an event loop, and what to ask of it; `nil` when nobody is here.
    ///
    /// One of the loop's own where there is one; agents take turns.
    func choice(for loop: Int) -> (line: TunnelHandler, terms: Terms?)? {
        state.withLock { state in
            let terms =
                state.isPaused || !state.options.isPlain
                ? Terms(options: state.options, isPaused: state.isPaused) : nil
            if state.lines.count == 1 { return (state.lines[0].tunnel, terms) }
            let own = state.lines.filter { $0.loop == loop }
            let candidates = own.isEmpty ? state.lines : own
            guard !candidates.isEmpty else { return nil }
            state.turn &+= 1
            return (candidates[state.turn % candidates.count].tunnel, terms)
        }
    }
}
