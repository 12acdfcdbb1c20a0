import Foundation
import TestSupport
import Testing

/// The program in `Peer`, which speaks yamux with the library that others use: hashicorp/yamux in Go.
enum GoPeer {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Peer")
    private static let packages = "/usr/share/gocode"
    private static let library = packages + "/src/github.com/hashicorp/yamux"
    private static let build = Build()
    private static let output = FileManager.default.temporaryDirectory
        .appending(path: "yamux-peer-\(UUID().uuidString)").path(percentEncoded: false)

    /// Where the program is; `nil`, and a word about it, where Go or the library is missing.
    static func built() async throws -> String? { try await build.program }

    /// Builds it once for all tests.
    private actor Build {
        private var task: Task<String?, any Error>?

        var program: String? {
            get async throws {
                let task = self.task ?? Task { try await GoPeer.make() }
                self.task = task
                return try await task.value
            }
        }
    }

    private static func make() async throws -> String? {
        let go = ["/usr/bin/go", "/usr/local/go/bin/go"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        guard let go, FileManager.default.fileExists(atPath: library) else {
            print("skipped: golang-go and golang-github-hashicorp-yamux-dev are not both there")
            return nil
        }
        atexit { unlink(GoPeer.output) }
        let process = Process()
        process.executableURL = URL(filePath: go)
        process.arguments = ["build", "-o", output, "."]
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment
            .merging(["GO111MODULE": "off", "GOPATH": packages, "GOFLAGS": ""]) { $1 }
        process.standardInput = FileHandle.nullDevice
        let code = try await process.runToEnd()
        try #require(code == 0, "the peer cannot be built")
        return output
    }

    /// Runs a scenario; `body` is given the lines that it writes, and must read what it wants of them.
    ///
    /// - Returns: The lines that `body` has not read.
    static func run(
        _ program: String, _ arguments: [String],
        _ body: (inout AsyncStream<String>.Iterator) async throws -> Void
    ) async throws -> [String] {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = ["-limit", "40s"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        defer { process.terminate() }
        var lines = pipe.fileHandleForReading.lines.makeAsyncIterator()
        try await body(&lines)
        var rest: [String] = []
        while let line = await lines.next(isolation: #isolation) { rest.append(line) }
        return rest
    }
}
