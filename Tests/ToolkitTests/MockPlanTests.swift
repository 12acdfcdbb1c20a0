import Callbacks
import Delivery
import Foundation
import HTTPTransport
import MockAPI
import Testing
import Toolkit

@Suite struct MockPlanTests {
    private func plan(
        _ flags: [SettingKey: [String]] = [:], file text: String = ""
    ) throws -> MockPlan {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(text.utf8).write(to: file)
        let sources = try SettingSources(flags: flags, environment: [:], file: file.path())
        return try MockPlan(sources, try Settings(sources))
    }

    @Test func `without any setting it is one account on this machine that any key opens`() throws {
        let plan = try plan()
        #expect(plan.host == "127.0.0.1")
        #expect(plan.port == 7446)
        #expect(plan.clock == .real)
        #expect(plan.controlToken == nil)
        #expect(!plan.usesTLS)
        #expect(plan.publicURL == nil)
        #expect(plan.mock.takesAnyKey)
        #expect(
            plan.mock.accounts == [
                MockSettings.Account(emailAddress: "me@example.com", apiKeys: [])
            ])
        #expect(plan.mock.reporting == .both)
        #expect(plan.mock.processingMilliseconds == 250)
        #expect(!plan.mock.enforcesRateLimits)
        #expect(plan.mock.retryWaits.count == 6)
    }

    @Test func `every setting has its effect`() throws {
        let plan = try plan([
            .host: ["::1"], .port: ["0"], .reporting: ["app"], .textTagError: ["file_error"],
            .processing: ["2s"], .plan: ["free"], .rateLimits: ["true"], .tls: ["on"],
            .allowFileHost: ["Files.example.com", "10.0.0.1"], .clock: ["manual"], .seed: ["9"],
            .apiKey: ["key"], .forwardTo: ["3000"], .controlToken: ["12345678"],
            .body: ["json"], .publicURL: ["https://Mock.example.com:8443/path"],
        ])
        #expect(plan.publicURL?.base == "https://Mock.example.com:8443")
        #expect(plan.host == "::1")
        #expect(plan.port == 0)
        #expect(plan.clock == .manual(start: 1_760_000_000_000))
        #expect(plan.usesTLS)
        #expect(plan.controlToken == "12345678")
        var expected = plan.mock
        expected.seed = 9
        expected.accounts = [
            MockSettings.Account(
                emailAddress: "me@example.com", apiKeys: ["key"],
                callbackURL: "http://localhost:3000/", isPaid: false)
        ]
        expected.takesAnyKey = false
        expected.defaultKey = "key"
        expected.reporting = .app
        expected.badTextTag = .fileError
        expected.processingMilliseconds = 2000
        expected.enforcesRateLimits = true
        expected.form = .json
        expected.fileHosts = ["files.example.com", "10.0.0.1"]
        #expect(plan.mock == expected)
        #expect(try self.plan([.clockSpeed: ["60"]]).clock == .scaled(60))
    }

    @Test(arguments: [
        (SettingKey.port, "-1", "0 to 65535"), (.port, "65536", "0 to 65535"),
        (.port, "http", "0 to 65535"), (.host, "", "a name or an address"),
        (.reporting, "nobody", "'both', 'account', 'app'"),
        (.textTagError, "shrug", "'file_error'"), (.processing, "soon", "250ms"),
        (.plan, "gold", "'paid', 'free'"), (.rateLimits, "perhaps", "true or false"),
        (.tls, "maybe", "true or false"), (.clock, "fast", "real or manual"),
        (.clock, "scaled", "real or manual"), (.clockSpeed, "0", "0.001 to 1000000"),
        (.clockSpeed, "nan", "0.001 to 1000000"), (.clockSpeed, "2000000", "0.001 to 1000000"),
        (.controlToken, "1234567", "8 letters and digits"),
        (.controlToken, "12345 78", "8 letters and digits"),
        (.controlToken, "1234567ü", "8 letters and digits"),
    ])
    func `a value that does not fit is named with what would`(
        _ key: SettingKey, _ text: String, _ hint: String
    ) throws {
        let error = #expect(throws: Problem.self) { try plan([key: [text]]) }
        #expect(error?.code == .wrongValue)
        #expect(error?.place == "--\(key.rawValue)")
        #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
    }

    @Test func `what links begin with must be an address`() throws {
        let error = #expect(throws: Problem.self) { try plan([.publicURL: ["ftp://x"]]) }
        #expect(error?.code == .malformedAddress)
        #expect(error?.place == "--public-url")
    }

    @Test func `where other machines reach it the control API has a token`() throws {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "::1"] {
            #expect(try plan([.host: [host]]).controlToken == nil, "\(host)")
        }
        var tokens: Set<String> = []
        for host in ["0.0.0.0", "::", "192.168.0.7", "mock.example.com"] {
            let token = try #require(try plan([.host: [host]]).controlToken)
            #expect(token.utf8.count >= 8)
            tokens.insert(token)
        }
        #expect(tokens.count == 4)
        let given = try plan([.host: ["0.0.0.0"], .controlToken: ["a-token-of-mine"]])
        #expect(given.controlToken == "a-token-of-mine")
    }

    // MARK: - Accounts

    @Test func `accounts come from the file, the first with the handler of the command`() throws {
        let text = """
            seed: 3
            accounts:
              - email: me@example.com
                api-keys: [one, "22"]
                callback-url: localhost:4000/own
                plan: paid
              - email: you@example.com
                plan: free
                api-keys: [three]
                callback-url: 5000
            """
        let plan = try plan([.apiKey: ["ignored"]], file: text)
        #expect(
            plan.mock.accounts == [
                MockSettings.Account(
                    emailAddress: "me@example.com", apiKeys: ["one", "22"],
                    callbackURL: "http://localhost:4000/own"),
                MockSettings.Account(
                    emailAddress: "you@example.com", apiKeys: ["three"],
                    callbackURL: "http://localhost:5000/", isPaid: false),
            ])
        #expect(!plan.mock.takesAnyKey)
        let forwarded = try self.plan([.forwardTo: ["3000"]], file: text)
        #expect(
            forwarded.mock.accounts.map(\.callbackURL)
                == ["http://localhost:3000/", "http://localhost:5000/"])
    }

    @Test func `accounts without keys are opened by any`() throws {
        #expect(try plan(file: "accounts: [{email: a@b}, {email: c@d}]").mock.takesAnyKey)
        let closed = "accounts: [{email: a@b}, {email: c@d, api-keys: [k]}]"
        #expect(try !plan(file: closed).mock.takesAnyKey)
    }

    @Test(arguments: [
        ("accounts: me@example.com", 1, "a list of 1 to 100"), ("accounts: {}", 1, "a list"),
        ("accounts: []", 1, "a list"), ("seed: 3\naccounts:\n  - just text", 3, "needs an 'email'"),
        ("accounts:\n  - email: nobody", 2, "needs an 'email'"),
        ("accounts:\n  - email: [a@b]", 2, "needs an 'email'"),
        ("accounts:\n  - api-keys: [a]", 2, "needs an 'email'"),
        ("accounts:\n  - email: a@b\n    colour: red", 3, "unknown member 'colour'"),
        ("accounts:\n  - email: a@b\n  - email: A@B", 2, "the same e-mail address or key"),
        (
            "accounts:\n  - {email: a@b, api-keys: [k]}\n  - {email: c@d, api-keys: [k]}", 2,
            "the same e-mail address or key"
        ),
        (
            "accounts:\n"
                + (0...100).map { "  - email: a\($0)@b\n" }.joined(), 2, "a list of 1 to 100"
        ),
    ])
    func `a wrong form of an account is told with its line`(
        _ text: String, _ line: Int, _ hint: String
    ) throws {
        let error = #expect(throws: Problem.self) { try plan(file: text) }
        #expect(error?.code == .malformedConfiguration)
        #expect(error?.place?.hasSuffix(".yaml:\(line)") == true, "\(error?.place ?? "")")
        #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
    }

    @Test func `an account's handler must be an address`() throws {
        let error = #expect(throws: Problem.self) {
            try plan(file: "accounts: [{email: a@b, callback-url: 'ftp://x'}]")
        }
        #expect(error?.code == .malformedAddress)
    }
}
