package import Foundation
import GRDB

/// A row of the mock's state that is to be written, or to go.
package struct ResourceChange: Hashable, Sendable {
    /// Names the row: its kind and its place in the order of making.
    package var number: Int64
    package var kind: String
    package var id: String
    /// `nil` when the row goes.
    package var body: Data?

    package init(number: Int64, kind: String, id: String, body: Data?) {
        self.number = number
        self.kind = kind
        self.id = id
        self.body = body
    }
}

extension Journal {
    /// Keeps other processes from the folder's state as long as the claim lives.
    ///
    /// - Returns: `nil` for a journal in memory, which nobody else has.
    /// - Throws: ``JournalError`` with code `inUse` when another process has it.
    package func claimState() throws(JournalError) -> StateClaim? {
        owner == nil ? nil : try StateClaim(folder: place)
    }

    /// The rows of the state, in the order in which they were made.
    package func resources() async throws(JournalError) -> [ResourceChange] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM resource ORDER BY number").map {
                ResourceChange(
                    number: $0["number"], kind: $0["kind"], id: $0["id"], body: $0["body"])
            }
        }
    }

    /// Puts changes of the state and the deliveries that they cause in, in one commit.
    ///
    /// Returns at once; commits come in the order of the calls.
    ///
    /// - Parameters:
    ///   - changes: Gives the rows as they were at the call; asked on the way to the disk, so that
    ///     nobody waits for their encoding who need not.
    ///   - deliveries: Due at once.
    ///   - waits: Milliseconds of the pauses before retries.
    ///   - now: Unix milliseconds.
    ///   - committed: Called after the commit, in the order of the calls, with the deliveries' ids.
    package func submit(
        _ changes: @escaping @Sendable () throws -> [ResourceChange], _ deliveries: [NewDelivery],
        waits: [Int64], now: Int64,
        committed: @escaping @Sendable (Result<[Int64], JournalError>) -> Void
    ) {
        for delivery in deliveries {
            do { try checkSize(delivery) } catch {
                committed(.failure(error))
                return
            }
        }
        let (owner, waits) = (ownerToken, waits.stored)
        submit(
            { database in
                for change in try changes() { try Self.write(change, database) }
                return try deliveries.map {
                    try Self.insertDue($0, now: now, owner: owner, waits: waits, database)
                }
            }, finish: committed)
    }

    /// Lets go of everything: state, deliveries and attempts.
    package func clear() async throws(JournalError) {
        try await write { database in
            for table in ["resource", "unfinished", "attempt", "delivery"] {
                try database.execute(sql: "DELETE FROM \(table)")
            }
        }
    }

    private static func write(_ change: ResourceChange, _ database: Database) throws {
        guard let body = change.body else {
            try database.cachedStatement(sql: "DELETE FROM resource WHERE number = ?")
                .execute(arguments: [change.number])
            return
        }
        try database.cachedStatement(
            sql: """
                INSERT INTO resource (number, kind, id, body) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET body = excluded.body
                """
        ).execute(arguments: [change.number, change.kind, change.id, body])
    }
}
