import Callbacks
import Foundation
import Testing

/// A defect of `broken_handler.py`, and the rule that must find it.
struct Defect: CustomTestStringConvertible, Sendable {
    let name: String
    let rule: String

    var testDescription: String { name }

    /// The rules that warn: the service itself does not need them to hold.
    static let warned: Set = [
        "answers-exactly", "refuses-uppercase-hash", "json-beside-other-field",
        "refuses-malformed-json",
    ]

    /// All of them, as the program lists them.
    static let all: [Defect] = {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "\(Program.handlers)/broken_handler.py", "--list"]
        process.standardOutput = pipe
        do { try process.run() } catch { return [] }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { line in
            let words = line.split(separator: "\t")
            return words.count == 3 ? Defect(name: String(words[0]), rule: String(words[1])) : nil
        }
    }()
}

/// The verdicts of a check, by rule.
private func check(
    _ address: String, _ arguments: [String] = []
) async throws -> (exitCode: Int32, verdicts: [String: String]) {
    try await withFolder { folder in
        let result = try await Program.invoke(
            ["check", address, "--format", "json"] + arguments, in: folder)
        let report = try JSONValue(parsing: Array(result.output.utf8))
        var verdicts: [String: String] = [:]
        for entry in report["results"]?.array ?? [] {
            verdicts[entry["id"]?.string ?? ""] = entry["status"]?.string
        }
        return (result.exitCode, verdicts)
    }
}

@Suite(.serialized) struct HandlerTests {
    @Test func `there are at least fifteen defects to find`() {
        #expect(Defect.all.count >= 15)
    }

    @Test(.timeLimit(.minutes(2)), arguments: Defect.all)
    func `the rule that names the defect finds it`(_ defect: Defect) async throws {
        // The late answer is late for a short time limit, as it would be for the real one.
        let arguments = ["--port", "0", "--defect", defect.name, "--delay", "3"]
        try await Program.withServer(
            "python3", ["\(Program.handlers)/broken_handler.py"] + arguments
        ) { address in
            let timeout = defect.name == "answers-late" ? "1s" : "30s"
            let (exitCode, verdicts) = try await check(address, ["--timeout", timeout])
            let expected = Defect.warned.contains(defect.rule) ? "warn" : "fail"
            #expect(verdicts[defect.rule] == expected)
            #expect(exitCode == (expected == "fail" ? 1 : 0))
            // A handler with one defect keeps more rules than it breaks.
            let failed = verdicts.values.count { $0 == "fail" }
            #expect(failed <= 8, "\(verdicts.filter { $0.value == "fail" }.keys.sorted())")
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: ["sample-handler", "flask", "node", "broken: none"])
    func `a correct handler gets no failure and no warning`(_ name: String) async throws {
        let (program, arguments): (String, [String])
        switch name {
        case "sample-handler": (program, arguments) = (Program.sampleHandler, [])
        case "flask":
            let python = try #require(
                Program.python, "COUNTERSIGN_TEST_PYTHON is not set; run scripts/test")
            (program, arguments) = (python, ["\(Program.handlers)/flask_handler.py"])
        case "node": (program, arguments) = ("node", ["\(Program.handlers)/node_handler.mjs"])
        default:
            (program, arguments) = (
                "python3", ["\(Program.handlers)/broken_handler.py", "--defect", "none"]
            )
        }
        try await Program.withServer(program, arguments + ["--port", "0"]) { address in
            let (exitCode, verdicts) = try await check(address)
            #expect(exitCode == 0)
            #expect(verdicts.values.count { $0 == "pass" } >= 38)
            #expect(verdicts.filter { $0.value != "pass" && $0.value != "info" } == [:])
        }
    }

    @Test(.timeLimit(.minutes(2))) func `a key that is not known skips what needs it`() async throws
    {
        try await Program.withServer(
            Program.sampleHandler, ["--port", "0", "--api-key", "another"]
        ) { address in
            let (exitCode, unknown) = try await check(address)
            #expect(exitCode == 1, "a build without its key must not be green")
            #expect(unknown["refuses-wrong-key"] == "skipped")
            #expect(unknown["acknowledges-account-events"] == "skipped")
            let given = try await check(address, ["--api-key", "another"])
            #expect(given.exitCode == 0)
            #expect(given.verdicts["refuses-wrong-key"] == "pass")
        }
    }

    /// Runs the shell lines that a check prints, as a reader would.
    @Test(
        .timeLimit(.minutes(2)),
        arguments: [
            ("compares-only-prefix", "refuses-partial-hash", ["Hello API Event Received"]),
            ("duplicate-race", "same-answer-concurrent", ["HTTP/1.1 200", "HTTP/1.1 500"]),
            (
                "closes-kept-connection", "connection-reuse",
                ["new connections: 1]\n\nHTTP/1.1 200", "new connections: 1]"]
            ),
        ]) func `the printed lines show the failure, with the reader's key`(
            _ defect: String, _ rule: String, _ signs: [String]
        ) async throws
    {
        let handler = "\(Program.handlers)/broken_handler.py"
        let key = "a-key-of-its-own"
        try await Program.withServer(
            "python3", [handler, "--port", "0", "--defect", defect, "--api-key", key]
        ) { address in
            try await withFolder { folder in
                let check = try await Program.invoke(
                    ["check", address, "--only", rule, "--format", "json", "--api-key", key],
                    in: folder)
                #expect(!check.output.contains(key))
                let report = try JSONValue(parsing: Array(check.output.utf8))
                let finding = report["results"]?[0]?["findings"]?[0]
                let line = try #require(finding?["reproduction"]?.string, "\(check.output)")
                let shell = try await Program.run(
                    "/bin/sh", ["-c", "PATH=\(Program.products.path()):$PATH; \(line)"],
                    in: folder, environment: ["COUNTERSIGN_API_KEY": key])
                let shown = shell.output.replacing("\r", with: "")
                for sign in signs { #expect(shown.contains(sign), "\(line)\n\(shown)") }
            }
        }
    }
}
