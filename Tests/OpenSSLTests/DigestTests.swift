import OpenSSL
import Testing

@Suite struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            String(repeating: "a", count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ])
    func `SHA-256 gives the known answers of FIPS 180`(message: String, digest: String) {
        #expect(HashFunction.sha256.digest(of: message.utf8).hexadecimal == digest)
    }

    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
    ])
    func `MD5 gives the known answers of RFC 1321`(message: String, digest: String) {
        #expect(HashFunction.md5.digest(of: message.utf8).hexadecimal == digest)
    }

    @Test(
        arguments: [
            ([], [], true), ([1], [1], true), ([1, 2, 3], [1, 2, 3], true), ([], [0], false),
            ([1, 2], [1, 2, 3], false), ([1, 2, 3], [1, 2, 4], false),
            ([0, 2, 3], [1, 2, 3], false),
        ] as [([UInt8], [UInt8], Bool)])
    func `byte strings are equal only with equal lengths and octets`(
        left: [UInt8], right: [UInt8], isEqual: Bool
    ) {
        #expect(constantTimeEqual(left, right) == isEqual)
        #expect(constantTimeEqual(right, left) == isEqual)
    }
}
