import Synchronization

/// Hands out elements when they are due, earliest first; of equal times in the order of insertion.
///
/// Elements come from a source, a few ahead of need, and come back from ``finish(again:)``.
final class DueQueue<Element: Sendable>: Sendable {
    private struct Entry {
        let due: Int64
        let number: UInt64
        let element: Element
        let isFromSource: Bool
    }

    /// Elements that may wait to be due again; with so many nothing is taken from the source.
    private static var maximumWaiting: Int { 10_000 }

    private struct State {
        var entries: [Entry] = []  // a binary heap, the earliest first
        /// How many of them came from the source.
        var readAhead = 0
        var nextNumber: UInt64 = 0
        var waiters: [UnsafeContinuation<Element?, Never>] = []
        var inWork = 0
        var isSourceDry = false
        var isStopped = false
        var alarmTime: Int64?
    }

    private enum Decision {
        case handOut(Element)
        case end
        case wait
    }

    private let clock: DeliveryClock
    private let readAhead: Int
    private let source: @Sendable () -> (due: Int64, element: Element)?
    private let state = Mutex(State())

    /// A queue that takes from `source` until that gives `nil`, holding `readAhead` of its elements.
    init(
        clock: DeliveryClock, readAhead: Int,
        source: @escaping @Sendable () -> (due: Int64, element: Element)?
    ) {
        self.clock = clock
        self.readAhead = readAhead
        self.source = source
    }

    /// The next element when it is due; `nil` when there will be none any more.
    ///
    /// Each element must be given back with ``finish(again:)``.
    func next() async -> Element? {
        await withUnsafeContinuation { continuation in
            state.withLock { $0.waiters.append(continuation) }
            serve()
        }
    }

    /// Says that an element is done, or that it is due again.
    func finish(again: (due: Int64, element: Element)? = nil) {
        state.withLock { state in
            state.inWork -= 1
            if let again {
                Self.push(again.element, due: again.due, isFromSource: false, &state)
            }
        }
        serve()
    }

    /// Ends: all callers of ``next()`` get `nil`.
    func stop() {
        state.withLock { $0.isStopped = true }
        serve()
    }

    /// Serves as many waiters as it can; resumes them outside the lock.
    private func serve() {
        while true {
            let now = clock.now
            let (waiter, element, alarm) = state.withLock { state in
                step(&state, now: now)
            }
            if let alarm {
                clock.alarm(at: alarm) { [weak self] in
                    self?.state.withLock { $0.alarmTime = nil }
                    self?.serve()
                }
            }
            guard let waiter else { return }
            waiter.resume(returning: element)
        }
    }

    private func step(
        _ state: inout State, now: Int64
    )
        -> (UnsafeContinuation<Element?, Never>?, Element?, alarm: Int64?)
    {
        guard !state.waiters.isEmpty else { return (nil, nil, nil) }
        switch decide(&state, now: now) {
        case .handOut(let element):
            state.inWork += 1
            return (state.waiters.removeFirst(), element, nil)
        case .end: return (state.waiters.removeFirst(), nil, nil)
        case .wait:
            // What is in work happens now; time may be skipped only when all of it is done.
            if clock.isSkipping, state.inWork > 0 { return (nil, nil, nil) }
            guard let due = state.entries.first?.due, due < state.alarmTime ?? .max else {
                return (nil, nil, nil)
            }
            state.alarmTime = due
            return (nil, nil, due)
        }
    }

    private func decide(_ state: inout State, now: Int64) -> Decision {
        if state.isStopped { return .end }
        while !state.isSourceDry, state.readAhead < readAhead,
            state.entries.count < Self.maximumWaiting
        {
            if let (due, element) = source() {
                Self.push(element, due: due, isFromSource: true, &state)
            } else {
                state.isSourceDry = true
            }
        }
        if let first = state.entries.first, first.due <= now {
            return .handOut(Self.pop(&state).element)
        }
        return state.entries.isEmpty && state.inWork == 0 ? .end : .wait
    }

    private static func push(
        _ element: Element, due: Int64, isFromSource: Bool, _ state: inout State
    ) {
        state.entries.append(
            Entry(
                due: due, number: state.nextNumber, element: element, isFromSource: isFromSource))
        state.nextNumber += 1
        if isFromSource { state.readAhead += 1 }
        var child = state.entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(state.entries[child], state.entries[parent]) else { break }
            state.entries.swapAt(child, parent)
            child = parent
        }
    }

    private static func pop(_ state: inout State) -> Entry {
        state.entries.swapAt(0, state.entries.count - 1)
        let first = state.entries.removeLast()
        if first.isFromSource { state.readAhead -= 1 }
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < state.entries.count
                && precedes(state.entries[child], state.entries[least])
            {
                least = child
            }
            if least == parent { return first }
            state.entries.swapAt(parent, least)
            parent = least
        }
    }

    private static func precedes(_ left: Entry, _ right: Entry) -> Bool {
        (left.due, left.number) < (right.due, right.number)
    }
}
