import Callbacks
import Foundation
import Testing

/// A wrong use, and what must be said about it.
struct WrongUse: CustomTestStringConvertible, Sendable {
    let arguments: [String]
    let code: String
    let hint: String
    /// Files that are there, by name.
    var files: [String: String] = [:]

    var testDescription: String { arguments.joined(separator: " ") }

    static let all = [
        WrongUse(arguments: ["chek"], code: "CS-1001", hint: "did you mean check"),
        WrongUse(arguments: ["check"], code: "CS-1101", hint: "address"),
        WrongUse(arguments: ["check", "3", "4"], code: "CS-1001", hint: "two addresses"),
        WrongUse(
            arguments: ["trigger", "--frob"], code: "CS-1001", hint: "Unknown option '--frob'"),
        WrongUse(
            arguments: ["trigger", "fax_sent", "fax_busy", "--count", "9223372036854775807"],
            code: "CS-1001", hint: "--count is 1 to 1000000"),
        WrongUse(
            arguments: ["check", "1", "--timestamp=-9223372036854775808"], code: "CS-1001",
            hint: "--timestamp is Unix seconds"),
        WrongUse(
            arguments: ["replay", "flow:decline", "--timestamp", "9223372036854775807"],
            code: "CS-1001", hint: "--timestamp is Unix seconds"),
        WrongUse(
            arguments: ["replay", "flow:decline", "--speed", "1e-300"], code: "CS-1001",
            hint: "--speed is 0.001"),
        WrongUse(
            arguments: ["trigger", "fax_sent", "--retry", "--clock-speed", "1e-300"],
            code: "CS-1001", hint: "--clock-speed is 0.001"),
        WrongUse(
            arguments: ["check", "1", "--api-key", ""], code: "CS-1003", hint: "not empty"),
        WrongUse(
            arguments: ["check", "1", "--report", "junit=none/x.xml"], code: "CS-1601",
            hint: "no such file"),
        WrongUse(arguments: ["check", "--nonsense", "3"], code: "CS-1001", hint: "check --help"),
        WrongUse(arguments: ["trigger"], code: "CS-1001", hint: "--list"),
        WrongUse(
            arguments: ["trigger", "callback_test", "--count", "0", "-f", "1"], code: "CS-1001",
            hint: "--count"),
        WrongUse(
            arguments: ["trigger", "callback_test", "--timeout", "soon", "-f", "1"],
            code: "CS-1003",
            hint: "30s"),
        WrongUse(
            arguments: ["trigger", "callback_test", "-H", "no header", "-f", "1"], code: "CS-1003",
            hint: "Name: value"),
        WrongUse(arguments: ["trigger", "callback_test"], code: "CS-1101", hint: "--forward-to"),
        WrongUse(
            arguments: ["trigger", "callback_test", "-f", "http:///x"], code: "CS-1102",
            hint: "has no host"),
        WrongUse(arguments: ["check", "http:///x"], code: "CS-1102", hint: "has no host"),
        WrongUse(arguments: ["check", "localhost:1"], code: "CS-1103", hint: "start the handler"),
        WrongUse(
            arguments: ["trigger", "signature_request_snt", "-f", "1"], code: "CS-1201",
            hint: "signature_request_sent"),
        WrongUse(
            arguments: ["trigger", "account_confirmed", "--kind", "account", "-f", "1"],
            code: "CS-1202", hint: "'app'"),
        WrongUse(
            arguments: ["trigger", "callback_test", "--override", "x", "-f", "1"], code: "CS-1203",
            hint: "PATH=VALUE"),
        WrongUse(
            arguments: ["trigger", "fax_sent", "--override", "fax.titel=x", "-f", "1"],
            code: "CS-1204", hint: "fax.title"),
        WrongUse(
            arguments: ["trigger", "fax_sent", "--override", "fax.title=5", "-f", "1"],
            code: "CS-1205", hint: "string"),
        WrongUse(
            arguments: ["replay", "nothing.json", "-f", "1"], code: "CS-1206", hint: "nothing.json"),
        WrongUse(
            arguments: ["replay", "bad.json", "-f", "1"], code: "CS-1207", hint: "bad.json",
            files: ["bad.json": "{\"event\": "]),
        WrongUse(arguments: ["replay", ".", "-f", "1"], code: "CS-1209", hint: "no event"),
        WrongUse(
            arguments: ["replay", "flow:declin", "-f", "1"], code: "CS-1210", hint: "decline"),
        WrongUse(
            arguments: ["replay", "f.yaml", "-f", "1"], code: "CS-1211", hint: "f.yaml:2",
            files: ["f.yaml": "steps:\n  - evnt: fax_sent\n"]),
        WrongUse(
            arguments: ["verify", "a.txt"], code: "CS-1212", hint: "no event",
            files: ["a.txt": "hello"]),
        WrongUse(
            arguments: ["trigger", "fax_sent", "-f", "1", "--data", "file"], code: "CS-1301",
            hint: "--data", files: ["file": "x"]),
        WrongUse(
            arguments: ["trigger", "fax_sent", "-f", "1", "--data", "d"], code: "CS-1302",
            hint: "--data",
            files: ["d/journal.sqlite": String(repeating: "this is no database ", count: 100)]),
        WrongUse(arguments: ["events", "list"], code: "CS-1301", hint: "--data"),
        WrongUse(
            arguments: ["check", "localhost:1", "--ca", "none.pem"], code: "CS-1401",
            hint: "none.pem"),
        WrongUse(
            arguments: ["check", "localhost:1", "--only", "refuses-wrong-kee"], code: "CS-1501",
            hint: "refuses-wrong-key"),
        WrongUse(
            arguments: ["check", "s.yaml", "localhost:1"], code: "CS-1502", hint: "s.yaml:2",
            files: ["s.yaml": "checks:\n  - sned: callback_test\n"]),
        WrongUse(
            arguments: ["check", "localhost:1", "--report", "xml=f"], code: "CS-1003",
            hint: "junit=FILE"),
        WrongUse(arguments: ["explain", "CS-9999"], code: "CS-1001", hint: "nothing is known"),
        WrongUse(
            arguments: ["check", "1", "--config", "c.yaml"], code: "CS-1002",
            hint: "did you mean timeout",
            files: ["c.yaml": "timout: 5s\n"]),
        WrongUse(
            arguments: ["mock", "--port", "70000"], code: "CS-1003", hint: "0 to 65535"),
        WrongUse(arguments: ["mock", "--port", "x"], code: "CS-1003", hint: "--port"),
        WrongUse(arguments: ["mock", "--plan", "gold"], code: "CS-1003", hint: "'paid', 'free'"),
        WrongUse(
            arguments: ["mock", "--reporting", "nobody"], code: "CS-1003", hint: "'account'"),
        WrongUse(arguments: ["mock", "--clock", "fast"], code: "CS-1003", hint: "real or manual"),
        WrongUse(
            arguments: ["mock", "--clock-speed", "0"], code: "CS-1003", hint: "0.001 to 1000000"),
        WrongUse(arguments: ["mock", "--processing", "soon"], code: "CS-1003", hint: "250ms"),
        WrongUse(
            arguments: ["mock", "--control-token", "short"], code: "CS-1003", hint: "8 letters"),
        WrongUse(
            arguments: ["mock", "--config", "m.yaml"], code: "CS-1002", hint: "m.yaml:2",
            files: ["m.yaml": "accounts:\n  - email: nobody\n"]),
        WrongUse(
            arguments: ["mock", "--data", "file", "--port", "0"], code: "CS-1301", hint: "--data",
            files: ["file": "x"]),
        WrongUse(
            arguments: ["mock", "--public-url", "ftp://x"], code: "CS-1102", hint: "scheme 'ftp'"),
        WrongUse(
            arguments: ["mock", "--host", "a..b", "--port", "0", "--ephemeral"], code: "CS-1605",
            hint: "no such address"),
        WrongUse(
            arguments: ["mock", "--host", "192.0.2.1", "--port", "0", "--ephemeral"],
            code: "CS-1605", hint: "--host"),
        WrongUse(arguments: ["dev"], code: "CS-1001", hint: "handler"),
        WrongUse(arguments: ["dev", "http:///x"], code: "CS-1102", hint: "has no host"),
        WrongUse(arguments: ["sign"], code: "CS-1001", hint: "sign --help"),
        WrongUse(
            arguments: ["sign", "x", "--value", "y"], code: "CS-1001", hint: "FIELD=VALUE"),
        WrongUse(
            arguments: ["sign", "x", "--mock", "localhost:1"], code: "CS-1701",
            hint: "countersign mock"),
        WrongUse(
            arguments: ["sign", "x", "--mock", "http:///x"], code: "CS-1102", hint: "has no host"),
        WrongUse(
            arguments: ["clock", "mode", "fast", "--mock", "localhost:1"], code: "CS-1701",
            hint: "--mock"),
        WrongUse(
            arguments: ["clock", "mode", "scaled", "--factor", "x"], code: "CS-1001",
            hint: "--factor"),
        WrongUse(arguments: ["clock", "advance"], code: "CS-1001", hint: "span"),
        WrongUse(arguments: ["ca", "path", "--ephemeral"], code: "CS-1001", hint: "--ephemeral"),
        WrongUse(
            arguments: ["ca", "path", "--data", "file"], code: "CS-1301", hint: "--data",
            files: ["file": "x"]),
    ]
}

