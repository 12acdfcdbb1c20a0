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
            require("delivery.type = ?", filter.eventType?.rawValue)
            require("delivery.signature_request_id = ?", filter.signatureRequestID)
            switch filter.state {
            case .pending: conditions.append("unfinished.delivery_id IS NOT NULL")
            case .acknowledged: conditions.append("\(Self.isFinished) AND \(Self.isAccepted)")
            case .failed: conditions.append("\(Self.isFinished) AND NOT \(Self.isAccepted)")
            case nil: break
            }
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
                database,
                sql: """
                    SELECT attempt.*, delivery.request_head AS first_head FROM attempt
                    JOIN delivery ON delivery.id = attempt.delivery_id
                    WHERE attempt.delivery_id = ? ORDER BY attempt.number
                    """,
                arguments: [delivery]
            ).map(AttemptRecord.init(row:))
        }
    }

    /// Takes over what processes that ended left unfinished: attempts without an end are marked
    /// interrupted, and their deliveries are due again.
    ///
    /// What a living process sees to stays with it.
    ///
    /// `now`: Unix milliseconds.
    /// - Returns: All pending deliveries that are now this process's, oldest first.
    /// - Throws: ``JournalError``.
    package func adoptUnfinished(now: Int64) async throws(JournalError) -> [DeliveryRecord] {
        let owner = ownerToken
        return try await write { database in
            let owners = try String?.fetchAll(
                database, sql: "SELECT DISTINCT owner FROM unfinished")
            for other in owners where other.map({ $0 == owner || !self.isAlive($0) }) ?? true {
                try database.execute(
                    sql: """
                        INSERT OR IGNORE INTO attempt
                        (delivery_id, number, started_at, outcome, total_us, response_bytes, response)
                        SELECT delivery_id, attempts, started_at, 'interrupted', 0, 0, x''
                        FROM unfinished WHERE started_at IS NOT NULL AND owner IS ?
                        """, arguments: [other])
                try database.execute(
                    sql: "UPDATE unfinished SET started_at = NULL, owner = ? WHERE owner IS ?",
                    arguments: [owner, other])
            }
            return try Row.fetchAll(
                database, sql: "\(Self.selection) WHERE unfinished.owner = ? ORDER BY delivery.id",
                arguments: [owner]
            ).map(DeliveryRecord.init(row:))
        }
    }

    /// Lets go of finished deliveries that are over the limits of age and number.
    ///
    /// `now`: Unix milliseconds.
    /// - Returns: How many went.
    /// - Throws: ``JournalError``.
    package func prune(now: Int64) async throws(JournalError) -> Int {
        let oldest = now - Int64(limits.days) * 86_400_000
        let most = limits.deliveries
        return try await write { database in
            try database.execute(
                sql: """
                    DELETE FROM delivery WHERE id NOT IN (SELECT delivery_id FROM unfinished)
                    AND (created_at < ? OR id <= (SELECT max(id) FROM delivery) - ?)
                    """, arguments: [oldest, most])
            let count = database.changesCount
            if count > 0 {
                try database.execute(
                    sql: "DELETE FROM attempt WHERE delivery_id NOT IN (SELECT id FROM delivery)")
            }
            return count
        }
    }

    /// A delivery, where it stands, and its last attempt's outcome.
    private static let selection = """
        SELECT delivery.*, unfinished.next_attempt_at, unfinished.waits, unfinished.delivery_id AS unfinished_id,
        coalesce(unfinished.attempts, last.number, 0) AS attempts, last.outcome AS last_outcome
        FROM delivery LEFT JOIN unfinished ON unfinished.delivery_id = delivery.id
        LEFT JOIN attempt AS last ON last.delivery_id = delivery.id AND last.number =
        (SELECT max(number) FROM attempt WHERE delivery_id = delivery.id)
        """

    private static let isFinished = "unfinished.delivery_id IS NULL"

    private static let isAccepted =
        "last.outcome IN ("
        + Outcome.allCases.filter(\.isAccepted).map { "'\($0.rawValue)'" }
        .joined(separator: ", ") + ")"
}

extension DeliveryRecord {
    init(row: Row) {
        let payload: Data = row["payload"]
        let event = NewEvent(
            type: EventType(rawValue: row["type"]), time: row["time"],
            kind: CallbackKind(rawValue: row["kind"]) ?? .account,
            signatureRequestID: row["signature_request_id"], origin: row["origin"],
            payload: Array(payload))
        let form: String = row["form"]
        let outcome = (row["last_outcome"] as String?).flatMap(Outcome.init(rawValue:))
        let isPending = (row["unfinished_id"] as Int64?) != nil
        self.init(
            id: row["id"],
            delivery: NewDelivery(
                event: event, destination: row["destination"],
                form: BodyForm(rawValue: form) ?? .multipart, boundary: row["boundary"],
                receivedBody: (row["body"] as Data?).map { Array($0) }),
            state: isPending ? .pending : outcome?.isAccepted == true ? .acknowledged : .failed,
            attempts: row["attempts"], createdAt: row["created_at"],
            nextAttemptAt: row["next_attempt_at"],
            waits: [Int64](stored: row["waits"] ?? ""), lastOutcome: outcome)
    }
}

extension AttemptRecord {
    init(row: Row) {
        let head: Data = row["request_head"] ?? row["first_head"] ?? Data()
        let outcome: String = row["outcome"]
        let response: Data = row["response"]
        var result = AttemptResult(
            outcome: Outcome(rawValue: outcome) ?? .interrupted, detail: row["detail"],
            status: row["status"], response: Array(response),
            connectMicroseconds: row["connect_us"], firstByteMicroseconds: row["first_byte_us"],
            totalMicroseconds: row["total_us"])
        result.responseBytes = row["response_bytes"]
        self.init(
            start: AttemptStart(
                number: row["number"], startedAt: row["started_at"], requestHead: Array(head)),
            result: result)
    }
}
