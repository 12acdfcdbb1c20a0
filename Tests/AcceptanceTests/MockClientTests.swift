import Callbacks
import Foundation
import Testing

/// The mock as its users' clients see it.
@Suite(.timeLimit(.minutes(5))) struct MockClientTests {
    private static let description = Program.root.deletingLastPathComponent()
        .appending(path: "shared/reference/openapi.yaml").path()

    @Test func `the official SDK calls every operation in all encodings, and reaches every error`()
        async throws
    {
        let isJudged = FileManager.default.fileExists(atPath: Self.description)
        if !isJudged { print("skipped: \(Self.description) judges no answer, as it is not there") }
        let python = try #require(
            Program.python, "COUNTERSIGN_TEST_PYTHON names a Python with dropbox-sign")
        try await withMock { url, folder in
            let result = try await Program.run(
                python, ["\(Program.clients)/mock_sdk.py", url, isJudged ? Self.description : "-"],
                in: folder)
            #expect(result.exitCode == 0, "\(result.output)\(result.error)")
            let last = try #require(result.output.split(separator: "\n").last)
            let numbers = last.split { !$0.isNumber }.compactMap { Int($0) }
            #expect(numbers.count == 4)
            #expect(numbers[0] == 74, "\(last)")
            #expect(numbers[1] >= 300, "\(last)")
            #expect(numbers[2] >= 22, "\(last)")
            #expect(numbers[3] == 0, "\(last)")
        }
    }

    @Test(arguments: [1, 2026])
    func `hostile requests are refused in the documented form`(_ seed: Int) async throws {
        try await withMock { url, folder in
            let address = url.replacing("http://", with: "")
            let result = try await Program.run(
                "python3", ["\(Program.clients)/mock_hostile.py", address, "10000", "\(seed)"],
                in: folder)
            #expect(result.exitCode == 0, "\(result.output.suffix(4000))\(result.error)")
            #expect(result.output.contains("10000 requests"))
        }
    }
}

/// Runs a mock that keeps nothing, and lends its address and a fresh folder.
func withMock<Result>(
    _ arguments: [String] = [], _ body: (String, URL) async throws -> Result
) async throws -> Result {
    try await withFolder { folder in
        try await Program.withServer(
            Program.countersign,
            ["mock", "--port", "0", "--ephemeral", "--format", "compact"] + arguments
        ) { address in try await body(address, folder) }
    }
}
