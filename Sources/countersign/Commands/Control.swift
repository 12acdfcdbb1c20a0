import ArgumentParser
import Callbacks
import Foundation
import Toolkit

/// Where the running mock is.
struct ControlOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The running mock (default: http://127.0.0.1:7446).", valueName: "address"))
    var mock: String?

    @Option(
        help: ArgumentHelp(
            "The authority of a mock with --tls (PEM); 'countersign ca path' has it.",
            valueName: "file"))
    var ca: String?

    @Option(help: "The token of a mock that can be reached from other machines.")
    var controlToken: String?

    /// Calls the control API of the running mock, and prints what it answers.
    func call(
        _ path: String, _ body: JSONValue, _ common: CommonOptions,
        show: (JSONValue) -> String
    ) async throws {
        let sources = try common.sources([
            .ca: [ca].compactMap { $0 }, .controlToken: [controlToken].compactMap { $0 },
        ])
        let client = try ControlClient(
            try Settings(sources), address: mock, token: sources.value(.controlToken)?.text)
        let answer = try await client.post(path, body)
        Terminal.standardOutput(
            common.format == .json ? answer.text(.plain) + "\n" : show(answer))
    }

    /// What became of a signature request.
    static func summary(_ answer: JSONValue) -> String {
        let request = answer["signature_request"]
        let signatures = request?["signatures"]?.array ?? []
        let states = signatures.map { signature in
            let name =
                signature["signer_name"]?.string ?? signature["signer_email_address"]?.string ?? ""
            return "\(name): \(signature["status_code"]?.string ?? "")"
        }
        let title = request?["title"]?.string ?? ""
        let id = request?["signature_request_id"]?.string ?? ""
        return "\(title) \(id)\n".withoutControlCharacters
            .trimmingCharacters(in: .whitespaces) + "\n"
            + states.map { "  \($0.withoutControlCharacters)\n" }.joined()
    }
}

/// Signs, as the signer would.
struct Sign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Signs a signature request of the running mock.",
        discussion: """
            countersign sign SIGNATURE_ID
            countersign sign SIGNATURE_ID --value address1="12 Main Street"
            """)

    @Argument(help: "The signature's id.")
    var id: String

    @Option(
        help: ArgumentHelp("What is filled in; may be repeated.", valueName: "field=value"))
    var value: [String] = []

    @OptionGroup(title: "Mock") var control: ControlOptions
    @OptionGroup(title: "General") var common: CommonOptions

    func validate() throws {
        for text in value where !text.contains("=") {
            throw ValidationError("--value is FIELD=VALUE, not '\(text)'")
        }
    }

    func run() async throws {
        let values = value.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), JSONValue.string(String(parts[1])))
        }
        try await control.call(
            "signatures/\(id)/sign", ["values": .object(JSONObject(values))], common,
            show: ControlOptions.summary)
    }
}

/// Declines, as the signer would.
struct Decline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Declines a signature request of the running mock.",
        discussion: "countersign decline SIGNATURE_ID --reason 'Wrong amount'")

    @Argument(help: "The signature's id.")
    var id: String

    @Option(help: "The reason that the event tells.")
    var reason: String?

    @OptionGroup(title: "Mock") var control: ControlOptions
    @OptionGroup(title: "General") var common: CommonOptions

    func run() async throws {
        try await control.call(
            "signatures/\(id)/decline", ["reason": reason.map { .string($0) } ?? .null], common,
            show: ControlOptions.summary)
    }
}

/// Looks at a request, as the signer would.
struct View: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Views a signature request of the running mock as its signer.",
        discussion: "countersign view SIGNATURE_ID")

    @Argument(help: "The signature's id.")
    var id: String

    @OptionGroup(title: "Mock") var control: ControlOptions
    @OptionGroup(title: "General") var common: CommonOptions

    func run() async throws {
        try await control.call(
            "signatures/\(id)/view", [:], common, show: ControlOptions.summary)
    }
}

/// The mock's clock.
struct Clock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Moves the clock of the running mock.",
        discussion: "countersign clock advance 5m",
        subcommands: [Advance.self, Mode.self])

    /// On by a span of time.
    struct Advance: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Moves the clock on; what becomes due on the way is done.",
            discussion: "countersign clock advance 5m")

        @Argument(help: "How far, such as 30s, 5m, 2h or 3d.")
        var span: String

        @OptionGroup(title: "Mock") var control: ControlOptions
        @OptionGroup(title: "General") var common: CommonOptions

        func run() async throws {
            try await control.call("clock", ["advance": .string(span)], common, show: Clock.text)
        }
    }

    /// Another way for the time to go.
    struct Mode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets time go in another way: real, manual, or scaled with a factor.",
            discussion: "countersign clock mode scaled --factor 60")

        @Argument(help: "real, manual or scaled.")
        var mode: String

        @Option(help: "How many times as fast as real time.")
        var factor: Double?

        @OptionGroup(title: "Mock") var control: ControlOptions
        @OptionGroup(title: "General") var common: CommonOptions

        func run() async throws {
            try await control.call(
                "clock",
                ["mode": .string(mode), "factor": factor.map { .number("\($0)") } ?? .null],
                common, show: Clock.text)
        }
    }

    private static func text(_ answer: JSONValue) -> String {
        let milliseconds = Double(answer["now"]?.integer ?? 0)
        let date = Date(timeIntervalSince1970: milliseconds / 1000)
        let due = (answer["due"]?.array ?? []).map { delivery in
            "  due: \(delivery["event_type"]?.string ?? "") #\(delivery["id"]?.integer ?? 0)\n"
        }
        return "it is \(date.ISO8601Format()) (\(answer["mode"]?.string ?? ""))\n" + due.joined()
    }
}
