import GRDB

/// A request that somebody else sent, with what became of it.
package struct ReceivedDelivery: Hashable, Sendable {
    package var delivery: NewDelivery
    package var attempt: AttemptRecord

    package init(delivery: NewDelivery, attempt: AttemptRecord) {
        self.delivery = delivery
        self.attempt = attempt
    }
}

extension Journal {
    /// Puts finished deliveries of somebody else in, in one commit; does not wait.
    ///
    /// A payload that is over the limit is left out, as the attempt still tells what happened.
    ///
    /// `finish` is told their ids after the commit, in the order of `received`.
    package func submit(
        _ received: [ReceivedDelivery],
        finish: @escaping @Sendable (Result<[Int64], JournalError>) -> Void
    ) {
        let limits = limits
        submit(
            { database in
                try received.map { entry in
                    var delivery = entry.delivery
                    if delivery.event.payload.count > limits.payloadBytes {
                        delivery.event.payload = []
                        delivery.receivedBody = nil
                    }
                    let start = entry.attempt.start
                    let id = try Self.insert(
                        delivery, requestHead: start.requestHead, now: start.startedAt, database)
                    try Self.insert(
                        AttemptUnderWay(delivery: id, start: start, headIsKept: true),
                        entry.attempt.result, responseLimit: limits.responseBytes, database)
                    return id
                }
            }, finish: finish)
    }

    /// Lets the oldest finished deliveries beyond the limit go.
    ///
    /// It looks at nothing else, so that it can be done often; see ``prune(now:)`` for those that are too old.
    package func pruneBeyondLimit() async throws(JournalError) {
        let most = limits.deliveries
        try await write { database in
            let last = try Int64.fetchOne(database, sql: "SELECT max(id) FROM delivery") ?? 0
            let cut = last - Int64(most)
            guard cut > 0 else { return }
            try database.execute(
                sql: """
                    DELETE FROM delivery
                    WHERE id <= ? AND id NOT IN (SELECT delivery_id FROM unfinished)
                    """, arguments: [cut])
            try database.execute(
                sql: """
                    DELETE FROM attempt WHERE delivery_id <= ?1
                    AND delivery_id NOT IN (SELECT id FROM delivery WHERE id <= ?1)
                    """, arguments: [cut])
        }
    }
}
