import Callbacks
import Foundation
import GRDB

extension Journal {
    /// Puts deliveries in, each with its event; they are due at once.
    ///
    /// - Parameters:
    ///   - deliveries: In the order in which they are to be sent.
    ///   - now: Unix milliseconds.
    /// - Returns: Their ids, in that order.
    /// - Throws: ``JournalError``.
    package func append(
        _ deliveries: [NewDelivery], now: Int64
    ) async throws(JournalError) -> [Int64] {
        for delivery in deliveries { try checkSize(delivery) }
        return try await write { database in
            try deliveries.map { delivery in
                let id = try Self.insert(delivery, requestHead: nil, now: now, database)
                try database.cachedStatement(sql: Self.insertUnfinished)
                    .execute(arguments: [id, 0, now, nil])
                return id
            }
        }
    }

    /// Puts a delivery in together with its first attempt, in one commit.
    package func append(
        _ delivery: NewDelivery, starting attempt: AttemptStart
    ) async throws(JournalError) -> AttemptUnderWay {
        try checkSize(delivery)
        let id = try await commit { database in
            let now = attempt.startedAt
            let id = try Self.insert(
                delivery, requestHead: attempt.requestHead, now: now, database)
            try database.cachedStatement(sql: Self.insertUnfinished)
                .execute(arguments: [id, 1, now, now])
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
                        UPDATE unfinished SET next_attempt_at = ?, started_at = NULL
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

    /// Gives a finished delivery another life: the next attempt is due at `now`.
    package func reopen(delivery: Int64, now: Int64) async throws(JournalError) {
        try await write { database in
            try database.execute(
                sql: """
                    INSERT INTO unfinished (delivery_id, attempts, next_attempt_at)
                    VALUES (?1, (SELECT count(*) FROM attempt WHERE delivery_id = ?1), ?2)
                    ON CONFLICT DO UPDATE SET next_attempt_at = ?2
                    """,
                arguments: [delivery, now])
        }
    }

    private func checkSize(_ delivery: NewDelivery) throws(JournalError) {
        guard delivery.event.payload.count <= limits.payloadBytes else {
            throw JournalError(
                code: .tooLarge,
                message: "a payload of \(delivery.event.payload.count) octets is over the limit "
                    + "of \(limits.payloadBytes)",
                path: place)
        }
    }

    private static let insertUnfinished = """
        INSERT INTO unfinished (delivery_id, attempts, next_attempt_at, started_at)
        VALUES (?, ?, ?, ?)
        """

    private static func insert(
        _ delivery: NewDelivery, requestHead: [UInt8]?, now: Int64, _ database: Database
    ) throws -> Int64 {
        let event = delivery.event
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO delivery
                (created_at, type, time, kind, signature_request_id, origin, destination, form,
                boundary, request_head, payload)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            now, event.type.rawValue, event.time, event.kind.rawValue, event.signatureRequestID,
            event.origin, delivery.destination, delivery.form.rawValue, delivery.boundary,
            requestHead.map { Data($0) }, Data(event.payload),
        ])
        return database.lastInsertedRowID
    }

    private static func insert(
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
