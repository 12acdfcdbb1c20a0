import Callbacks
import Foundation
import GRDB

extension Journal {
    /// Puts deliveries in, each with its event; they are due at once.
    ///
    /// - Parameters:
    ///   - deliveries: In the order in which they are to be sent.
    ///   - waits: Milliseconds of the pauses before retries.
    ///   - now: Unix milliseconds.
    /// - Returns: Their ids, in that order.
    /// - Throws: ``JournalError``.
    package func append(
        _ deliveries: [NewDelivery], waits: [Int64] = [], now: Int64
    ) async throws(JournalError) -> [Int64] {
        for delivery in deliveries { try checkSize(delivery) }
        let (owner, waits) = (ownerToken, waits.stored)
        return try await write { database in
            try deliveries.map {
                try Self.insertDue($0, now: now, owner: owner, waits: waits, database)
            }
        }
    }

    /// Puts a delivery in together with its first attempt, in one commit.
    ///
    /// `waits`: Milliseconds of the pauses before retries.
    package func append(
        _ delivery: NewDelivery, starting attempt: AttemptStart, waits: [Int64] = []
    ) async throws(JournalError) -> AttemptUnderWay {
        try checkSize(delivery)
        let (owner, waits) = (ownerToken, waits.stored)
        let id = try await commit { database in
            let now = attempt.startedAt
            let id = try Self.insert(
                delivery, requestHead: attempt.requestHead, now: now, database)
            try database.cachedStatement(sql: Self.insertUnfinished)
                .execute(arguments: [id, 1, now, now, owner, waits])
            return id
        }
        return AttemptUnderWay(delivery: id, start: attempt, headIsKept: true)
    }

    /// Puts the beginning of a further attempt in.
    package func begin(
        _ attempt: AttemptStart, of delivery: Int64
    ) async throws(JournalError) -> AttemptUnderWay {
        _ = try await commit { database in
            try database.cachedStatement(
                sql: "UPDATE unfinished SET attempts = ?, started_at = ? WHERE delivery_id = ?"
            ).execute(arguments: [attempt.number, attempt.startedAt, delivery])
            return delivery
        }
        return AttemptUnderWay(delivery: delivery, start: attempt, headIsKept: false)
    }

    /// Puts the end of an attempt in, and what follows.
    package func finish(
        _ attempt: AttemptUnderWay, _ result: AttemptResult, then next: AfterAttempt
    ) async throws(JournalError) {
        let limit = limits.responseBytes
        _ = try await commit { database in
            try Self.insert(attempt, result, responseLimit: limit, database)
            if case .retry(let time) = next {
                try database.cachedStatement(
                    sql: """
                        UPDATE unfinished SET next_attempt_at = ?, started_at = NULL,
                        waits = substr(waits, instr(waits || ',', ',') + 1)
                        WHERE delivery_id = ?
                        """
                ).execute(arguments: [time, attempt.delivery])
            } else {
                try database.cachedStatement(sql: "DELETE FROM unfinished WHERE delivery_id = ?")
                    .execute(arguments: [attempt.delivery])
            }
            return attempt.delivery
        }
    }

    /// Gives a delivery another life: the next attempt is due at `now`.
    ///
    /// - Throws: ``JournalError`` with code `underWay` when another process sees to it.
    package func reopen(
        delivery: Int64, waits: [Int64] = [], now: Int64
    ) async throws(JournalError) {
        let (owner, waits, place) = (ownerToken, waits.stored, place)
        try await write { database in
            let other = try String.fetchOne(
                database, sql: "SELECT owner FROM unfinished WHERE delivery_id = ?",
                arguments: [delivery])
            if let other, other != owner, self.isAlive(other) {
                throw JournalError(
                    code: .underWay,
                    message: "another process sees to delivery \(delivery); wait for its end",
                    path: place)
            }
            try database.execute(
                sql: """
                    INSERT INTO unfinished (delivery_id, attempts, next_attempt_at, owner, waits)
                    VALUES (?1, (SELECT count(*) FROM attempt WHERE delivery_id = ?1), ?2, ?3, ?4)
                    ON CONFLICT DO UPDATE SET next_attempt_at = ?2, owner = ?3, waits = ?4
                    """,
                arguments: [delivery, now, owner, waits])
        }
    }

    func checkSize(_ delivery: NewDelivery) throws(JournalError) {
        guard delivery.event.payload.count <= limits.payloadBytes else {
            throw JournalError(
                code: .tooLarge,
                message: "a payload of \(delivery.event.payload.count) octets is over the limit "
                    + "of \(limits.payloadBytes)",
                path: place)
        }
    }

    /// Puts a delivery in that is due at once.
    static func insertDue(
        _ delivery: NewDelivery, now: Int64, owner: String, waits: String, _ database: Database
    ) throws -> Int64 {
        let id = try insert(delivery, requestHead: nil, now: now, database)
        try database.cachedStatement(sql: insertUnfinished)
            .execute(arguments: [id, 0, now, nil, owner, waits])
        return id
    }

    private static let insertUnfinished = """
        INSERT INTO unfinished (delivery_id, attempts, next_attempt_at, started_at, owner, waits)
        VALUES (?, ?, ?, ?, ?, ?)
        """

    static func insert(
        _ delivery: NewDelivery, requestHead: [UInt8]?, now: Int64, _ database: Database
    ) throws -> Int64 {
        let event = delivery.event
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO delivery
                (created_at, type, time, kind, signature_request_id, origin, destination, form,
                boundary, request_head, payload, body)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            now, event.type.rawValue, event.time, event.kind.rawValue, event.signatureRequestID,
            event.origin, delivery.destination, delivery.form.rawValue, delivery.boundary,
            requestHead.map { Data($0) }, Data(event.payload),
            delivery.receivedBody.map { Data($0) },
        ])
        return database.lastInsertedRowID
    }

    static func insert(
        _ attempt: AttemptUnderWay, _ result: AttemptResult, responseLimit: Int,
        _ database: Database
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO attempt
                (delivery_id, number, started_at, outcome, detail, status, connect_us,
                first_byte_us, total_us, response_bytes, response, request_head)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            attempt.delivery, attempt.start.number, attempt.start.startedAt,
            result.outcome.rawValue, result.detail, result.status, result.connectMicroseconds,
            result.firstByteMicroseconds, result.totalMicroseconds, result.responseBytes,
            Data(result.response.prefix(responseLimit)),
            attempt.headIsKept ? nil : Data(attempt.start.requestHead),
        ])
    }
}

extension [Int64] {
    /// The numbers with commas between them, as a row has them.
    var stored: String { map(String.init).joined(separator: ",") }

    /// The numbers of a row.
    init(stored: String) { self = stored.split(separator: ",").compactMap { Int64($0) } }
}
