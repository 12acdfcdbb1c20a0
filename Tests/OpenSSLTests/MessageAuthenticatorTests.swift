import OpenSSL
import Testing

@Suite struct MessageAuthenticatorTests {
    struct Vector: Sendable {
        let function: HashFunction
        let key: [UInt8]
        let message: [UInt8]
        let code: String

        init(_ function: HashFunction, _ key: [UInt8], _ message: [UInt8], _ code: String) {
            (self.function, self.key, self.message, self.code) = (function, key, message, code)
        }
    }

    static let longKeyMessage = Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
    static let question = Array("what do ya want for nothing?".utf8)

    /// RFC 4231, sections 4.2 to 4.5 and 4.7.
    static let sha256 = [
        Vector(
            .sha256, Array(repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            .sha256, Array("Jefe".utf8), question,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            .sha256, Array(repeating: 0xaa, count: 20), Array(repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Vector(
            .sha256, Array(1...25), Array(repeating: 0xcd, count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Vector(
            .sha256, Array(repeating: 0xaa, count: 131), longKeyMessage,
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    ]

    /// RFC 2202, section 2.
    static let md5 = [
        Vector(
            .md5, Array(repeating: 0x0b, count: 16), Array("Hi There".utf8),
            "9294727a3638bb1c13f48ef8158bfc9d"),
        Vector(.md5, Array("Jefe".utf8), question, "750c783e6ab0b503eaa86e310a5db738"),
        Vector(
            .md5, Array(repeating: 0xaa, count: 16), Array(repeating: 0xdd, count: 50),
            "56be34521d144c88dbb8c733f0e8b3f6"),
        Vector(
            .md5, Array(1...25), Array(repeating: 0xcd, count: 50),
            "697eaf0aca3a3aea3a75164746ffaa79"),
        Vector(
            .md5, Array(repeating: 0xaa, count: 80), longKeyMessage,
            "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"),
    ]

    @Test(arguments: sha256 + md5)
    func `gives the known answers of the RFCs`(vector: Vector) {
        var authenticator = MessageAuthenticator(vector.function, key: vector.key)
        #expect(authenticator.code(for: vector.message).hexadecimal == vector.code)
    }

    @Test(arguments: [
        (HashFunction.md5, "74e6f7298a9c2d168935f58c001bad88"),
        (.sha256, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ])
    func `takes an empty key and an empty message`(function: HashFunction, code: String) {
        var authenticator = MessageAuthenticator(function, key: [])
        #expect(authenticator.code(for: []).hexadecimal == code)
        #expect(authenticator.code(for: []).hexadecimal == code)
    }

    @Test func `one authenticator keeps nothing of the message before`() {
        for vectors in [Self.sha256, Self.md5] {
            var authenticator = MessageAuthenticator(vectors[1].function, key: vectors[1].key)
            for other in vectors {
                _ = authenticator.code(for: other.message)
                #expect(authenticator.code(for: Self.question).hexadecimal == vectors[1].code)
            }
        }
    }

    @Test func `writes no octet behind the code`() {
        var authenticator = MessageAuthenticator(.md5, key: Self.md5[1].key)
        var output = [UInt8](repeating: 0x5a, count: 20)
        Self.question.withUnsafeBytes { message in
            output.withUnsafeMutableBytes { authenticator.authenticate(message, into: $0) }
        }
        #expect(output.prefix(16).map { $0 }.hexadecimal == Self.md5[1].code)
        #expect(output.suffix(4) == [0x5a, 0x5a, 0x5a, 0x5a])
    }
}
