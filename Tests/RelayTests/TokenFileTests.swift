import Foundation
import Testing

@testable import Relay

/// Folders that are gone when all tests are.
enum TemporaryFolder {
    private static let root: URL = {
        atexit { try? FileManager.default.removeItem(at: TemporaryFolder.root) }
        return FileManager.default.temporaryDirectory
            .appending(path: "relay-tests-\(UUID().uuidString)")
    }()

    static func make() throws -> String {
        let folder = root.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path(percentEncoded: false)
    }
}

@Suite struct TokenFileTests {
    @Test func `of tokens that are added at the same time none is lost`() async throws {
        let folder = try TemporaryFolder.make()
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<20 {
                group.addTask { try TokenFile(folder: folder).add(name: "n\(number)", now: 1) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let file = TokenFile(folder: folder)
        #expect(try file.entries().count == 20)
        for token in tokens { #expect(try file.names(of: token).count == 1) }
    }

    @Test func `an entry that is none stops whoever would write the file without it`() throws {
        let file = TokenFile(folder: try TemporaryFolder.make())
        _ = try file.add(name: "alice", now: 1)
        let text = try String(contentsOfFile: file.path, encoding: .utf8)
            .replacing("\"name\"", with: "\"nom\"")
        try text.write(toFile: file.path, atomically: true, encoding: .utf8)
        #expect(throws: TokenFileError.self) { try file.add(name: "bob", now: 1) }
        #expect(try String(contentsOfFile: file.path, encoding: .utf8) == text)
    }

    @Test func `without a file there are no tokens`() throws {
        let tokens = TokenFile(folder: try TemporaryFolder.make())
        #expect(try tokens.entries().isEmpty)
        #expect(try tokens.names(of: "cst_x").isEmpty)
        #expect(try tokens.remove(name: "a") == 0)
        #expect(!FileManager.default.fileExists(atPath: tokens.path))
    }

    @Test func `a token is known by its hash alone`() throws {
        let tokens = TokenFile(folder: try TemporaryFolder.make() + "/new folder")
        let first = try tokens.add(name: "alice", now: 1_700_000_000)
        let second = try tokens.add(name: "alice", now: 1_700_000_001)
        #expect(first != second)
        #expect(first.wholeMatch(of: /cst_[0-9a-f]{64}/) != nil)
        #expect(try tokens.names(of: first) == ["alice"])
        #expect(try tokens.names(of: first.uppercased()).isEmpty)
        #expect(try tokens.entries().map(\.createdAt) == [1_700_000_000, 1_700_000_001])
        let file = try String(contentsOfFile: tokens.path, encoding: .utf8)
        #expect(!file.contains(first.dropFirst(4)))
        #expect(file.contains(TokenFile.hash(first)))
    }

    @Test func `the file is the owner's alone`() throws {
        let tokens = TokenFile(folder: try TemporaryFolder.make())
        _ = try tokens.add(name: "alice", now: 1)
        let attributes = try FileManager.default.attributesOfItem(atPath: tokens.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func `what another process writes counts at once`() throws {
        let folder = try TemporaryFolder.make()
        let (relay, command) = (TokenFile(folder: folder), TokenFile(folder: folder))
        #expect(try relay.entries().isEmpty)
        let token = try command.add(name: "alice", now: 1)
        #expect(try relay.names(of: token) == ["alice"])
        // Of the same length, within the same second.
        #expect(try command.remove(name: "alice") == 1)
        let other = try command.add(name: "carol", now: 1)
        #expect(try relay.names(of: token).isEmpty)
        #expect(try relay.names(of: other) == ["carol"])
        // One that was there and is gone may be back at once: nobody is told that a token is unknown.
        try FileManager.default.removeItem(atPath: relay.path)
        #expect(throws: TokenFileError.self) { try relay.names(of: other) }
        #expect(try relay.entries().isEmpty)
    }

    @Test func `all tokens of a name are removed, and no others`() throws {
        let tokens = TokenFile(folder: try TemporaryFolder.make())
        for name in ["a", "b", "a", "a*"] { _ = try tokens.add(name: name, now: 1) }
        #expect(try tokens.remove(name: "a") == 2)
        #expect(try tokens.entries().map(\.name) == ["b", "a*"])
    }

    @Test(arguments: ["nothing", "{}", #"{"tokens":5}"#, "[]", "{\"tokens\":["])
    func `a file that we did not write is told, and not replaced`(content: String) throws {
        let tokens = TokenFile(folder: try TemporaryFolder.make())
        try content.write(toFile: tokens.path, atomically: true, encoding: .utf8)
        let error = #expect(throws: TokenFileError.self) { try tokens.entries() }
        #expect(error?.path == tokens.path)
        #expect(throws: TokenFileError.self) { try tokens.add(name: "a", now: 1) }
        #expect(try String(contentsOfFile: tokens.path, encoding: .utf8) == content)
    }

    @Test(arguments: [
        ("a", true), ("a-1", true), ("*", true), ("a*", true), ("a-*", true), ("-*", false),
        ("", false), ("A", false), ("a**", false), ("*a", false), ("a.b", false), ("a b", false),
        (String(repeating: "a", count: 63), true), (String(repeating: "a", count: 64), false),
    ])
    func `a token is for a name or the beginning of names`(name: String, isOne: Bool) throws {
        #expect(TunnelName.isPattern(name) == isOne)
        let tokens = TokenFile(folder: try TemporaryFolder.make())
        if isOne {
            _ = try tokens.add(name: name, now: 1)
        } else {
            #expect(throws: TokenFileError.self) { try tokens.add(name: name, now: 1) }
        }
    }

    @Test func `a pattern matches what begins so`() {
        #expect(TunnelName.matches("alice", pattern: "alice"))
        #expect(!TunnelName.matches("alice2", pattern: "alice"))
        #expect(TunnelName.matches("alice2", pattern: "alice*"))
        #expect(TunnelName.matches("alice", pattern: "alice*"))
        #expect(!TunnelName.matches("alic", pattern: "alice*"))
        #expect(TunnelName.matches("anything", pattern: "*"))
    }
}
