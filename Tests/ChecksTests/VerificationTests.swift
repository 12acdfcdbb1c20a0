import Callbacks
import OpenSSL
import Testing

@testable import Checks

/// A wrong way to make `event_hash`, and the cause that must be named.
struct WrongHash: CustomTestStringConvertible, Sendable {
    let cause: String
    let key: String
    let message: String
    var form: @Sendable (String) -> String = { $0 }

    var testDescription: String { cause }

    static let key = "6f1c-the-account's-key"
    static let time = "1760000000"
    static let type = "signature_request_signed"

    init(
        _ cause: String, key: String = WrongHash.key, _ message: String = time + type,
        form: @escaping @Sendable (String) -> String = { $0 }
    ) {
        self.cause = cause
        self.key = key
        self.message = message
        self.form = form
    }

    var hash: String { form(hmac(message, key: key)) }

    static let all = [
        WrongHash("development-key", key: DevelopmentKeyText.value),
        WrongHash("key-with-line-end", key: key + "\n"),
        WrongHash("key-with-space", key: key + " "),
        WrongHash("key-with-quotes", key: "\"\(key)\""),
        WrongHash("key-with-colon", key: key + ":"),
        WrongHash("bearer-credentials", key: "Bearer \(key)"),
        WrongHash("key-letter-case", key: key.uppercased()),
        WrongHash("empty-key", key: ""),
        WrongHash("id-as-key", key: "account-1"),
        WrongHash("type-before-time", type + time),
        WrongHash("separator", time + ":" + type),
        WrongHash("line-end-behind", time + type + "\n"),
        WrongHash("time-only", time),
        WrongHash("type-only", type),
        WrongHash("time-with-decimals", time + ".0" + type),
        WrongHash("time-in-milliseconds", time + "000" + type),
        WrongHash("time-with-exponent", "1.760000000E9" + type),
        WrongHash("other-type", time + "signature_request_sent"),
        WrongHash("other-time", "1760000007" + type),
        WrongHash("time-zone", "1760007200" + type),
        WrongHash("upper-case") { $0.uppercased() },
        WrongHash("white-space") { $0 + "\n" },
        WrongHash("truncated") { String($0.prefix(32)) },
        WrongHash("prefixed") { "sha256=" + $0 },
        WrongHash("base64") { Base64.encode(hexadecimal: $0) },
        WrongHash("other-key") { _ in String(repeating: "0", count: 64) },
    ]
}

private enum DevelopmentKeyText {
    static let value = "324e3b0840f065eb51f3fd63231d0d33daa35d4ed10d27718839e81737065782"
}

private func hmac(_ text: String, key: String) -> String {
    var authenticator = MessageAuthenticator(.sha256, key: key.utf8)
    return authenticator.code(for: text.utf8).map {
        String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
    }.joined()
}

/// An event's JSON as the service writes it.
private func json(event hash: String, slash: String = "\\/") -> String {
    "{\"event\":{\"event_type\":\"\(WrongHash.type)\",\"event_time\":\"\(WrongHash.time)\","
        + "\"event_hash\":\"\(hash)\",\"event_metadata\":{}},\"account_guid\":\"account-1\","
        + "\"signature_request\":{\"title\":\"a\(slash)b\"}}"
}

@Suite struct VerificationTests {
    private func judge(
        _ text: String, apiKey: String? = WrongHash.key
    ) throws -> VerificationReport {
        VerificationReport(try VerificationInput(Array(text.utf8)), apiKey: apiKey)
    }

    private func percentEncoded(_ text: String) -> String {
        text.utf8.map { "%" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private func escaped(_ hash: String) -> String { hash.replacing("\n", with: "\\n") }

    @Test(arguments: WrongHash.all)
    func `the cause of a wrong hash is named, and no key is told`(_ wrong: WrongHash) throws {
        let report = try judge(json(event: escaped(wrong.hash)))
        let verdict = try #require(report.hashes.first)
        #expect(verdict.status == .wrong)
        #expect(verdict.causes.contains(wrong.cause), "\(verdict.causes)")
        #expect(report.exitCode == 1)
        for secret in [WrongHash.key, WrongHash.key.uppercased()] {
            #expect(!report.text().contains(secret))
            #expect(!report.json().contains(secret))
        }
    }

    @Test func `a right hash is right, with the given key or the published one`() throws {
        let hash = hmac(WrongHash.time + WrongHash.type, key: WrongHash.key)
        #expect(try judge(json(event: hash)).hashes.map(\.status) == [.right])
        let published = hmac(
            WrongHash.time + WrongHash.type, key: DevelopmentKeyText.value)
        #expect(try judge(json(event: published), apiKey: nil).hashes.map(\.status) == [.right])
    }

    @Test func `a missing hash is missing`() throws {
        let text = "{\"event\":{\"event_type\":\"callback_test\",\"event_time\":\"1\"}}"
        do {
            let verdict = try #require(try judge(text).hashes.first)
            #expect(verdict.status == .missing)
        } catch let error as CheckError {
            #expect(error.code == .malformedInput)
        }
    }

    @Test(arguments: [
        ("slashes", "/"), ("line-end-behind", "\\/"), ("event-hash-recipe", "\\/"),
        ("whole-body", "\\/"),
    ])
    func `the cause of a wrong header hash is named`(_ cause: String, _ slash: String) throws {
        let hash = hmac(WrongHash.time + WrongHash.type, key: WrongHash.key)
        let text = json(event: hash)
        let hashed =
            switch cause {
            case "slashes": json(event: hash, slash: "/")
            case "line-end-behind": text + "\n"
            case "whole-body": "json=" + percentEncoded(text)
            default: WrongHash.time + WrongHash.type
            }
        let digits = hmac(hashed, key: WrongHash.key)
        let header = String(decoding: base64(Array(digits.utf8)), as: UTF8.self)
        let report = try judge(
            "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                + "Content-Sha256: \(header)\r\n\r\njson=" + percentEncoded(text))
        #expect(report.hashes.map(\.status) == [.right, .wrong])
        #expect(report.hashes[1].causes.contains(cause), "\(report.hashes[1].causes)")
    }

    @Test(arguments: ["hello", "", "POST / HTTP/1.1\r\n\r\n", "json=%zz", "--b\r\n\r\n--b--"])
    func `what is no event is said to be none`(_ text: String) {
        #expect(throws: CheckError.self) { try judge(text) }
    }
}
