import Foundation
import Testing

@testable import Documents

/// The limits within which programs run.
@Suite(.timeLimit(.minutes(1))) struct ProgramsTests {
    private func programs(_ change: (inout DocumentLimits) -> Void) -> Programs? {
        var limits = DocumentLimits()
        change(&limits)
        guard let programs = Programs(limits) else {
            print("skipped: \(Programs.needed.joined(separator: ", ")) are not all there")
            return nil
        }
        return programs
    }

    @Test func `a program says what it has to say`() async throws {
        guard let programs = programs({ _ in }) else { return }
        let folder = try WorkFolder()
        try folder.write("in", Array("from a file".utf8))
        let script = "cat in; echo for a person >&2; exit 3"
        let output = try await programs.run("sh", ["-c", script], in: folder.path)
        #expect(output.code == 3)
        #expect(output.output == "from a file")
        #expect(output.errors == "for a person\n")
        #expect(try await programs.run("no-such-program", [], in: folder.path).code == 127)
    }

    @Test func `one that takes too long is ended, with all that it holds`() async throws {
        guard let programs = programs({ $0.seconds = 1 }) else { return }
        let folder = try WorkFolder()
        let output = try await programs.run(
            "sh", ["-c", "echo $$ > number; exec sleep 600"], in: folder.path)
        #expect(output.code == nil)
        let number = String(decoding: try folder.read("number"), as: UTF8.self)
        let process = try #require(Int32(number.split(separator: "\n")[0]))
        #expect(kill(process, 0) == -1 && errno == ESRCH)
    }

    @Test func `one that writes too much is ended`() async throws {
        guard let programs = programs({ $0.outputBytes = 64 << 10 }) else { return }
        let folder = try WorkFolder()
        // A file of its own may not grow over the limit either.
        let script = "head -c 1000000 /dev/zero > out; exit 0"
        _ = try await programs.run("sh", ["-c", script], in: folder.path)
        #expect(try folder.read("out").count <= 64 << 10)
        await #expect(throws: (any Error).self) {
            try await programs.run("head", ["-c", "1000000", "/dev/zero"], in: folder.path)
        }
    }

    @Test func `no more run at once than may`() async throws {
        guard let programs = programs({ $0.programs = 2 }) else { return }
        let folder = try WorkFolder()
        let path = folder.path
        // Each holds a place; a third place is a failure.
        let script = """
            mkdir place1 2>/dev/null && mine=place1 || { mkdir place2 2>/dev/null && mine=place2; }
            [ -n "$mine" ] || exit 9
            ls / > /dev/null; rmdir $mine
            """
        let codes = try await withThrowingTaskGroup(of: Int32?.self) { group in
            for _ in 0..<12 {
                group.addTask { try await programs.run("sh", ["-c", script], in: path).code }
            }
            return try await group.reduce(into: [Int32?]()) { $0.append($1) }
        }
        #expect(codes == [Int32?](repeating: 0, count: 12))
    }

    @Test func `a folder of work goes with the work`() throws {
        let path: String
        do {
            let folder = try WorkFolder()
            path = folder.path
            try folder.write("a", [1, 2, 3])
            #expect(try folder.read("a") == [1, 2, 3])
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
