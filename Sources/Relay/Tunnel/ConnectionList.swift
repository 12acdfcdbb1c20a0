import NIOCore

/// A connection that its event loop looks after.
protocol ListedConnection: AnyObject, SendableMetatype {
    /// The position in the list; kept by the list.
    var place: Int? { get set }
    /// Whether it waits for the flush at the end of the turn; kept by the list.
    var isUnflushed: Bool { get set }
    var deadline: NIODeadline? { get }

    func flush()
    /// The deadline has passed.
    func isLate()
}

/// The connections of one event loop: tells those whose deadline has passed, and flushes once a turn.
///
/// `@unchecked Sendable`: confined to its event loop.
final class ConnectionList<Connection: ListedConnection>: @unchecked Sendable {
    /// How often deadlines are looked at: they are late by that much at the most.
    private static var tick: TimeAmount { .milliseconds(100) }

    /// The time as of the last look at it: good enough for deadlines, and it costs nothing.
    private(set) var now = NIODeadline.now()
    private var connections: [Connection] = []
    private var unflushed: [Connection] = []
    private var ticks: RepeatedTask?
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    var count: Int { connections.count }

    func add(_ connection: Connection) {
        connection.place = connections.count
        connections.append(connection)
        guard ticks == nil else { return }
        now = .now()
        // Not weak, as counting the references to an object with a weak one takes the slow way for good;
        // the last connection's removal cancels it.
        ticks = eventLoop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { _ in
            self.lookAtDeadlines()
        }
    }

    /// Returns whether it was there.
    @discardableResult
    func remove(_ connection: Connection) -> Bool {
        guard let place = connection.place else { return false }
        connection.place = nil
        let last = connections.removeLast()
        if last !== connection {
            connections[place] = last
            last.place = place
        }
        if connections.isEmpty {
            ticks?.cancel()
            ticks = nil
        }
        return true
    }

    /// Has the connection flushed once all that came at once is passed on.
    func flushLater(_ connection: Connection) {
        if !connection.isUnflushed {
            connection.isUnflushed = true
            unflushed.append(connection)
        }
    }

    func flushAll() {
        for connection in unflushed {
            connection.isUnflushed = false
            connection.flush()
        }
        unflushed.removeAll(keepingCapacity: true)
    }

    /// Calls `body` with each; it may end them.
    func forEach(_ body: (Connection) -> Void) {
        for connection in connections { body(connection) }
    }

    private func lookAtDeadlines() {
        now = .now()
        // From the end, as one that is closed is replaced by the last.
        for place in connections.indices.reversed() where place < connections.count {
            let connection = connections[place]
            if let deadline = connection.deadline, deadline <= now { connection.isLate() }
        }
    }
}

extension NIODeadline {
    static func + (deadline: NIODeadline, seconds: Double) -> NIODeadline {
        deadline + .nanoseconds(Int64(seconds * 1e9))
    }
}
