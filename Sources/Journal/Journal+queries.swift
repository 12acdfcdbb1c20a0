import Callbacks
import Foundation
import GRDB

extension Journal {
    /// The newest deliveries that pass the filter, oldest first.
    package func deliveries(
        _ filter: DeliveryFilter = .init()
    ) async throws(JournalError)
        -> [DeliveryRecord]
    {
        try await read { database in
            var conditions: [String] = []
            var arguments: StatementArguments = []
            func require(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
                guard let value else { return }
                conditions.append(condition)
                arguments += [value]
            }
            require("event.type = ?", filter.eventType?.rawValue)
            require("delivery.state = ?", filter.state?.rawValue)
            require("event.signature_request_id = ?", filter.signatureRequestID)
            require("delivery.id > ?", filter.after)
            let clause = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
            let rows = try Row.fetchAll(
                database,
                sql: "\(Self.selection) \(clause) ORDER BY delivery.id DESC LIMIT ?",
                arguments: arguments + [filter.limit])
            return rows.reversed().map(DeliveryRecord.init(row:))
        }
    }

    /// One delivery; `nil` when there is none with that id.
    package func delivery(_ id: Int64) async throws(JournalError) -> DeliveryRecord? {
        try await read { database in
            try Row.fetchOne(
                database, sql: "\(Self.selection) WHERE delivery.id = ?", arguments: [id]
            ).map(DeliveryRecord.init(row:))
        }
    }

    /// The attempts of a delivery, first to last.
    package func attempts(of delivery: Int64) async throws(JournalError) -> [AttemptRecord] {
        try await read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM attempt WHERE delivery_id = ? ORDER BY id",
                arguments: [delivery]
            ).map(AttemptRecord.init(row:))
        }
    }

    /// Takes over what an earlier process left unfinished: attempts without an end are marked
    /// interrupted, and their deliveries are due again.
    ///
    /// Takes nothing while another process delivers from the same folder.
    ///
    /// - Parameter now: Unix milliseconds.
    /// - Returns: All pending deliveries, oldest first.
    /// - Throws: ``JournalError``.
    package func adoptUnfinished(now: Int64) async throws(JournalError) -> [DeliveryRecord] {
        var adopted: [DeliveryRecord] = []
        _ = try await whenAlone { () async throws(JournalError) in
            adopted = try await write { database in
                try database.execute(
                    sql: """
                        UPDATE attempt SET outcome = 'interrupted', total_us = 0, response_bytes = 0
                        WHERE outcome IS NULL
                        """)
                return try Row.fetchAll(
                    database,
                    sql: "\(Self.selection) WHERE delivery.state = 'pending' ORDER BY delivery.id"
                ).map(DeliveryRecord.init(row:))
            }
        }
        return adopted
    }

    /// Lets go of finished deliveries that are over the limits of age and number.
    ///
    /// - Parameter now: Unix milliseconds.
    /// - Returns: How many went.
    /// - Throws: ``JournalError``.
    package func prune(now: Int64) async throws(JournalError) -> Int {
        let oldest = now - Int64(limits.days) * 86_400_000
        let most = limits.deliveries
        return try await write { database in
            try database.execute(
                sql: """
                    DELETE FROM event WHERE id IN (
                        SELECT event_id FROM delivery WHERE state <> 'pending' AND (created_at < ?
                        OR id <= (SELECT max(id) FROM delivery) - ?))
                    """, arguments: [oldest, most])
            return database.changesCount
        }
    }

    private static let selection = """
        SELECT delivery.*, event.type, event.time, event.kind, event.signature_request_id,
        event.origin, event.payload, (SELECT outcome FROM attempt
        WHERE attempt.delivery_id = delivery.id AND outcome IS NOT NULL
        ORDER BY attempt.id DESC LIMIT 1) AS last_outcome
        FROM delivery JOIN event ON event.id = delivery.event_id
        """
}

extension DeliveryRecord {
    init(row: Row) {
        let payload: Data = row["payload"]
        let event = NewEvent(
            type: EventType(rawValue: row["type"]), time: row["time"],
            kind: CallbackKind(rawValue: row["kind"]) ?? .account,
            signatureRequestID: row["signature_request_id"], origin: row["origin"],
            payload: Array(payload))
        let state: String = row["state"]
        let form: String = row["form"]
        self.init(
            id: row["id"], eventID: row["event_id"],
            delivery: NewDelivery(
                event: event, destination: row["destination"],
                form: BodyForm(rawValue: form) ?? .multipart, boundary: row["boundary"]),
            state: DeliveryState(rawValue: state) ?? .failed, attempts: row["attempts"],
            createdAt: row["created_at"], nextAttemptAt: row["next_attempt_at"],
            lastOutcome: (row["last_outcome"] as String?).flatMap(Outcome.init(rawValue:)))
    }
}

extension AttemptRecord {
    init(row: Row) {
        let head: Data = row["request_head"]
        let start = AttemptStart(
            number: row["number"], startedAt: row["started_at"], requestHead: Array(head))
        var result: AttemptResult?
        if let outcome = (row["outcome"] as String?).flatMap(Outcome.init(rawValue:)) {
            let response: Data? = row["response"]
            var finished = AttemptResult(
                outcome: outcome, detail: row["detail"], status: row["status"],
                response: Array(response ?? Data()), connectMicroseconds: row["connect_us"],
                firstByteMicroseconds: row["first_byte_us"], totalMicroseconds: row["total_us"])
            finished.responseBytes = row["response_bytes"]
            result = finished
        }
        self.init(id: row["id"], start: start, result: result)
    }
}
