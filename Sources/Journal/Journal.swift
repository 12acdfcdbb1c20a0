import Callbacks
import Foundation
import GRDB
import Synchronization

/// What happened, durable: events, their deliveries and each attempt, with exact bytes.
///
/// A write returns after its commit. Several processes may share a folder.
package final class Journal: Sendable {
    /// The folder, or `memory`.
    package let place: String
    /// What is kept.
    package let limits: JournalConfiguration.Limits
    let writer: any DatabaseWriter
    private let commits: GroupCommit
    private let lock: FolderLock?

    /// Opens the journal, and makes it when there is none.
    ///
    /// - Throws: ``JournalError``.
    package init(_ configuration: JournalConfiguration) throws(JournalError) {
        limits = configuration.limits
        switch configuration.storage {
        case .memory:
            place = "memory"
            lock = nil
        case .folder(let path):
            place = path
            try DataFolder.prepare(path)
            lock = try FolderLock(folder: path)
        }
        do {
            writer = try Self.open(configuration)
            commits = GroupCommit(writer: writer)
        } catch {
            throw JournalError(error, path: place)
        }
    }

    /// Closes the database; later calls fail.
    package func close() throws(JournalError) {
        do { try writer.close() } catch { throw JournalError(error, path: place) }
    }

    private static func open(_ configuration: JournalConfiguration) throws -> any DatabaseWriter {
        var settings = GRDB.Configuration()
        settings.busyMode = .timeout(10)  // seconds that another process may hold the file
        settings.prepareDatabase { database in
            let level = configuration.durability == .full ? "FULL" : "NORMAL"
            try database.execute(sql: "PRAGMA synchronous = \(level)")
        }
        let writer: any DatabaseWriter
        switch configuration.storage {
        case .memory: writer = try DatabaseQueue(configuration: settings)
        case .folder(let path):
            writer = try DatabasePool(
                path: DataFolder.journalFile(in: path), configuration: settings)
        }
        try checkOwner(of: writer, configuration)
        try Schema.migrator.migrate(writer)
        return writer
    }

    /// Refuses what we must not write to: another program's file, or a newer version's.
    private static func checkOwner(
        of writer: any DatabaseWriter, _ configuration: JournalConfiguration
    ) throws {
        guard case .folder(let path) = configuration.storage else { return }
        try writer.read { database in
            let file = DataFolder.journalFile(in: path)
            let mark = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            guard mark == Schema.applicationID || tables == 0 else {
                throw JournalError(
                    code: .notAJournal,
                    message: "it is another program's database; choose another folder with --data",
                    path: file)
            }
            if try Schema.migrator.hasBeenSuperseded(database) {
                throw JournalError(
                    code: .newerVersion,
                    message: "a newer version of countersign wrote it; "
                        + "use that version, or another folder with --data",
                    path: file)
            }
        }
    }

    /// Writes in the next group and returns after its commit.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(JournalError) -> Value {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                let slot = Slot<Value>()
                commits.submit(
                    GroupCommit.Write(
                        perform: { slot.value = try body($0) },
                        complete: { error in
                            if let error {
                                continuation.resume(throwing: error)
                            } else if let value = slot.value {
                                continuation.resume(returning: value)
                            }
                        }))
            }
        } catch {
            throw JournalError(error, path: place)
        }
    }

    /// Reads a consistent state.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(JournalError) -> Value {
        do {
            return try await writer.read(body)
        } catch {
            throw JournalError(error, path: place)
        }
    }

    /// Runs `body` when no other process has this folder open for deliveries; returns whether it did.
    func whenAlone(_ body: () async throws(JournalError) -> Void) async throws(JournalError) -> Bool
    {
        guard let lock else {
            try await body()
            return true
        }
        guard lock.makeExclusive() else { return false }
        defer { lock.makeShared() }
        try await body()
        return true
    }
}

/// Carries a result out of a transaction.
///
/// `@unchecked Sendable`: written and then read on the committing queue alone, one after the other.
private final class Slot<Value>: @unchecked Sendable {
    var value: Value?
}
