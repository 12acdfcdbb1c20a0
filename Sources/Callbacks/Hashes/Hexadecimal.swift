/// `bytes` as lower-case hexadecimal digits in ASCII, two for each octet.
package func hexadecimal(_ bytes: some Collection<UInt8>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 2 * bytes.count) { digits, count in
        for byte in bytes {
            digits[count] = hexadecimalDigit(byte >> 4)
            digits[count + 1] = hexadecimalDigit(byte & 0xf)
            count += 2
        }
    }
}

/// The digit of a number below 16; arithmetic is quicker than a look into an array here.
func hexadecimalDigit(_ number: UInt8) -> UInt8 {
    number < 10 ? UInt8(ascii: "0") + number : UInt8(ascii: "a") - 10 + number
}

/// `bytes` in base64 with padding (RFC 4648, section 4), as ASCII.
package func base64(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { output, count in
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let length = min(3, bytes.count - start)
            var word: UInt32 = 0
            for offset in 0..<3 {
                word = word << 8 | (offset < length ? UInt32(bytes[start + offset]) : 0)
            }
            for position in 0..<4 {
                let digit = UInt8(truncatingIfNeeded: word >> (18 - 6 * UInt32(position))) & 0x3f
                output[count] = position <= length ? base64Digit(digit) : UInt8(ascii: "=")
                count += 1
            }
        }
    }
}

/// The digit of a number below 64.
private func base64Digit(_ number: UInt8) -> UInt8 {
    switch number {
    case 0..<26: UInt8(ascii: "A") + number
    case 26..<52: UInt8(ascii: "a") + (number - 26)
    case 52..<62: UInt8(ascii: "0") + (number - 52)
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
}
