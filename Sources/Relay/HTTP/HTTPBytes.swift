import Foundation

/// What octets may stand where in HTTP/1.1 (RFC 9110, section 5.6.2; RFC 9112).
enum HTTPBytes {
    static let carriageReturn = UInt8(ascii: "\r")
    static let lineFeed = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let tab = UInt8(ascii: "\t")
    static let colon = UInt8(ascii: ":")
    static let comma = UInt8(ascii: ",")

    /// Bits of ``classes``.
    static let token: UInt8 = 1
    /// Visible ASCII and above, space and tab: what a field's value is made of.
    static let text: UInt8 = 2
    /// What a request's target is made of: visible ASCII.
    static let target: UInt8 = 4

    /// What a host's name is made of, percent and sub-delimiters aside (RFC 3986, section 3.2.2).
    static let name: UInt8 = 8

    /// By octet: the classes that it belongs to.
    static let classes: [UInt8] = (0...255).map { number in
        let octet = UInt8(number)
        var bits: UInt8 = 0
        let isLetter = (0x41...0x5a).contains(octet) || (0x61...0x7a).contains(octet)
        if isLetter || (0x30...0x39).contains(octet) || "!#$%&'*+-.^_`|~".utf8.contains(octet) {
            bits |= token
        }
        if isLetter || (0x30...0x39).contains(octet) || "-._~".utf8.contains(octet) { bits |= name }
        if octet == tab || (octet >= 0x20 && octet != 0x7f) { bits |= text }
        if octet > 0x20 && octet < 0x7f { bits |= target }
        return bits
    }

    /// Whether octets are that text, which is in lower case, in any letter case.
    @inline(__always)
    static func isEqual(_ bytes: UnsafeRawBufferPointer, _ lowercased: StaticString) -> Bool {
        guard bytes.count == lowercased.utf8CodeUnitCount else { return false }
        let other = lowercased.utf8Start
        for index in 0..<bytes.count {
            let octet = bytes[index]
            let folded = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet
            if folded != other[index] { return false }
        }
        return true
    }

    /// Whether octets are the same as others.
    @inline(__always)
    static func isSame(_ bytes: UnsafeRawBufferPointer, _ other: [UInt8]) -> Bool {
        bytes.count == other.count && beginsAlike(bytes, other)
    }

    /// Whether octets are the same as others, as far as both go.
    @inline(__always)
    static func beginsAlike(_ bytes: UnsafeRawBufferPointer, _ other: [UInt8]) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        return memcmp(base, other, min(bytes.count, other.count)) == 0
    }

    /// Whether octets in a range are that text.
    @inline(__always)
    static func isSame(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ text: StaticString
    ) -> Bool {
        guard range.count == text.utf8CodeUnitCount, let base = bytes.baseAddress else {
            return false
        }
        return memcmp(base + range.lowerBound, text.utf8Start, range.count) == 0
    }

    /// Elements of a comma-separated list, without the space around them; empty ones are left out.
    static func elements(_ bytes: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
        bytes.split(separator: comma).map { trimmed(UnsafeRawBufferPointer(rebasing: $0)) }
            .filter { !$0.isEmpty }
    }

    /// Without spaces and tabs at both ends.
    static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (start, end) = (0, bytes.count)
        while start < end, bytes[start] == space || bytes[start] == tab { start += 1 }
        while end > start, bytes[end - 1] == space || bytes[end - 1] == tab { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    /// How many octets a head has, the empty line included, if it is there.
    static func endOfHead(_ bytes: some Collection<UInt8>) -> Int? {
        var (count, lineBytes) = (0, 0)
        for octet in bytes {
            count += 1
            if octet == lineFeed {
                if lineBytes == 0 { return count }
                lineBytes = 0
            } else if octet != carriageReturn {
                lineBytes += 1
            }
        }
        return nil
    }

    /// A number of decimal digits alone, below 10¹⁸.
    static func decimal(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard (1...18).contains(bytes.count) else { return nil }
        var value = 0
        for octet in bytes {
            guard (0x30...0x39).contains(octet) else { return nil }
            value = value * 10 + Int(octet - 0x30)
        }
        return value
    }
}
