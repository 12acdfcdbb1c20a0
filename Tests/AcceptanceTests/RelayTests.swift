import Foundation
import Testing

/// The relay as senders and handlers see it, octet by octet: a script of `Clients` plays both, and prints
/// a line for each case.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RelayTests {
    @Test func `ten thousand requests and answers of all shapes arrive as they were sent`()
        async throws
    {
        let last = try await RelayScript.run("shapes", "10000", "1")
        #expect(last == "10000 exchanges with equal SHA-256, 0 failures")
    }

    @Test(arguments: RelayScript.setUps)
    func `what belongs to a message passes, and what belongs to a connection stays`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("semantics", setUp, atLeast: 16)
    }

    @Test(arguments: RelayScript.setUps)
    func `a request finds its handler, which is told where it came from`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("routing", setUp, atLeast: 8)
    }

    @Test(arguments: RelayScript.setUps)
    func `a failure has a status and a name, comes at once and is never a success`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("failures", setUp, atLeast: 12)
    }

    @Test(arguments: RelayScript.setUps)
    func `upgraded connections, events and bodies flow piece by piece`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("streams", setUp, atLeast: 11)
    }

    @Test(arguments: RelayScript.setUps)
    func `who takes nothing slows down who gives, and memory stays flat`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("pressure", setUp, atLeast: 4)
    }

    @Test(arguments: RelayScript.setUps)
    func `no request that could be read in two ways reaches a handler, nor what is behind it`(
        _ setUp: [String]
    ) async throws {
        let last = try await RelayScript.run("smuggling", setUp)
        #expect(last.hasSuffix(" passed, 0 failed"))
        let counts = last.split { !$0.isNumber }.compactMap { Int($0) }
        #expect(counts.count == 5)
        #expect(counts.first ?? 0 >= 150 && counts.dropFirst().first ?? 0 >= 19, "\(last)")
    }

    @Test(arguments: RelayScript.setUps)
    func `no answer that could be read in two ways gives a sender what is not its own`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("answers", setUp, atLeast: 10)
    }

    @Test(arguments: RelayScript.setUps)
    func `answers arrive to their last octet, and connections end in order`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("endings", setUp, atLeast: 12)
    }

    @Test(arguments: RelayScript.setUps)
    func `a sender is who those in front say that are trusted, and nobody else's word counts`(
        _ setUp: [String]
    ) async throws {
        try await RelayScript.cases("trust", setUp, atLeast: 6)
    }
}

/// Runs the scripts of the relay.
enum RelayScript {
    /// The public side plain and with TLS, one event loop and more.
    static let setUps = [["--loops", "1"], ["--tls", "--loops", "3"]]

    /// Runs a script whose last line is `N passed, N failed`.
    static func cases(
        _ name: String, _ arguments: [String] = [], atLeast count: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let last = try await run(name, arguments, sourceLocation: sourceLocation)
        let passed = Int(last.prefix { $0.isNumber }) ?? 0
        #expect(
            passed >= count && last == "\(passed) passed, 0 failed", "\(last)",
            sourceLocation: sourceLocation)
    }

    static func run(
        _ name: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        try await run(name, arguments, sourceLocation: sourceLocation)
    }

    /// Runs a script, which must say that all went well; returns its last line.
    static func run(
        _ name: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        try await withFolder { folder in
            let result = try await Program.run(
                Program.python ?? "python3",
                ["\(Program.clients)/relay_\(name).py", Program.countersign] + arguments,
                in: folder)
            let lines = result.output.split(separator: "\n")
            let failures = lines.filter { !$0.hasPrefix("PASS ") }.joined(separator: "\n")
            #expect(
                result.exitCode == 0, "\(failures.suffix(8000))\n\(result.error.suffix(4000))",
                sourceLocation: sourceLocation)
            return lines.last.map(String.init) ?? ""
        }
    }
}
