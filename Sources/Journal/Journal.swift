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

    /// Octets of a page of the file.
    private static let pageBytes = 8192
    /// Octets of the write-ahead log after which they go into the file itself.
    private static let checkpointBytes = 32 << 20

    private static func open(_ configuration: JournalConfiguration) throws -> any DatabaseWriter {
        var settings = GRDB.Configuration()
        settings.busyMode = .timeout(10)  // seconds that another process may hold the file
        settings.prepareDatabase { database in
            // Without a wait for the disk a commit is in the system's hands, which outlives us.
            let level = configuration.durability == .full ? "FULL" : "NORMAL"
            try database.execute(sql: "PRAGMA synchronous = \(level)")
            // Some payloads fit into such a page, so that a group of them fills what it writes.
            try database.execute(sql: "PRAGMA page_size = \(Self.pageBytes)")
            try database.execute(
                sql: "PRAGMA wal_autocheckpoint = \(Self.checkpointBytes / Self.pageBytes)")
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
        let slot = Slot<Value>()
        _ = try await commit { database in
            slot.value = try body(database)
            return 0
        }
        guard let value = slot.value else { preconditionFailure("committed without its write") }
        return value
    }

    /// Writes in the next group and returns a row's id after its commit: the way of all deliveries.
    func commit(
        _ body: @escaping @Sendable (Database) throws -> Int64
    ) async throws(JournalError) -> Int64 {
        do {
            return try await withUnsafeThrowingContinuation { continuation in
                commits.submit(GroupCommit.Write(perform: body, continuation: continuation))
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
