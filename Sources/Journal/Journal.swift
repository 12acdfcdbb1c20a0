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
    /// `nil` for a journal in memory, and for one that is only read.
    let owner: FolderOwner?

    /// Opens the journal, and makes it when there is none.
    ///
    /// - Throws: ``JournalError``.
    package init(_ configuration: JournalConfiguration) throws(JournalError) {
        limits = configuration.limits
        do {
            switch configuration.storage {
            case .memory:
                place = "memory"
                owner = nil
                writer = try Self.open(configuration)
            case .folder(let path):
                place = path
                try DataFolder.prepare(path)
                owner = try FolderOwner(folder: path)
                writer = try SetUpLock.with(folder: path) { try Self.open(configuration) }
            }
        } catch {
            throw JournalError(error, path: configuration.storage.place)
        }
        commits = GroupCommit(writer: writer)
    }

    /// Opens a journal that is there, to read it; nothing in its folder is changed.
    ///
    /// - Returns: `nil` when the folder has no journal.
    /// - Throws: ``JournalError``.
    package convenience init?(reading folder: String) throws(JournalError) {
        let file = DataFolder.journalFile(in: folder)
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        do {
            let reader = try Self.openForReading(file)
            try Self.checkOwner(of: reader, file)
            self.init(writer: reader, place: folder)
        } catch {
            throw JournalError(error, path: folder)
        }
    }

    private init(writer: any DatabaseWriter, place: String) {
        limits = .init()
        owner = nil
        self.place = place
        self.writer = writer
        commits = GroupCommit(writer: writer)
    }

    /// Closes the database; later calls fail.
    package func close() throws(JournalError) {
        do { try writer.close() } catch { throw JournalError(error, path: place) }
        owner?.release()
    }

    /// Names this process in the journal.
    var ownerToken: String { owner?.token ?? "memory" }

    /// Whether the process with this token may still deliver.
    func isAlive(_ token: String) -> Bool {
        owner != nil && FolderOwner.isAlive(token, in: place)
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
        switch configuration.storage {
        case .memory:
            let writer = try DatabaseQueue(configuration: settings)
            try Schema.migrator.migrate(writer)
            return writer
        case .folder(let path):
            let file = DataFolder.journalFile(in: path)
            // A look before the first write: what is not ours is left as it is, to the last octet.
            let reader = try openForReading(file)
            try checkOwner(of: reader, file)
            try reader.close()
            let writer = try DatabasePool(path: file, configuration: settings)
            try Schema.migrator.migrate(writer)
            return writer
        }
    }

    private static func openForReading(_ file: String) throws -> DatabaseQueue {
        var settings = GRDB.Configuration()
        settings.readonly = true
        settings.busyMode = .timeout(10)  // seconds that another process may hold the file
        return try DatabaseQueue(path: file, configuration: settings)
    }

    /// Refuses what we must not write to: another program's file, or a newer version's.
    private static func checkOwner(of reader: some DatabaseReader, _ file: String) throws {
        try reader.read { database in
            let mark = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            guard mark == Schema.applicationID || tables == 0 else {
                throw JournalError(
                    code: .notAJournal,
                    message: "it is another program's database; choose another folder with --data",
                    path: file)
            }
            if tables > 0, try Schema.migrator.hasBeenSuperseded(database) {
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

    /// Writes behind all that was submitted before, and says so in that order; does not wait.
    func submit<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value,
        finish: @escaping @Sendable (Result<Value, JournalError>) -> Void
    ) {
        let slot = Slot<Value>()
        let place = place
        let perform: @Sendable (Database) throws -> Int64 = { database in
            slot.value = try body(database)
            return 0
        }
        commits.submit(
            GroupCommit.Write(perform: perform) { result in
                switch result {
                case .failure(let error): finish(.failure(JournalError(error, path: place)))
                case .success:
                    guard let value = slot.value else {
                        preconditionFailure("committed without its write")
                    }
                    finish(.success(value))
                }
            })
    }

    /// Writes in the next group and returns a row's id after its commit: the way of all deliveries.
    func commit(
        _ body: @escaping @Sendable (Database) throws -> Int64
    ) async throws(JournalError) -> Int64 {
        do {
            return try await withUnsafeThrowingContinuation { continuation in
                commits.submit(
                    GroupCommit.Write(perform: body) { continuation.resume(with: $0) })
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
}

/// Carries a result out of a transaction.
///
/// `@unchecked Sendable`: written and then read on the committing queue alone, one after the other.
private final class Slot<Value>: @unchecked Sendable {
    var value: Value?
}
