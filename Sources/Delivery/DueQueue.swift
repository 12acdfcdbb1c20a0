import HeapModule
import Synchronization

/// Hands out elements when they are due, earliest first; of equal times in the order of insertion.
///
/// Elements come from a source, a few ahead of need, or are added to a queue that stays open; they come
/// back from ``finish(_:again:)``. Of those with one key only one is handed out at a time, so that they
/// go in order.
final class DueQueue<Element: Sendable>: Sendable {
    private struct Entry: Comparable {
        let due: Int64
        let number: UInt64
        let element: Element
        let isFromSource: Bool
        let key: String?

        static func < (left: Entry, right: Entry) -> Bool {
            (left.due, left.number) < (right.due, right.number)
        }

        static func == (left: Entry, right: Entry) -> Bool { left.number == right.number }
    }

    /// Elements that may wait to be due again; with so many nothing is taken from the source.
    private static var maximumWaiting: Int { 10_000 }

    private struct State {
        var entries = Heap<Entry>()
        /// How many of them came from the source.
        var readAhead = 0
        var nextNumber: UInt64 = 0
        var waiters: [UnsafeContinuation<Element?, Never>] = []
        var inWork = 0
        /// The entries that wait for one of their key to come back.
        var parked: [String: [Entry]] = [:]
        var parkedCount = 0
        var isSourceDry = false
        /// Whether more may be added.
        var isOpen: Bool
        var isStopped = false
        /// Whether everything is let go of.
        var isHeld = false
        /// Callers who wait until nothing is in work; nothing is handed out meanwhile.
        var drainers: [UnsafeContinuation<Void, Never>] = []
        /// Callers who wait until nothing is in work and nothing is due.
        var settlers: [UnsafeContinuation<Void, Never>] = []
        var alarmTime: Int64?
    }

    private enum Decision {
        case handOut(Element)
        case end
        case wait
    }

    private let clock: DeliveryClock
    private let readAhead: Int
    private let key: @Sendable (Element) -> String?
    private let source: @Sendable () -> (due: Int64, element: Element)?
    private let state: Mutex<State>

    /// A queue that takes from `source` until that gives `nil`, holding `readAhead` of its elements.
    ///
    /// - Parameters:
    ///   - clock: Says what is due.
    ///   - readAhead: How many elements of the source are held.
    ///   - isOpen: Whether it lives on when nothing is left, until ``close()``.
    ///   - key: What elements must have in common to go one after another.
    ///   - source: Where elements come from.
    init(
        clock: DeliveryClock, readAhead: Int, isOpen: Bool = false,
        key: @escaping @Sendable (Element) -> String? = { _ in nil },
        source: @escaping @Sendable () -> (due: Int64, element: Element)?
    ) {
        self.clock = clock
        self.readAhead = readAhead
        self.key = key
        self.source = source
        state = Mutex(State(isOpen: isOpen))
    }

    /// Elements that wait.
    var count: Int { state.withLock { $0.entries.count + $0.parkedCount } }

    /// Puts elements into an open queue.
    func add(_ elements: [(due: Int64, element: Element)]) {
        state.withLock { state in
            guard !state.isHeld else { return }
            for (due, element) in elements {
                push(element, due: due, isFromSource: false, &state)
            }
        }
        serve()
    }

    /// Takes elements again.
    func reopen() {
        state.withLock { $0.isHeld = false }
        serve()
    }

    /// When the next element is due; `nil` when none waits.
    var nextDue: Int64? { state.withLock { $0.entries.min?.due } }

    /// Waits until nothing is in work and nothing is due.
    func settle() async {
        await withUnsafeContinuation { continuation in
            state.withLock { $0.settlers.append(continuation) }
            resumeSettlers()
        }
    }

    private func resumeSettlers() {
        let now = clock.now
        let settlers = state.withLock { state in
            let isDue = state.entries.min.map { $0.due <= now } ?? false
            guard state.isStopped || state.inWork == 0 && !isDue else {
                return [UnsafeContinuation<Void, Never>]()
            }
            defer { state.settlers = [] }
            return state.settlers
        }
        for settler in settlers { settler.resume() }
    }

    /// Lets the queue end when nothing is left.
    func close() {
        state.withLock { $0.isOpen = false }
        serve()
    }

    /// Waits for the elements in work, and lets go of all others.
    ///
    /// `holds`: Whether what is added is let go of as well, until ``reopen()``.
    func drain(holds: Bool = false) async {
        await withUnsafeContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isHeld = holds
                state.entries = Heap()
                state.readAhead = 0
                state.parked = state.parked.mapValues { _ in [] }
                state.parkedCount = 0
                if state.inWork > 0 { state.drainers.append(continuation) }
                return state.inWork == 0
            }
            if isIdle { continuation.resume() }
        }
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

    /// Says that an element is done, or when it is due again.
    func finish(_ element: Element, again due: Int64? = nil) {
        let drainers = state.withLock { state in
            state.inWork -= 1
            if let key = key(element), let entries = state.parked.removeValue(forKey: key) {
                state.parkedCount -= entries.count
                for entry in entries { Self.push(entry, &state) }
            }
            if let due, state.drainers.isEmpty, !state.isHeld {
                push(element, due: due, isFromSource: false, &state)
            }
            guard state.inWork == 0 else { return [UnsafeContinuation<Void, Never>]() }
            defer { state.drainers = [] }
            return state.drainers
        }
        for drainer in drainers { drainer.resume() }
        serve()
        resumeSettlers()
    }

    /// Ends: all callers of ``next()`` get `nil`.
    func stop() {
        state.withLock { $0.isStopped = true }
        serve()
        resumeSettlers()
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
            // Whoever drains is served first; the last element in work serves the others.
            guard state.drainers.isEmpty else { return (nil, nil, nil) }
            // What is in work happens now; time may be skipped only when all of it is done.
            if clock.isSkipping, state.inWork > 0 { return (nil, nil, nil) }
            guard let due = state.entries.min?.due, due < state.alarmTime ?? .max else {
                return (nil, nil, nil)
            }
            state.alarmTime = due
            return (nil, nil, due)
        }
    }

    private func decide(_ state: inout State, now: Int64) -> Decision {
        if state.isStopped { return .end }
        guard state.drainers.isEmpty else { return .wait }
        while !state.isSourceDry, state.readAhead < readAhead,
            state.entries.count < Self.maximumWaiting
        {
            if let (due, element) = source() {
                push(element, due: due, isFromSource: true, &state)
            } else {
                state.isSourceDry = true
            }
        }
        while let first = state.entries.min, first.due <= now {
            let entry = Self.pop(&state)
            guard let key = entry.key else { return .handOut(entry.element) }
            guard state.parked[key] != nil else {
                state.parked[key] = []
                return .handOut(entry.element)
            }
            state.parked[key]?.append(entry)
            state.parkedCount += 1
        }
        return state.entries.isEmpty && state.inWork == 0 && !state.isOpen ? .end : .wait
    }

    private func push(
        _ element: Element, due: Int64, isFromSource: Bool, _ state: inout State
    ) {
        let entry = Entry(
            due: due, number: state.nextNumber, element: element, isFromSource: isFromSource,
            key: key(element))
        state.nextNumber += 1
        Self.push(entry, &state)
    }

    private static func push(_ entry: Entry, _ state: inout State) {
        state.entries.insert(entry)
        if entry.isFromSource { state.readAhead += 1 }
    }

    private static func pop(_ state: inout State) -> Entry {
        let first = state.entries.removeMin()
        if first.isFromSource { state.readAhead -= 1 }
        return first
    }
}
