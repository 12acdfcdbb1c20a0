/// Where requests go: what a person types as a handler's address, taken apart.
package struct Destination: Hashable, Sendable, CustomStringConvertible {
    package enum Scheme: String, Hashable, Sendable {
        case http
        case https

        var port: Int {
            switch self {
            case .http: 80
            case .https: 443
            }
        }
    }

    package let scheme: Scheme
    /// A name or an address; an IPv6 address without its brackets.
    package let host: String
    package let port: Int
    /// Path and query; starts with `/`.
    package let target: String

    /// Characters of an address.
    package static let maximumLength = 8192

    /// Reads an address as a person types it.
    ///
    /// `3000` is `http://localhost:3000/`, `localhost:3000/callbacks` is HTTP, and a whole URL is itself.
    ///
    /// - Parameters:
    ///   - text: The address.
    ///   - defaultPath: The path of an address without one.
    /// - Throws: ``DestinationError``, with the way out in its message.
    package init(parsing text: String, defaultPath: String = "/") throws(DestinationError) {
        var rest = text[...]
        guard text.utf8.count <= Self.maximumLength else {
            throw DestinationError("is longer than \(Self.maximumLength) octets", in: "the address")
        }
        guard !text.isEmpty else { throw DestinationError("is empty", in: "the address") }
        if let bad = text.unicodeScalars.first(where: { $0.value <= 0x20 || $0.value >= 0x7f }) {
            let code = String(bad.value, radix: 16)
            throw DestinationError("has the character U+\(code); percent-encode it", in: text)
        }
        scheme = try Self.scheme(&rest, text)
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        let path = rest[authorityEnd...]
        if !authority.isEmpty, authority.allSatisfy(\.isNumber) {
            authority = "localhost:\(authority)"
        }
        guard !authority.contains("@") else {
            throw DestinationError(
                "has a user name; send it with --header 'Authorization: …' instead", in: "the URL")
        }
        (host, port) = try Self.hostAndPort(authority, scheme, text)
        target =
            if path.isEmpty { defaultPath } else if path.hasPrefix("?") { "/" + path } else {
                String(path)
            }
    }

    /// The value of `Host`.
    package var hostHeader: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == scheme.port ? name : "\(name):\(port)"
    }

    /// The URL without its path.
    package var base: String { "\(scheme.rawValue)://\(hostHeader)" }

    /// The whole URL.
    package var description: String { "\(scheme.rawValue)://\(hostHeader)\(target)" }

    private static func scheme(
        _ rest: inout Substring, _ text: String
    ) throws(DestinationError)
        -> Scheme
    {
        // A URL inside the path or the query is no scheme.
        guard let colon = rest.firstIndex(where: { ":/?#".contains($0) }),
            rest[colon...].hasPrefix("://")
        else { return .http }
        let name = rest[..<colon].lowercased()
        guard let scheme = Scheme(rawValue: name) else {
            throw DestinationError("has the scheme '\(name)'; use http or https", in: text)
        }
        rest = rest[rest.index(colon, offsetBy: 3)...]
        return scheme
    }

    private static func hostAndPort(
        _ authority: Substring, _ scheme: Scheme, _ text: String
    )
        throws(DestinationError) -> (String, Int)
    {
        var host = authority
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                throw DestinationError("has no ']' behind the address", in: text)
            }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else {
                throw DestinationError("has '\(rest)' behind the address", in: text)
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty else {
            throw DestinationError(
                "has no host; write it like http://localhost:3000/callbacks", in: text)
        }
        guard let port, !port.isEmpty else { return (String(host), scheme.port) }
        // `Int` would take a sign, too.
        guard port.allSatisfy(\.isNumber), let number = Int(port), (1...65_535).contains(number)
        else {
            throw DestinationError("has the port '\(port)'; ports are 1 to 65535", in: text)
        }
        return (String(host), number)
    }
}

/// Why a text is no address of a handler.
package struct DestinationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text or the part that is wrong, and what is wrong with it.
    package let description: String

    init(_ message: String, in thing: String) {
        description = "\(thing) \(message)"
    }
}
