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
    ) async throws(JournalError)
        -> [Int64]
    {
        for delivery in deliveries { try checkSize(delivery) }
        return try await write { database in
            try deliveries.map { try Self.insert($0, attempts: 0, now: now, database) }
        }
    }

    /// Puts a delivery in together with its first attempt, in one commit.
    ///
    /// - Returns: The ids of the delivery and of the attempt.
    package func append(
        _ delivery: NewDelivery, starting attempt: AttemptStart
    )
        async throws(JournalError) -> (delivery: Int64, attempt: Int64)
    {
        try checkSize(delivery)
        return try await write { database in
            let id = try Self.insert(delivery, attempts: 1, now: attempt.startedAt, database)
            return (id, try Self.insert(attempt, of: id, database))
        }
    }

    /// Puts the beginning of a further attempt in.
    ///
    /// - Returns: The attempt's id.
    package func begin(
        _ attempt: AttemptStart, of delivery: Int64
    ) async throws(JournalError)
        -> Int64
    {
        try await write { database in
            let statement = try database.cachedStatement(
                sql: "UPDATE delivery SET attempts = ? WHERE id = ?")
            try statement.execute(arguments: [attempt.number, delivery])
            return try Self.insert(attempt, of: delivery, database)
        }
    }

    /// Puts the end of an attempt in, and what follows.
    package func finish(
        attempt: Int64, of delivery: Int64, _ result: AttemptResult, then next: AfterAttempt
    ) async throws(JournalError) {
        let limit = limits.responseBytes
        try await write { database in
            try Self.update(attempt, result, responseLimit: limit, database)
            let statement = try database.cachedStatement(
                sql: "UPDATE delivery SET state = ?, next_attempt_at = ? WHERE id = ?")
            let (state, time): (DeliveryState, Int64?) =
                switch next {
                case .acknowledged: (.acknowledged, nil)
                case .retry(let time): (.pending, time)
                case .giveUp: (.failed, nil)
                }
            try statement.execute(arguments: [state.rawValue, time, delivery])
        }
    }

    /// Gives a finished delivery another life: the next attempt is due at `now`.
    package func reopen(delivery: Int64, now: Int64) async throws(JournalError) {
        try await write { database in
            try database.execute(
                sql: "UPDATE delivery SET state = 'pending', next_attempt_at = ? WHERE id = ?",
                arguments: [now, delivery])
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

    private static func insert(
        _ delivery: NewDelivery, attempts: Int, now: Int64, _ database: Database
    ) throws -> Int64 {
        let event = delivery.event
        let eventStatement = try database.cachedStatement(
            sql: """
                INSERT INTO event (type, time, kind, signature_request_id, origin, payload)
                VALUES (?, ?, ?, ?, ?, ?)
                """)
        try eventStatement.execute(arguments: [
            event.type.rawValue, event.time, event.kind.rawValue, event.signatureRequestID,
            event.origin, Data(event.payload),
        ])
        let deliveryStatement = try database.cachedStatement(
            sql: """
                INSERT INTO delivery
                (event_id, destination, form, boundary, state, attempts, created_at, next_attempt_at)
                VALUES (?, ?, ?, ?, 'pending', ?, ?, ?)
                """)
        try deliveryStatement.execute(arguments: [
            database.lastInsertedRowID, delivery.destination, delivery.form.rawValue,
            delivery.boundary, attempts, now, now,
        ])
        return database.lastInsertedRowID
    }

    private static func insert(
        _ attempt: AttemptStart, of delivery: Int64, _ database: Database
    )
        throws -> Int64
    {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO attempt (delivery_id, number, started_at, request_head)
                VALUES (?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            delivery, attempt.number, attempt.startedAt, Data(attempt.requestHead),
        ])
        return database.lastInsertedRowID
    }

    private static func update(
        _ attempt: Int64, _ result: AttemptResult, responseLimit: Int, _ database: Database
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE attempt SET outcome = ?, detail = ?, status = ?, response = ?,
                response_bytes = ?, connect_us = ?, first_byte_us = ?, total_us = ? WHERE id = ?
                """)
        try statement.execute(arguments: [
            result.outcome.rawValue, result.detail, result.status,
            Data(result.response.prefix(responseLimit)), result.responseBytes,
            result.connectMicroseconds, result.firstByteMicroseconds, result.totalMicroseconds,
            attempt,
        ])
    }
}
