import Callbacks
import Dispatch
import Journal
import NIOCore
package import Relay
import Synchronization

/// Understands what came through the tunnel, keeps it, and tells of it: in groups, and never on the
/// threads that forward.
package final class TrafficRecorder: ExchangeSink {
    /// Patterns of event types, such as `signature_request_*`; everything when empty.
    package struct Filter: Hashable, Sendable {
        private let patterns: [String]

        package init(_ patterns: [String]) { self.patterns = patterns }

        /// Whether a type is to be shown and kept.
        func takes(_ type: EventType) -> Bool {
            patterns.isEmpty
                || patterns.contains { pattern in
                    pattern.hasSuffix("*")
                        ? type.rawValue.hasPrefix(pattern.dropLast()) : type.rawValue == pattern
                }
        }
    }

    private typealias Entry = (exchange: ForwardedExchange, finished: @Sendable () -> Void)

    private let journal: Journal?
    private let filter: Filter
    private let apiKey: String?
    private let archive: HTTPArchive?
    private let report: @Sendable (Traffic) -> Void
    private let failed: @Sendable (any Error) -> Void
    private let queue = DispatchQueue(label: "countersign.traffic")
    private let waiting = Mutex<CircularBuffer<Entry>>([])
    private let keptSinceLast = Mutex(0)

    /// Requests that are understood and kept in one step, and their octets: their copies are in memory.
    private static let maximumGroup = 256
    private static let maximumGroupBytes = 4 << 20
    /// Requests that are kept before the oldest ones are looked at again.
    private static let keptBetweenPrunings = 2000

    /// - Parameters:
    ///   - journal: Where it is kept; `nil`: nowhere.
    ///   - filter: What is shown and kept.
    ///   - apiKey: The key that hashes are compared with; `nil` for no comparison.
    ///   - archive: A HAR file.
    ///   - report: Told of each, after it is kept.
    ///   - failed: Told that something cannot be kept.
    init(
        journal: Journal?, filter: Filter, apiKey: String?, archive: HTTPArchive?,
        report: @escaping @Sendable (Traffic) -> Void,
        failed: @escaping @Sendable (any Error) -> Void
    ) {
        self.journal = journal
        self.filter = filter
        self.apiKey = apiKey
        self.archive = archive
        self.report = report
        self.failed = failed
    }

    package func take(_ exchange: ForwardedExchange, finished: @escaping @Sendable () -> Void) {
        let isFirst = waiting.withLock { waiting in
            defer { waiting.append((exchange, finished)) }
            return waiting.isEmpty
        }
        if isFirst { queue.async { self.takeAll() } }
    }

    private func takeAll() { while takeGroup() {} }

    /// Returns when all that was taken is kept.
    func flush() {
        queue.sync { takeAll() }
        let done = DispatchSemaphore(value: 0)
        guard let journal else { return }
        journal.submit([]) { _ in done.signal() }
        done.wait()
        queue.sync {}
    }

    /// Lets the oldest rows go, now and then, as this may run for days.
    private func pruneNow(and count: Int, _ journal: Journal) {
        let isTime = keptSinceLast.withLock { kept in
            kept += count
            guard kept >= Self.keptBetweenPrunings else { return false }
            kept = 0
            return true
        }
        guard isTime else { return }
        Task { [failed] in
            do { try await journal.pruneBeyondLimit() } catch { failed(error) }
        }
    }

    /// The next ones that wait: as many as are taken in one step.
    private func nextGroup() -> [Entry] {
        waiting.withLock { waiting in
            var group: [Entry] = []
            var bytes = 0
            while group.count < Self.maximumGroup, bytes < Self.maximumGroupBytes,
                let entry = waiting.popFirst()
            {
                group.append(entry)
                bytes += entry.exchange.keptBytes
            }
            return group
        }
    }

    /// Understands and keeps some of what waits; returns whether there was anything.
    private func takeGroup() -> Bool {
        let entries = nextGroup()
        guard !entries.isEmpty else { return false }
        let all = entries.map { Traffic($0.exchange, apiKey: apiKey) }
        let shown = all.filter { filter.takes($0.eventType) }
        let end: @Sendable () -> Void = { [report] in
            for traffic in shown { report(traffic) }
            for entry in entries { entry.finished() }
        }
        do { try archive?.append(shown) } catch { failed(error) }
        guard let journal, !shown.isEmpty else {
            end()
            return true
        }
        journal.submit(shown.map(\.received)) { [failed] result in
            if case .failure(let error) = result { failed(error) }
            end()
        }
        pruneNow(and: shown.count, journal)
        return true
    }
}
