/// The lower-case digits, as ASCII.
let hexadecimalDigits = Array("0123456789abcdef".utf8)

/// `bytes` as lower-case hexadecimal digits in ASCII, two for each octet.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var digits: [UInt8] = []
    for byte in bytes {
        digits.append(hexadecimalDigits[Int(byte >> 4)])
        digits.append(hexadecimalDigits[Int(byte & 0xf)])
    }
    return digits
}

/// `bytes` in base64 with padding (RFC 4648, section 4), as ASCII.
package func base64(_ bytes: [UInt8]) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var output: [UInt8] = []
    output.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        var word = group.reduce(0) { $0 << 8 | Int($1) }
        word <<= 8 * (3 - group.count)
        for position in 0..<4 {
            let digit = alphabet[(word >> (18 - 6 * position)) & 0x3f]
            output.append(position <= group.count ? digit : UInt8(ascii: "="))
        }
    }
    return output
}
