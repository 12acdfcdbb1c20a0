import NIOCore

/// Where requests with a host go.
final class Route {
    let host: [UInt8]
    let name: String
    /// The address of whoever sent it, as far as a forwarder that is trusted says so.
    let sender: String
    /// Whether another request with that host goes the same way.
    let isLasting: Bool
    /// Whether the sender's word on who it forwards for counts.
    let isTrusted: Bool
    /// The fields that say who sent it.
    let additions: ByteBuffer
    /// The target in place of the one that was sent.
    let target: Range<Int>?
    var tunnel: PublicTunnel?

    init(
        host: [UInt8], name: String, sender: String, isLasting: Bool, isTrusted: Bool,
        additions: ByteBuffer, target: Range<Int>?
    ) {
        self.host = host
        self.name = name
        self.sender = sender
        self.isLasting = isLasting
        self.isTrusted = isTrusted
        self.additions = additions
        self.target = target
    }

    /// The connection that a request goes through, and what to ask of it; `nil` when nobody is there.
    func choice(on loop: RelayLoop) -> (line: TunnelHandler, terms: PublicTunnel.Terms?)? {
        if let choice = tunnel?.choice(for: loop.index) { return choice }
        // The name may have been taken anew.
        tunnel = loop.core.registry.tunnel(named: name)
        return tunnel?.choice(for: loop.index)
    }
}

/// Finds out whom the requests of a sender's connection are for, and whether they may.
final class Routing {
    /// What becomes of a request.
    enum Decision {
        case through(TunnelHandler, Route)
        /// With `closes` nothing more is read from the connection; the route where it is known.
        case refused(OwnAnswer, Route?, closes: Bool)

        var route: Route? {
            switch self {
            case .through(_, let route): route
            case .refused(_, let route, _): route
            }
        }
    }

    /// Why a request has no route.
    private struct Refusal: Error {
        var answer: OwnAnswer
        var closes: Bool
    }

    private let core: RelayCore
    private let isTLS: Bool
    /// Of the last request: the next one has the same host.
    private var last: Route?

    init(_ core: RelayCore, isTLS: Bool) {
        self.core = core
        self.isTLS = isTLS
    }

    /// Decides on the request whose head the loop has read last.
    func decide(
        _ bytes: UnsafeRawBufferPointer, from address: String, on loop: RelayLoop
    ) -> Decision {
        let route: Route
        do { route = try self.route(of: loop.head, bytes, from: address) } catch {
            return .refused(error.answer, nil, closes: error.closes)
        }
        do { return .through(try line(of: route, bytes, on: loop), route) } catch {
            return .refused(error, route, closes: false)
        }
    }

    /// The connection that a request goes through.
    ///
    /// - Throws: The ``OwnAnswer`` to one that may not.
    private func line(
        of route: Route, _ bytes: UnsafeRawBufferPointer, on loop: RelayLoop
    ) throws(OwnAnswer) -> TunnelHandler {
        if case .length(let count) = loop.head.framing,
            count > core.configuration.limits.bodyBytes
        {
            throw .bodyTooLarge
        }
        if core.isDraining { throw .draining }
        guard let (line, terms) = route.choice(on: loop) else { throw .agentAway }
        if let terms,
            let refusal = Self.admission(of: loop.head, bytes, from: route.sender, terms)
        {
            throw refusal
        }
        return line
    }

    /// The way of a request, by its `Host` and its target.
    private func route(
        of head: HTTPHead, _ bytes: UnsafeRawBufferPointer, from address: String
    ) throws(Refusal) -> Route {
        guard let range = head.host else { throw Refusal(answer: .unknownHost, closes: true) }
        let host = UnsafeRawBufferPointer(rebasing: bytes[range])
        if let last, last.isLasting, bytes[head.target.lowerBound] == UInt8(ascii: "/"),
            HTTPBytes.isSame(host, last.host), !HTTPBytes.isSame(bytes, head.method, "CONNECT")
        {
            return last
        }
        let route = try freshRoute(of: head, bytes, host, from: address)
        last = route
        return route
    }

