import Foundation
import TestSupport
import Testing

/// The built programs, and what they left behind.
enum Program {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    /// The tests run from the folder in which the programs are built.
    static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()
    static let countersign = products.appending(path: "countersign").path()
    static let sampleHandler = products.appending(path: "sample-handler").path()
    static let handlers = root.appending(path: "fixtures/handlers").path()
    static let clients = root.appending(path: "Tests/AcceptanceTests/Clients").path()
    /// A Python with the official SDK; the test script makes it.
    static let python = ProcessInfo.processInfo.environment["COUNTERSIGN_TEST_PYTHON"]

    struct Output: Sendable {
        var exitCode: Int32
        var output: String
        var error: String
        /// The lines of standard error.
        var errorLines: [Substring] { error.split(separator: "\n") }
    }

    /// Runs `countersign` to its end.
    static func invoke(
        _ arguments: [String], in folder: URL, input: Data? = nil,
        environment: [String: String] = [:]
    ) async throws -> Output {
        try await run(countersign, arguments, in: folder, input: input, environment: environment)
    }

    /// Runs a program to its end.
    static func run(
        _ program: String, _ arguments: [String], in folder: URL,
        input: Data? = nil, environment: [String: String] = [:]
    ) async throws -> Output {
        let files = [UUID().uuidString, UUID().uuidString, UUID().uuidString].map {
            FileManager.default.temporaryDirectory.appending(path: $0)
        }
        defer { for file in files { try? FileManager.default.removeItem(at: file) } }
        try (input ?? Data()).write(to: files[0])
        for file in files[1...] { try Data().write(to: file) }
        let process = try self.process(program, arguments, in: folder, environment)
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        let exitCode = try await process.runToEnd()
        return Output(
            exitCode: exitCode, output: try String(contentsOf: files[1], encoding: .utf8),
            error: try String(contentsOf: files[2], encoding: .utf8))
    }

    /// Runs a server, lends its address to `body` and ends it.
    static func withServer<Result>(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        let process = try self.process(program, arguments, in: root, environment)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        // A handler with a defect may well ignore a polite request to end.
        defer { kill(process.processIdentifier, SIGKILL) }
        var lines = pipe.fileHandleForReading.lines.makeAsyncIterator()
        let line = await lines.next()
        let address = try #require(line?.split(separator: " ").last, "it did not start")
        return try await body(String(address))
    }

    static func process(
        _ program: String, _ arguments: [String], in folder: URL,
        _ environment: [String: String] = [:]
    ) throws -> Process {
        let process = Process()
        let hasPath = program.contains("/")
        process.executableURL = URL(filePath: hasPath ? program : "/usr/bin/env")
        process.arguments = hasPath ? arguments : [program] + arguments
        process.currentDirectoryURL = folder
        var variables = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("COUNTERSIGN_")
        }
        variables["NO_COLOR"] = "1"
        process.environment = variables.merging(environment) { $1 }
        return process
    }
}

/// Lends a fresh folder, and removes it.
func withFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "countersign-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder)
}