@Suite struct CommandLineTests {
    @Test(arguments: WrongUse.all)
    func `wrong use is one line with a code, and damages nothing`(_ use: WrongUse) async throws {
        try await withFolder { folder in
            for (name, text) in use.files {
                let file = folder.appending(path: name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            let result = try await Program.invoke(use.arguments, in: folder)
            #expect(result.exitCode == 2)
            #expect(result.output == "")
            #expect(result.errorLines.count == 1, "\(result.error)")
            #expect(result.error.hasPrefix("error: \(use.code) "), "\(result.error)")
            #expect(result.error.contains(use.hint), "\(result.error)")
            for (name, text) in use.files {
                #expect(
                    try String(contentsOf: folder.appending(path: name), encoding: .utf8) == text)
            }
        }
    }

    @Test func `help and version go to standard output`() async throws {
        try await withFolder { folder in
            for arguments in [["--help"], [], ["check", "--help"], ["version"], ["--version"]] {
                let result = try await Program.invoke(arguments, in: folder)
                #expect(result.exitCode == 0)
                #expect(!result.output.isEmpty)
                #expect(result.error == "")
            }
        }
    }

    @Test func `delivers, records, shows and resends`() async throws {
        try await Program.withServer(Program.sampleHandler, ["--port", "0"]) { address in
            try await withFolder { folder in
                let sent = try await Program.invoke(
                    ["trigger", "fax_sent", "callback_test", "-f", address], in: folder)
                #expect(sent.exitCode == 0)
                #expect(sent.output.contains("--> fax_sent  #1 account"))
                #expect(sent.output.contains("<-- 200 acknowledged"))
                let ignored = folder.appending(path: ".countersign/.gitignore")
                #expect(try String(contentsOf: ignored, encoding: .utf8) == "*\n")
                let list = try await Program.invoke(
                    ["events", "list", "--format", "compact"], in: folder)
                #expect(list.output == "1 fax_sent acknowledged\n2 callback_test acknowledged\n")
                let again = try await Program.invoke(["events", "resend", "2"], in: folder)
                #expect(again.output.contains("attempt 2"))
                let shown = try await Program.invoke(["events", "show", "2"], in: folder)
                #expect(shown.output.contains("--> POST /callbacks HTTP/1.1"))
                #expect(shown.output.contains("<-- Hello API Event Received"))
                #expect(shown.output.contains("attempt 2"))
                let missing = try await Program.invoke(["events", "show", "9"], in: folder)
                #expect(missing.exitCode == 2)
                #expect(missing.error.hasPrefix("error: CS-1306 "))
            }
        }
    }

    @Test func `a handler that does not acknowledge makes exit code 1`() async throws {
        try await withFolder { folder in
            let result = try await Program.invoke(
                ["trigger", "fax_sent", "-f", "localhost:1", "--ephemeral", "--format", "json"],
                in: folder)
            #expect(result.exitCode == 1)
            let line = try JSONValue(parsing: Array(result.output.split(separator: "\n")[0].utf8))
            #expect(line["outcome"] == "refused")
            #expect(!FileManager.default.fileExists(atPath: folder.path() + "/.countersign"))
        }
    }

    @Test func `flags are stronger than the environment, which is stronger than the file`()
        async throws
    {
        try await withFolder { folder in
            try Data("user-agent: file\n".utf8).write(
                to: folder.appending(path: "countersign.yaml"))
            func agent(_ flags: [String], _ environment: [String: String]) async throws -> String {
                let result = try await Program.invoke(
                    ["trigger", "fax_sent", "--print"] + flags, in: folder,
                    environment: environment)
                let line = result.output.split(separator: "\r\n").first {
                    $0.hasPrefix("User-Agent: ")
                }
                return String(line?.dropFirst(12) ?? "")
            }
            let environment = ["COUNTERSIGN_USER_AGENT": "environment"]
            #expect(try await agent([], [:]) == "file")
            #expect(try await agent([], environment) == "environment")
            #expect(try await agent(["--user-agent", "flag"], environment) == "flag")
        }
    }

    @Test func `equal seeds and times make equal requests`() async throws {
        try await withFolder { folder in
            let arguments = [
                "trigger", "fax_sent", "--print", "--timestamp", "1760000000", "--seed",
            ]
            let one = try await Program.invoke(arguments + ["7"], in: folder)
            let same = try await Program.invoke(arguments + ["7"], in: folder)
            let other = try await Program.invoke(arguments + ["8"], in: folder)
            #expect(one.output == same.output)
            #expect(one.output != other.output)
        }
    }

    @Test func `what is printed verifies, and what is changed does not`() async throws {
        try await withFolder { folder in
            let printed = try await Program.invoke(["trigger", "fax_sent", "--print"], in: folder)
            let good = try await Program.invoke(
                ["verify", "-"], in: folder, input: Data(printed.output.utf8))
            #expect(good.exitCode == 0)
            let key = ["--api-key", "another"]
            let bad = try await Program.invoke(
                ["verify", "-"] + key, in: folder, input: Data(printed.output.utf8))
            #expect(bad.exitCode == 1)
            #expect(bad.output.contains("event_hash is wrong"))
        }
    }

    @Test func `suites and reports are written`() async throws {
        try await Program.withServer(Program.sampleHandler, ["--port", "0"]) { address in
            try await withFolder { folder in
                let suites = Program.root.appending(path: "fixtures/suites/smoke.yaml").path()
                let result = try await Program.invoke(
                    [
                        "check", suites, address, "--report", "junit=r.xml", "--report",
                        "tap=r.tap",
                        "--report", "json=r.json", "--report", "html=r.html",
                    ], in: folder)
                #expect(result.exitCode == 0, "\(result.output)")
                for (name, start) in [
                    ("r.xml", "<?xml"), ("r.tap", "TAP version 14"), ("r.json", "{"),
                    ("r.html", "<!doctype html"),
                ] {
                    let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
                    #expect(text.lowercased().hasPrefix(start.lowercased()), "\(name)")
                }
            }
        }
    }
}
