import Foundation
import Journal

/// A resource that is kept: one row of the journal.
protocol Resource: Codable, Sendable {
    /// The kind of row, such as `signature_request`.
    static var kind: String { get }
    var id: String { get }

    /// The row's bytes.
    func body(_ encoder: JSONEncoder) throws -> Data
    /// The row with that id and these bytes.
    static func read(_ id: String, _ body: Data, _ decoder: JSONDecoder) throws -> Self
}

extension Resource {
    /// The row as JSON.
    func body(_ encoder: JSONEncoder) throws -> Data { try encoder.encode(self) }

    /// Reads the row's JSON.
    static func read(_ id: String, _ body: Data, _ decoder: JSONDecoder) throws -> Self {
        try decoder.decode(Self.self, from: body)
    }
}

/// The kinds of rows, by which the journal keeps them apart; a new kind comes at the end.
enum ResourceKinds {
    private static let all = [
        Ledger.kind, Account.kind, APIApp.kind, SignatureRequest.kind, Template.kind,
        UnclaimedDraft.kind, PageLink.kind, Team.kind, TeamInvite.kind, BulkSendJob.kind,
        Fax.kind, FaxLine.kind, OAuthGrant.kind, StoredFile.kind, Job.kind,
    ]
    /// Bits of a row's number that tell its place within its kind.
    private static let placeBits: Int64 = 40

    /// The first number of a kind's rows.
    static func base(_ kind: String) -> Int64 {
        guard let index = all.firstIndex(of: kind) else {
            preconditionFailure("the kind '\(kind)' has no place in the journal")
        }
        return Int64(index + 1) << placeBits
    }

    /// A row's place within its kind.
    static func place(_ number: Int64) -> UInt64 { UInt64(number & ((1 << placeBits) - 1)) }
}

/// A row that is to be written as it stood, or to go.
struct PendingChange: Sendable {
    let number: Int64
    let kind: String
    let id: String
    /// `nil` when it goes.
    let row: (any Resource)?

    func encoded(_ encoder: JSONEncoder) throws -> ResourceChange {
        ResourceChange(number: number, kind: kind, id: id, body: try row?.body(encoder))
    }
}

/// Resources of one kind by id, in the order of their making.
///
/// Remembers what each row was before the change at hand, so that a change which fails can be taken
/// back without a copy of the whole table.
struct Table<Row: Resource>: Sendable {
    private struct Entry {
        let number: UInt64
        var row: Row
    }

    private var entries: [String: Entry] = [:]
    /// Where rows stand, oldest first; a place whose row went stays until the next ``tidy()``.
    private var places: [(number: UInt64, id: String)] = []
    private var nextNumber: UInt64 = 0
    /// What the rows that changed since the last ``takeChanges(_:into:)`` were before.
    private var before: [String: Entry?] = [:]

    /// All rows, oldest first.
    var all: [Row] { places.compactMap(row) }
    /// The oldest row.
    var first: Row? { places.lazy.compactMap(row).first }
    var count: Int { entries.count }

    /// The rows that pass, newest first.
    func newest(where passes: (Row) -> Bool) -> [Row] {
        places.reversed().compactMap { place in row(at: place).flatMap { passes($0) ? $0 : nil } }
    }

    subscript(id: String) -> Row? {
        get { entries[id]?.row }
        set {
            let old = entries[id]
            if before.index(forKey: id) == nil { before.updateValue(old, forKey: id) }
            if let newValue {
                place(newValue, id: id, old)
            } else {
                entries[id] = nil
                tidy()
            }
        }
    }

    /// Puts a row in, or in the place of the one with its id.
    mutating func put(_ row: Row) { self[row.id] = row }

    /// Whether there is something to be written.
    var hasChanges: Bool { !before.isEmpty }

    /// Puts a row in that the journal has already.
    mutating func load(_ change: ResourceChange, _ decoder: JSONDecoder) throws {
        guard let body = change.body else { return }
        nextNumber = max(nextNumber, ResourceKinds.place(change.number))
        place(try Row.read(change.id, body, decoder), id: change.id, entries[change.id])
    }

    /// Takes the changes back.
    mutating func rollBack() {
        for (id, entry) in before { entries[id] = entry }
        before = [:]
    }

    /// What is to be written since the last call; it can be taken back no more.
    mutating func takeChanges(into changes: inout [PendingChange]) {
        guard !before.isEmpty else { return }
        let base = ResourceKinds.base(Row.kind)
        for (id, old) in before {
            let new = entries[id]
            if let old, old.number != new?.number {
                changes.append(
                    PendingChange(
                        number: base + Int64(old.number), kind: Row.kind, id: id, row: nil))
            }
            if let new {
                changes.append(
                    PendingChange(
                        number: base + Int64(new.number), kind: Row.kind, id: id, row: new.row))
            }
        }
        before = [:]
    }

    private func row(at place: (number: UInt64, id: String)) -> Row? {
        guard let entry = entries[place.id], entry.number == place.number else { return nil }
        return entry.row
    }

    private mutating func place(_ row: Row, id: String, _ old: Entry?) {
        if let old {
            entries[id] = Entry(number: old.number, row: row)
        } else {
            entries[id] = Entry(number: nextNumber, row: row)
            places.append((nextNumber, id))
            nextNumber += 1
        }
    }

    /// Lets go of the places of rows that went, once they are the most.
    private mutating func tidy() {
        guard places.count > 64, places.count > 2 * (entries.count + before.count) else { return }
        places = places.filter { row(at: $0) != nil || before.index(forKey: $0.id) != nil }
    }
}
