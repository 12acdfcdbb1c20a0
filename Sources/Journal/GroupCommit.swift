import Dispatch
import GRDB
import Synchronization

/// Commits what many tasks want to write in groups: while one group is on its way to the disk, the
/// next one gathers.
///
/// A write is answered after its commit, so what was answered is durable.
final class GroupCommit: Sendable {
    /// A write: runs in the group's transaction and gives a row's id.
    struct Write: Sendable {
        let perform: @Sendable (Database) throws -> Int64
        /// Called after the commit, in the order in which writes were submitted.
        let finish: @Sendable (Result<Int64, any Error>) -> Void
    }

    private struct State {
        var waiting: [Write] = []
        var isScheduled = false
    }

    private let writer: any DatabaseWriter
    private let queue = DispatchQueue(label: "countersign.journal", qos: .userInitiated)
    private let state = Mutex(State())

    init(writer: any DatabaseWriter) {
        self.writer = writer
    }

    func submit(_ write: Write) {
        let mustSchedule = state.withLock { state in
            state.waiting.append(write)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule { queue.async { self.commitWaiting() } }
    }

    private func commitWaiting() {
        while true {
            let group = state.withLock { state in
                defer { state.waiting = [] }
                state.isScheduled = !state.waiting.isEmpty
                return state.waiting
            }
            if group.isEmpty { return }
            commit(group)
        }
    }

    private func commit(_ group: [Write]) {
        var ids: [Int64] = []
        ids.reserveCapacity(group.count)
        do {
            try writer.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    for write in group { ids.append(try write.perform(database)) }
                    return .commit
                }
            }
        } catch {
            for write in group { write.finish(.failure(error)) }
            return
        }
        for (write, id) in zip(group, ids) { write.finish(.success(id)) }
    }
}
