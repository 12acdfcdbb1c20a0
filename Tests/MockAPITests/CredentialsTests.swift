import Callbacks
import Foundation
import Testing

@testable import MockAPI

@Suite struct CredentialsTests {
    private func read(_ value: String?) throws(APIError) -> Credentials? {
        try Credentials(value.map { [HeaderField("authorization", $0)] } ?? [])
    }

    private func basic(_ text: String) -> String {
        "Basic " + Data(text.utf8).base64EncodedString()
    }

    @Test func `reads keys and tokens`() throws {
        #expect(try read(nil) == nil)
        #expect(try read("") == nil)
        #expect(try read(basic("key:")) == .apiKey("key"))
        #expect(try read(basic("key:password: ignored")) == .apiKey("key"))
        #expect(try read(basic(":")) == nil)
        #expect(try read(basic(":password")) == nil)
        #expect(try read("bASIC " + Data("key:".utf8).base64EncodedString()) == .apiKey("key"))
        #expect(try read("Bearer token") == .token("token"))
        #expect(try read("bearer a b") == .token("a b"))
        let longest = String(repeating: "k", count: 1000)
        #expect(try read(basic(longest + ":")) == .apiKey(longest))
    }

    @Test(arguments: [
        "Basic", "Basic !!!", "Basic a2V5", "Digest abc", "Bearer", "Bearer ", "key", " ",
        "Basic " + Data("k\u{0}y:".utf8).base64EncodedString(),
        "Basic " + Data("k y:".utf8).base64EncodedString(),
        "Basic " + Data("kéy:".utf8).base64EncodedString(),
        "Basic " + Data([0xff, 0xfe, 0x3a]).base64EncodedString(),
        "Basic " + Data((String(repeating: "k", count: 1001) + ":").utf8).base64EncodedString(),
    ])
    func `what cannot be read is unauthorized, and not repeated`(_ value: String) {
        let error = #expect(throws: APIError.self) { try read(value) }
        #expect(error?.name == .unauthorized)
        #expect(error?.message.contains(String(repeating: "k", count: 8)) == false)
    }

    // MARK: - Who that is

    private func caller(
        _ state: MockState, _ credentials: Credentials?, _ operation: String = "accountGet",
        now: Int64 = 0
    ) throws -> Caller {
        let operation = try #require(
            Contract.current.operations.first { $0.id == operation })
        return try state.caller(credentials, of: operation, now: now)
    }

    @Test func `a key opens its account, and any key the first where none is set`() throws {
        let open = Mock().state
        #expect(try caller(open, .apiKey("whatever")).apiKey == "whatever")
        #expect(try caller(open, .apiKey("whatever")).account == open.defaultAccount)
        let error = #expect(throws: APIError.self) { try caller(open, nil) }
        #expect(error?.name == .unauthorized)
        // A call that needs no credentials is the first account's.
        #expect(try caller(open, nil, "oauthTokenGenerate").account == open.defaultAccount)

        let closed = Mock {
            $0.accounts = [
                .init(emailAddress: "a@example.com", apiKeys: ["one", "two"]),
                .init(emailAddress: "b@example.com", apiKeys: ["three"]),
            ]
            $0.takesAnyKey = false
        }.state
        for (key, email) in [("one", "a"), ("two", "a"), ("three", "b")] {
            let caller = try caller(closed, .apiKey(key))
            #expect(caller.account.emailAddress == "\(email)@example.com")
            #expect(caller.apiKey == key)
        }
        #expect(throws: APIError.self) { try caller(closed, .apiKey("four")) }
    }

    @Test func `a token opens what its scopes allow, as long as it lives`() throws {
        var state = Mock().state
        let account = try #require(state.defaultAccount)
        state.apps.put(
            APIApp(
                id: "app", ownerID: account.id, createdAt: 0, name: "App", domains: [],
                oauthSecret: "secret"))
        state.put(
            OAuthGrant(
                id: "code", clientID: "app", accountID: account.id,
                scopes: ["signature_request_access"],
                codeExpiresAt: 0, accessToken: "token", refreshToken: "again", expiresAt: 100))
        let caller = try caller(state, .token("token"), "signatureRequestList", now: 99)
        #expect(caller.account == account)
        #expect(caller.clientID == "app")
        for (token, operation, now, name) in [
            ("token", "signatureRequestList", 100, APIError.Name.unauthorized),
            ("again", "signatureRequestList", 0, .unauthorized),
            ("other", "signatureRequestList", 0, .unauthorized),
            ("token", "teamGet", 0, .forbidden),
        ] {
            let error = #expect(throws: APIError.self) {
                try self.caller(state, .token(token), operation, now: Int64(now))
            }
            #expect(error?.name == name, "\(token) \(operation)")
        }
    }
}
