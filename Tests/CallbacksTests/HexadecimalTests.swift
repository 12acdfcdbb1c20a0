import Callbacks
import Testing

@Suite struct HexadecimalTests {
    /// RFC 4648, section 10, and the digits of the same texts.
    static let vectors = [
        ("", "", ""), ("f", "Zg==", "66"), ("fo", "Zm8=", "666f"), ("foo", "Zm9v", "666f6f"),
        ("foob", "Zm9vYg==", "666f6f62"), ("fooba", "Zm9vYmE=", "666f6f6261"),
        ("foobar", "Zm9vYmFy", "666f6f626172"),
    ]

    @Test(arguments: vectors)
    func `texts of all lengths are written as RFC 4648 says`(
        text: String, inBase64: String, digits: String
    ) {
        #expect(base64(Array(text.utf8)) == Array(inBase64.utf8))
        #expect(hexadecimal(Array(text.utf8)) == Array(digits.utf8))
    }

    @Test func `every digit of base64 and of hexadecimal occurs`() {
        let octets: [UInt8] = [
            0x00, 0x10, 0x83, 0x10, 0x51, 0x87, 0x20, 0x92, 0x8b, 0x30, 0xd3, 0x8f, 0x41, 0x14,
            0x93, 0x51, 0x55, 0x97, 0x61, 0x96, 0x9b, 0x71, 0xd7, 0x9f, 0x82, 0x18, 0xa3, 0x92,
            0x59, 0xa7, 0xa2, 0x9a, 0xab, 0xb2, 0xdb, 0xaf, 0xc3, 0x1c, 0xb3, 0xd3, 0x5d, 0xb7,
            0xe3, 0x9e, 0xbb, 0xf3, 0xdf, 0xbf,
        ]
        let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        #expect(base64(octets) == Array(digits.utf8))
        #expect(
            hexadecimal([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef])
                == Array("0123456789abcdef".utf8))
    }
}
