import Callbacks
import Foundation
import Testing

/// How the program ends when somebody ends it or nobody reads it, and how processes share a folder.
@Suite(.timeLimit(.minutes(2))) struct EndingTests {
    /// What came of a scenario of `endings.py`, in a fresh folder.
    private func scenario(_ arguments: String...) async throws -> JSONValue {
        try await withFolder { folder in
            let result = try await Program.run(
                "python3", ["\(Program.clients)/endings.py", Program.countersign] + arguments,
                in: folder)
            #expect(result.exitCode == 0, "\(result.error)")
            return try JSONValue(parsing: Array(result.output.utf8))
        }
    }

    @Test(
        arguments: [
            ("SIGINT", 130), ("SIGTERM", 143),
        ],
        [
            ["check", "ADDRESS"], ["trigger", "fax_sent", "-f", "ADDRESS"],
            ["replay", "flow:decline", "-f", "ADDRESS"],
        ])
    func `a signal ends it at once and without a word`(
        _ signal: (name: String, code: Int), _ arguments: [String]
    ) async throws {
        try await withFolder { folder in
            let result = try await Program.run(
                "python3",
                ["\(Program.clients)/endings.py", Program.countersign, "interrupt", signal.name]
                    + arguments, in: folder)
            let value = try JSONValue(parsing: Array(result.output.utf8))
            #expect(value["exit"]?.integer == signal.code)
            #expect(value["error"] == "")
            #expect(value["seen"] == 1)
            guard arguments[0] != "check" else { return }
            // What was under way goes on with the next run.
            let list = try await Program.invoke(["events", "list", "--format", "json"], in: folder)
            #expect(list.output.contains(#""state":"pending""#))
        }
    }

    @Test func `output that cannot be written is an error, and the work is done all the same`()
        async throws
    {
        let value = try await scenario(
            "deaf", "stdout", "200", "trigger", "fax_sent", "--count", "3", "-f", "ADDRESS")
        #expect(value["exit"] == 2)
        #expect(value["seen"] == 3)
        #expect(value["error"]?.string?.contains("error: CS-1604 ") == true)
    }

    @Test func `what is said on the way decides nothing`() async throws {
        let good = try await scenario(
            "deaf", "stderr", "200", "check", "ADDRESS", "--only", "emoji")
        #expect(good["exit"] == 0)
        let bad = try await scenario(
            "deaf", "stderr", "201", "check", "ADDRESS", "--only", "answer")
        #expect(bad["exit"] == 1)
        let wrong = try await scenario("deaf", "stderr", "200", "frob")
        #expect(wrong["exit"] == 2)
    }

    @Test func `a reader who leaves ends no delivery`() async throws {
        let value = try await scenario(
            "left", "trigger", "fax_sent", "--count", "500", "-f", "ADDRESS")
        #expect(value["exit"] == 0)
        #expect(value["seen"] == 500)
    }

    @Test func `many processes share a fresh folder`() async throws {
        let value = try await scenario("crowd", "6")
        #expect(value["exits"] == [0, 0, 0, 0, 0, 0], "\(value["errors"]?.string ?? "")")
        #expect(value["seen"] == 120)
        #expect(value["distinct"] == 120)
        #expect(value["states"]?.array?.allSatisfy { $0 == "acknowledged" } == true)
    }

    @Test func `what a living process delivers is not taken over by a third`() async throws {
        let value = try await scenario("third")
        #expect(value["exits"] == [0, 0, 0])
        #expect(value["seen"] == 2)
        #expect(value["distinct"] == 2)
        #expect(value["attempts"] == [1, 1, 1, 1])
        #expect(value["states"]?.array?.allSatisfy { $0 == "acknowledged" } == true)
    }

    @Test func `a schedule of retries goes on after a death, and is no other run's matter`()
        async throws
    {
        let value = try await scenario("killed_retry")
        #expect(value["exits"] == [0, 0])
        // The run that does not retry left it alone: it was not due.
        #expect(value["between"]?["states"] == ["pending", "acknowledged"])
        #expect(value["between"]?["attempts"] == [1, 1])
        #expect(value["after"]?["states"] == ["failed", "acknowledged", "acknowledged"])
        #expect(value["after"]?["attempts"] == [7, 1, 1])
        #expect(value["seen"] == 7)
    }
}
