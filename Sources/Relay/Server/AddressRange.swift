#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A range of addresses as CIDR writes it (RFC 4632): `203.0.113.0/24`, `2001:db8::/32`, or one address.
package struct AddressRange: Hashable, Sendable {
    private let prefix: [UInt8]
    private let bits: Int

    /// Reads a range; `nil` when it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = Self.octets(String(first)) else { return nil }
        prefix = address
        guard parts.count == 2 else {
            bits = address.count * 8
            return
        }
        guard parts[1].allSatisfy(\.isNumber), let bits = Int(parts[1]), bits <= address.count * 8
        else { return nil }
        self.bits = bits
    }

    /// Whether the address is in the range; one of IPv4 that is written as IPv6 counts as what it is.
    package func contains(_ address: String) -> Bool {
        guard let octets = Self.octets(address), octets.count == prefix.count else { return false }
        let whole = bits / 8
        guard octets[..<whole] == prefix[..<whole] else { return false }
        let rest = bits % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xff << (8 - rest))
        return octets[whole] & mask == prefix[whole] & mask
    }

    /// The octets of an address in network order.
    private static func octets(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            return withUnsafeBytes(of: &four) { Array($0) }
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        let octets = withUnsafeBytes(of: &six) { Array($0) }
        let mapped: [UInt8] = Array(repeating: 0, count: 10) + [0xff, 0xff]
        return octets.starts(with: mapped) ? Array(octets[12...]) : octets
    }
}
