import GRDB

/// The tables, as migrations: each is applied once, in order, and never changed afterwards.
enum Schema {
    /// Marks the file as ours (`PRAGMA application_id`): "CSGN".
    static let applicationID = 0x4353_474e

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 events, deliveries, attempts") { database in
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: first)
        }
        return migrator
    }

    // Times are Unix milliseconds on the delivery clock; durations are microseconds.
    // The bytes of a request are not stored twice: they are the attempt's head and the body that the
    // delivery's form and boundary make of the event's payload.
    private static let first = """
        CREATE TABLE event (
            id INTEGER PRIMARY KEY,
            type TEXT NOT NULL,
            time TEXT NOT NULL,
            kind TEXT NOT NULL,
            signature_request_id TEXT,
            origin TEXT NOT NULL,
            payload BLOB NOT NULL
        );
        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY,
            event_id INTEGER NOT NULL REFERENCES event(id) ON DELETE CASCADE,
            destination TEXT NOT NULL,
            form TEXT NOT NULL,
            boundary TEXT NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            next_attempt_at INTEGER
        );
        CREATE INDEX delivery_unfinished ON delivery(next_attempt_at) WHERE state = 'pending';
        CREATE INDEX delivery_event ON delivery(event_id);
        CREATE TABLE attempt (
            id INTEGER PRIMARY KEY,
            delivery_id INTEGER NOT NULL REFERENCES delivery(id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            request_head BLOB NOT NULL,
            outcome TEXT,
            detail TEXT,
            status INTEGER,
            response BLOB,
            response_bytes INTEGER,
            connect_us INTEGER,
            first_byte_us INTEGER,
            total_us INTEGER
        );
        CREATE INDEX attempt_delivery ON attempt(delivery_id);
        """
}
