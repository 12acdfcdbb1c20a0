import Callbacks
import Foundation
import TestSupport
import Testing

@Suite struct CrashTests {
    /// Three deaths, each at another moment of the work.
    @Test(.timeLimit(.minutes(2)), arguments: [1, 40, 300])
    func `after kill -9 the journal has all that was sent, and the next run goes on`(
        lines: Int
    ) async throws {
        try await withFolder { folder in
            let record = folder.appending(path: "record")
            let handler = "\(Program.clients)/recording_handler.py"
            try await Program.withServer("python3", [handler, record.path()]) { address in
                let told = try await killedRun(to: address, in: folder, after: lines)
                let seen = try seen(in: record)
                #expect(seen.count >= lines)

                let states = try await journal(in: folder)
                #expect(seen.isSubset(of: states.keys), "the handler saw what no row tells of")
                // What was reported as acknowledged is acknowledged.
                for id in told { #expect(states.values.contains { $0 == (id, "acknowledged") }) }
                let unfinished = states.filter { $0.value.state == "pending" }.keys

                let next = try await Program.invoke(
                    [
                        "trigger", "signature_request_sent", "--seed", "2", "--body", "json", "-f",
                        address,
                    ],
                    in: folder)
                #expect(next.exitCode == 0, "\(next.error)")
                let after = try await journal(in: folder)
                #expect(after.count == states.count + 1)
                #expect(after.values.allSatisfy { $0.state == "acknowledged" })
                #expect(try self.seen(in: record).isSuperset(of: unfinished))
            }
        }
    }

    /// Runs `trigger` and kills it behind so many lines of output; returns the deliveries that it
    /// reported as acknowledged.
    private func killedRun(
        to address: String, in folder: URL, after lines: Int
    ) async throws -> [Int] {
        let process = try Program.process(
            Program.countersign,
            [
                "trigger", "signature_request_sent", "--count", "100000", "--concurrency", "8",
                "--body", "json", "--format", "json", "-f", address,
            ], in: folder)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        var told: [Int] = []
        for await line in pipe.fileHandleForReading.lines {
            let attempt = try JSONValue(parsing: Array(line.utf8))
            #expect(attempt["outcome"] == "acknowledged")
            if told.count < lines { told.append(attempt["delivery"]?.integer ?? 0) }
            if told.count == lines { kill(process.processIdentifier, SIGKILL) }
        }
        return told
    }

    /// What the handler saw.
    private func seen(in record: URL) throws -> Set<String> {
        Set(
            try String(contentsOf: record, encoding: .utf8).split(separator: "\n")
                .map(String.init))
    }

    /// The id and the state of each delivery, by its signature request.
    private func journal(in folder: URL) async throws -> [String: (id: Int, state: String)] {
        let list = try await Program.invoke(
            ["events", "list", "--limit", "100000", "--format", "json"], in: folder)
        var states: [String: (id: Int, state: String)] = [:]
        for line in list.output.split(separator: "\n") {
            let entry = try JSONValue(parsing: Array(line.utf8))
            let request = try #require(entry["signature_request_id"]?.string)
            states[request] = (entry["id"]?.integer ?? 0, entry["state"]?.string ?? "")
        }
        return states
    }
}
