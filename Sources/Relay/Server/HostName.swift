import NIOCore

/// What a `Host` says of the tunnel that a request is for.
enum HostName {
    /// The tunnel of `NAME.domain`; a port and the letter case do not count.
    static func tunnel(of host: String, domain: String) -> String? {
        let name = withoutPort(host)
        guard name.hasSuffix("." + domain) else { return nil }
        let label = String(name.dropLast(domain.count + 1))
        return TunnelName.isValid(label) ? label : nil
    }

    /// Whether the host is the relay itself: its domain, an address, or this machine.
    static func isOwn(_ host: String, domain: String) -> Bool {
        let name = withoutPort(host)
        return name == domain || name == "localhost" || name.hasPrefix("[")
            || AddressRange(name) != nil
    }

    private static func withoutPort(_ host: String) -> String {
        let lower = host.lowercased()
        if lower.hasPrefix("[") { return lower }
        return lower.firstIndex(of: ":").map { String(lower[..<$0]) } ?? lower
    }

    /// The name in front of a path, and the path behind it, which keeps its first slash.
    static func split(
        _ bytes: UnsafeRawBufferPointer, _ path: Range<Int>
    ) -> (name: String, rest: Range<Int>)? {
        guard !path.isEmpty, bytes[path.lowerBound] == UInt8(ascii: "/") else { return nil }
        let start = path.lowerBound + 1
        let end =
            bytes[start..<path.upperBound].firstIndex { "/?".utf8.contains($0) } ?? path.upperBound
        let name = String(decoding: bytes[start..<end].map(\.lowercased), as: UTF8.self)
        return TunnelName.isValid(name) ? (name, end..<path.upperBound) : nil
    }
}

/// The fields that tell a handler who sent a request (RFC 7239, and what came before it).
enum Forwarding {
    /// The address of whoever sent a request: of those that `X-Forwarded-For` names the last one that is
    /// no trusted forwarder, as whatever stands in front of it may be made up; `nil` when it names nobody.
    static func origin(_ values: [String], _ trusted: [AddressRange]) -> String? {
        let named = values.flatMap { $0.split(separator: ",") }.map {
            withoutPort($0.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" })
        }
        return named.last { name in !trusted.contains { $0.contains(name) } } ?? named.first
    }

    /// `203.0.113.7`, also of `203.0.113.7:4711`; `2001:db8::1`, also of `[2001:db8::1]:4711`.
    private static func withoutPort(_ node: Substring) -> String {
        if node.hasPrefix("[") { return String(node.dropFirst().prefix { $0 != "]" }) }
        let parts = node.split(separator: ":", omittingEmptySubsequences: false)
        return String(parts.count == 2 ? parts[0] : node)
    }

    /// `beside`: names of fields that a trusted forwarder has set; what it says of the first hop stands.
    static func fields(
        address: String, host: String, isTLS: Bool, prefix: String, beside: Set<String>
    ) -> ByteBuffer {
        let scheme = isTLS ? "https" : "http"
        let node = address.contains(":") ? "\"[\(address)]\"" : address
        let needsQuotes = host.contains(":") || host.contains("[")
        var text = "X-Forwarded-For: \(address)\r\n"
        if !beside.contains("x-forwarded-proto") { text += "X-Forwarded-Proto: \(scheme)\r\n" }
        if !beside.contains("x-forwarded-host") { text += "X-Forwarded-Host: \(host)\r\n" }
        if !prefix.isEmpty { text += "X-Forwarded-Prefix: \(prefix)\r\n" }
        text +=
            "Forwarded: for=\(node);proto=\(scheme);host=\(needsQuotes ? "\"\(host)\"" : host)\r\n"
        return ByteBuffer(string: text)
    }
}

/// The comparison of a sender's `Authorization` (RFC 7617), in a time that tells nothing.
enum BasicAuthentication {
    static func matches(_ given: Slice<UnsafeRawBufferPointer>, _ wanted: [UInt8]) -> Bool {
        guard given.count == wanted.count else { return false }
        // The scheme's letter case does not count.
        let scheme = "Basic ".utf8.count
        var difference: UInt8 = 0
        for (index, (left, right)) in zip(given, wanted).enumerated() {
            difference |= index < scheme ? left.lowercased ^ right.lowercased : left ^ right
        }
        return difference == 0
    }
}