    private func freshRoute(
        of head: HTTPHead, _ bytes: UnsafeRawBufferPointer, _ host: UnsafeRawBufferPointer,
        from address: String
    ) throws(Refusal) -> Route {
        guard let path = Self.originForm(of: head, bytes, host) else {
            let answer = OwnAnswer.refused(.malformed("a target that does not fit its Host"))
            throw Refusal(answer: answer, closes: true)
        }
        let text = String(decoding: host, as: UTF8.self)
        let domain = core.configuration.domain
        var rewritten = path == head.target ? nil : path
        let name: String
        var prefix = ""
        if let label = HostName.tunnel(of: text, domain: domain) {
            name = label
        } else {
            guard HostName.isOwn(text, domain: domain), let split = HostName.split(bytes, path)
            else {
                throw Refusal(answer: .unknownHost, closes: false)
            }
            name = split.name
            rewritten = split.rest
            prefix = "/" + name
        }
        let trusted = core.configuration.trustedForwarders
        let isTrusted = trusted.contains { $0.contains(address) }
        let additions = Forwarding.fields(
            address: address, host: text, isTLS: isTLS, prefix: prefix,
            beside: isTrusted ? Self.forwardingNames(of: head, bytes) : [])
        return Route(
            host: Array(host), name: name,
            sender: isTrusted
                ? Forwarding.origin(Self.values(of: "x-forwarded-for", head, bytes), trusted)
                    ?? address
                : address,
            isLasting: prefix.isEmpty && !isTrusted && rewritten == nil, isTrusted: isTrusted,
            additions: additions, target: rewritten)
    }

    /// Names of the fields about forwarding that the head has, in lower case.
    private static func forwardingNames(
        of head: HTTPHead, _ bytes: UnsafeRawBufferPointer
    ) -> Set<String> {
        Set(
            head.fields.filter { $0.kind == .forwarding }.map {
                String(decoding: bytes[$0.start..<$0.nameEnd].map(\.lowercased), as: UTF8.self)
            })
    }

    /// The values of all fields of that name, which is in lower case, in their order.
    private static func values(
        of name: StaticString, _ head: HTTPHead, _ bytes: UnsafeRawBufferPointer
    ) -> [String] {
        head.fields.filter {
            HTTPBytes.isEqual(UnsafeRawBufferPointer(rebasing: bytes[$0.start..<$0.nameEnd]), name)
        }.map { String(decoding: bytes[$0.valueStart..<$0.valueEnd], as: UTF8.self) }
    }

    /// The path and query of the target; `nil` when it does not fit.
    ///
    /// A whole URL must have the authority that `Host` names (RFC 9112, section 3.2.2).
    private static func originForm(
        of head: HTTPHead, _ bytes: UnsafeRawBufferPointer, _ host: UnsafeRawBufferPointer
    ) -> Range<Int>? {
        let target = head.target
        if HTTPBytes.isSame(bytes, head.method, "CONNECT") { return nil }
        if bytes[target.lowerBound] == UInt8(ascii: "/") { return target }
        if bytes[target].elementsEqual("*".utf8) {
            return HTTPBytes.isSame(bytes, head.method, "OPTIONS") ? target : nil
        }
        for scheme in ["http://", "https://"] {
            let start = target.lowerBound + scheme.utf8.count
            guard start < target.upperBound,
                zip(bytes[target], scheme.utf8).allSatisfy({ $0.lowercased == $1 })
            else { continue }
            let end =
                bytes[start..<target.upperBound].firstIndex { "/?#".utf8.contains($0) }
                ?? target.upperBound
            let authority = bytes[start..<end]
            guard authority.count == host.count,
                zip(authority, host).allSatisfy({ $0.lowercased == $1.lowercased })
            else { return nil }
            return end..<target.upperBound
        }
        return nil
    }

    /// Why a tunnel does not take a request, if so.
    private static func admission(
        of head: HTTPHead, _ bytes: UnsafeRawBufferPointer, from sender: String,
        _ terms: PublicTunnel.Terms
    ) -> OwnAnswer? {
        let isReading = ["GET", "HEAD", "OPTIONS"].contains {
            bytes[head.method].elementsEqual($0.utf8)
        }
        if terms.isPaused, !isReading { return .paused }
        if !terms.options.allowed.isEmpty {
            guard terms.options.allowed.contains(where: { $0.contains(sender) }) else {
                return .notAllowed
            }
        }
        guard let wanted = terms.options.authorization else { return nil }
        let given = head.fields.filter { field in
            HTTPBytes.isEqual(
                UnsafeRawBufferPointer(rebasing: bytes[field.start..<field.nameEnd]),
                "authorization")
        }
        guard given.count == 1, let field = given.first,
            BasicAuthentication.matches(bytes[field.valueStart..<field.valueEnd], wanted)
        else { return .unauthorised }
        return nil
    }
}
