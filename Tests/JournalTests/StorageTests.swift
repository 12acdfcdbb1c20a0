import Callbacks
import Foundation
import GRDB
import Testing

@testable import Journal

@Suite struct StorageTests {
    private func code(_ body: () throws -> Void) -> JournalError.Code? {
        do { try body() } catch { return (error as? JournalError)?.code }
        return nil
    }

    @Test func `a new folder is its owner's, and git ignores it`() async throws {
        try await withFolder { path in
            let journal = try Journal(JournalConfiguration(storage: .folder(path)))
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
            for name in ["journal.sqlite", "journal.sqlite-wal"] {
                let file = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")
                #expect(file[.posixPermissions] as? Int == 0o600, "\(name)")
            }
            #expect(try String(contentsOfFile: path + "/.gitignore", encoding: .utf8) == "*\n")
            try journal.close()
        }
    }

    @Test func `what was answered is there after the next start`() async throws {
        try await withFolder { path in
            let configuration = JournalConfiguration(storage: .folder(path), durability: .full)
            let first = try Journal(configuration)
            try await first.attempt(.make(payload: "kept"))
            // It is not closed: a second process sees what a first one committed.
            let second = try Journal(configuration)
            #expect(
                try await second.deliveries().map(\.delivery.event.payload) == [Array("kept".utf8)])
            try first.close()
            try second.close()
        }
    }

    @Test func `an attempt that was cut off is marked, and its delivery goes on`() async throws {
        try await withFolder { path in
            let configuration = JournalConfiguration(storage: .folder(path))
            var first: Journal? = try Journal(configuration)
            let finished = try await first?.attempt()
            let cut = try await first?.append(.make(), starting: .make()).delivery
            let waiting = try await first?.attempt(.make(), .refused, then: .retry(at: now + 9))
            try first?.close()
            first = nil

            let second = try Journal(configuration)
            let adopted = try await second.adoptUnfinished(now: now)
            #expect(adopted.map(\.id) == [cut, waiting])
            #expect(adopted.map(\.attempts) == [1, 1])
            #expect(adopted.map(\.lastOutcome) == [.interrupted, .refused])
            #expect(adopted[1].nextAttemptAt == now + 9)
            #expect(try await second.delivery(try #require(finished))?.state == .acknowledged)
            try second.close()
        }
    }

    @Test func `nothing is taken over while another process delivers`() async throws {
        try await withFolder { path in
            let configuration = JournalConfiguration(storage: .folder(path))
            let first = try Journal(configuration)
            _ = try await first.append(.make(), starting: .make())
            // Locks belong to open files, so a second journal stands for a second process.
            let second = try Journal(configuration)
            #expect(try await second.adoptUnfinished(now: now).isEmpty)
            // Whether a third one asks makes no difference.
            let third = try Journal(configuration)
            #expect(try await third.adoptUnfinished(now: now).isEmpty)
            #expect(try await first.deliveries().map(\.lastOutcome) == [nil])
            try first.close()
            #expect(try await third.adoptUnfinished(now: now).map(\.lastOutcome) == [.interrupted])
            #expect(try await second.adoptUnfinished(now: now).isEmpty)
            try second.close()
            try third.close()
        }
    }

    @Test func `refuses what is no folder, no database, or not ours`() async throws {
        try await withFolder { path in
            try Data("x".utf8).write(to: URL(filePath: path))
            #expect(
                code { _ = try Journal(JournalConfiguration(storage: .folder(path))) }
                    == .unusableFolder)
        }
        try await withFolder { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let text = Data(String(repeating: "no database ", count: 100).utf8)
            try text.write(to: URL(filePath: path + "/journal.sqlite"))
            #expect(
                code { _ = try Journal(JournalConfiguration(storage: .folder(path))) }
                    == .notAJournal)
            #expect(FileManager.default.contents(atPath: path + "/journal.sqlite") == text)
        }
        try await withFolder { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            let other = try DatabaseQueue(path: path + "/journal.sqlite")
            try await other.write { try $0.execute(sql: "CREATE TABLE theirs (a)") }
            try other.close()
            try expectUntouched(path, .notAJournal)
        }
    }

    /// Opening fails with that code, and the file is the same to the last octet.
    private func expectUntouched(
        _ path: String, _ expected: JournalError.Code,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let file = path + "/journal.sqlite"
        let before = FileManager.default.contents(atPath: file)
        let found = code { _ = try Journal(JournalConfiguration(storage: .folder(path))) }
        #expect(found == expected, sourceLocation: sourceLocation)
        let isSame = FileManager.default.contents(atPath: file) == before
        #expect(isSame, sourceLocation: sourceLocation)
    }

    @Test func `refuses what a newer version wrote`() async throws {
        try await withFolder { path in
            try Journal(JournalConfiguration(storage: .folder(path))).close()
            let newer = try DatabaseQueue(path: path + "/journal.sqlite")
            try await newer.write {
                try $0.execute(
                    sql: "INSERT INTO grdb_migrations (identifier) VALUES ('2 from the future')")
            }
            try newer.close()
            try expectUntouched(path, .newerVersion)
        }
    }

    @Test func `a full disk fails the write, and what was there stays`() async throws {
        try await withFolder { path in
            let journal = try Journal(JournalConfiguration(storage: .folder(path)))
            try await journal.attempt()
            try await journal.writer.write { database in
                let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
                try database.execute(sql: "PRAGMA max_page_count = \(pages + 1)")
            }
            let large = NewDelivery.make(payload: String(repeating: "x", count: 100_000))
            do {
                _ = try await journal.append(large, starting: .make())
                Issue.record("a disk without room took it")
            } catch {
                #expect((error as? JournalError)?.code == .full)
            }
            #expect(try await journal.deliveries().count == 1)
            try journal.close()
        }
    }
}
