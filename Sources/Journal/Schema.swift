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
        migrator.registerMigration("2 owners and schedules of unfinished deliveries") { database in
            try database.execute(sql: second)
        }
        migrator.registerMigration("3 the mock's state") { database in
            try database.execute(sql: third)
        }
        migrator.registerMigration("4 bodies that somebody else wrote") { database in
            try database.execute(sql: "ALTER TABLE delivery ADD COLUMN body BLOB")
        }
        return migrator
    }

    // The mock's resources. `number` says in its upper bits of which kind a row is, and in the lower ones
    // in which order the rows of a kind were made: new rows stand side by side at the end of their kind,
    // where a key with an id in it would scatter them over the whole file.
    private static let third = """
        CREATE TABLE resource (
            number INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            body BLOB NOT NULL
        );
        """

    // `owner` is the process that sees to a delivery; null for one that an older version left.
    // `waits` are the pauses of the retries that are left, in milliseconds, with commas between them:
    // a delivery's schedule goes on whoever takes it over.
    private static let second = """
        ALTER TABLE unfinished ADD COLUMN owner TEXT;
        ALTER TABLE unfinished ADD COLUMN waits TEXT NOT NULL DEFAULT '';
        """

    // Times are Unix milliseconds on the delivery clock; durations are microseconds.
    //
    // A delivery never changes once it is in, so that the pages with payloads are written once; what
    // moves is the small table of those that are unfinished. How a delivery ended is what its last
    // attempt says. There is no index beside the keys, as each would be paid for by every delivery.
    //
    // The bytes of a request are not stored twice: they are a head and the body that the delivery's
    // form and boundary make of its payload; an attempt has a head of its own where it differs from
    // the delivery's.
    private static let first = """
        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY,
            created_at INTEGER NOT NULL,
            type TEXT NOT NULL,
            time TEXT NOT NULL,
            kind TEXT NOT NULL,
            signature_request_id TEXT,
            origin TEXT NOT NULL,
            destination TEXT NOT NULL,
            form TEXT NOT NULL,
            boundary TEXT NOT NULL,
            request_head BLOB,
            payload BLOB NOT NULL
        );
        CREATE TABLE unfinished (
            delivery_id INTEGER PRIMARY KEY,
            attempts INTEGER NOT NULL,
            next_attempt_at INTEGER NOT NULL,
            started_at INTEGER
        );
        CREATE TABLE attempt (
            delivery_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            detail TEXT,
            status INTEGER,
            connect_us INTEGER,
            first_byte_us INTEGER,
            total_us INTEGER NOT NULL,
            response_bytes INTEGER NOT NULL,
            response BLOB NOT NULL,
            request_head BLOB,
            PRIMARY KEY (delivery_id, number)
        ) WITHOUT ROWID;
        """
}
