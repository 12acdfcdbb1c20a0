import Callbacks
import Fixtures
import Foundation
package import Journal
import Synchronization

/// The mock as a running thing: takes requests and what signers do, and has each change in the journal
/// before it is answered.
///
/// Safe to share. The state is one value behind a lock; what waits (the disk, documents, fetched files)
/// waits outside of it.
package final class MockService: Sendable {
    /// Takes events whose deliveries are in the journal, in their order.
    package typealias Sink = @Sendable ([(id: Int64, event: OutgoingEvent)]) -> Void

    /// What becomes of a request.
    package enum Outcome: Sendable {
        case answer(APIAnswer)
        /// The connection is to be closed without an answer.
        case reset
    }

    struct Shared: Sendable {
        var state: MockState
        var limits = RateLimits()
        var trouble = FaultBook<Trouble>()
        var boundaries: SeededGenerator
        /// Whether jobs are being done.
        var isWorking = false
        /// Callers who wait until all due jobs are done.
        var settlers: [UnsafeContinuation<Void, Never>] = []
        /// Whether the state is about to be thrown away, so that no change may come.
        var isResetting = false
        /// When the clock is to wake us.
        var alarm: Int64?
    }

    let contract = Contract.current
    let router: Router
    let shared: Mutex<Shared>
    /// Behind a lock of its own: nobody who changes the state waits for those who look back.
    let exchanges = Mutex(ExchangeLog())
    /// The number of the last call.
    let lastCall = Atomic<Int64>(0)
    let enforcesRateLimits: Bool
    let journal: Journal
    let clock: any MockClock
    let desk: DocumentDesk
    let fetcher: FileFetcher
    /// Told of each call that is over.
    let note: @Sendable (Exchange) -> Void
    private let sink: Sink
    let isFull: @Sendable () -> Bool
    private let fail: @Sendable (JournalError) -> Void

    /// The mock of an earlier run, or a new one.
    ///
    /// - Parameters:
    ///   - settings: What it is set up with.
    ///   - journal: Keeps its state.
    ///   - clock: The time by which jobs are due.
    ///   - desk: Reads and makes documents.
    ///   - fetcher: Follows `file_urls`.
    ///   - note: Told of each call that is over.
    ///   - fail: Told when the journal fails: what is in memory is ahead of it from then on.
    ///   - sink: Takes the events.
    ///   - isFull: Whether so many events wait that no more may be caused.
    /// - Throws: ``JournalError``.
    package init(
        _ settings: MockSettings, journal: Journal, clock: any MockClock,
        desk: DocumentDesk, fetcher: FileFetcher,
        note: @escaping @Sendable (Exchange) -> Void,
        fail: @escaping @Sendable (JournalError) -> Void, sink: @escaping Sink,
        isFull: @escaping @Sendable () -> Bool = { false }
    ) async throws {
        let state = try MockState(settings, rows: await journal.resources())
        shared = Mutex(
            Shared(
                state: state,
                boundaries: SeededGenerator(
                    seed: SeededGenerator.seed(settings.seed, UInt64(clock.now)))))
        self.journal = journal
        self.clock = clock
        self.desk = desk
        self.fetcher = fetcher
        self.note = note
        self.sink = sink
        self.fail = fail
        self.isFull = isFull
        router = Router(contract)
        enforcesRateLimits = settings.enforcesRateLimits
        try await change { _ in }
        shared.withLock { arm(&$0) }  // for what an earlier run left to be done
    }

    /// Empties the mock and the journal, and begins again with the same seed.
    ///
    /// `drain`: Called when nothing more can change; must end what is under way.
    package func reset(drain: () async -> Void) async throws {
        await settle()
        shared.withLock { $0.isResetting = true }
        await drain()
        try await journal.clear()
        shared.withLock { shared in
            let settings = shared.state.settings
            shared.state = MockState(settings)
            shared.limits = RateLimits()
            shared.trouble = FaultBook()
            shared.alarm = nil
            shared.isResetting = false
        }
        exchanges.withLock { $0 = ExchangeLog() }
        try await change { _ in }
    }

    /// Makes a change, and returns when it is durable.
    ///
    /// - Parameters:
    ///   - now: When it happens, in Unix milliseconds; the clock's time unless a job says otherwise.
    ///   - body: Changes the state; on an error nothing has changed.
    /// - Returns: What `body` returns.
    /// - Throws: ``APIError`` of `body`, with `unavailable` when the journal fails.
    @discardableResult
    func change<Value: Sendable>(
        now: Int64? = nil, _ body: (inout MockState) throws(APIError) -> Value
    ) async throws(APIError) -> Value {
        let (result, receipt) = shared.withLock { shared in
            commit(&shared, now: now ?? clock.now, body)
        }
        let value = try result.get()
        try await wait(receipt)
        return value
    }

    /// Waits until a change is durable.
    func wait(_ receipt: Receipt?) async throws(APIError) {
        guard let receipt else { return }
        do { try await receipt.wait() } catch {
            throw APIError(.unavailable, "The journal cannot be written; the mock ends")
        }
    }

    /// Makes a change under the lock and hands it to the journal; the order of the calls is that of the
    /// commits, and that of the events.
    func commit<Value>(
        _ shared: inout Shared, now: Int64, _ body: (inout MockState) throws(APIError) -> Value
    ) -> (Result<Value, APIError>, Receipt?) {
        guard !shared.isResetting else {
            return (.failure(APIError(.unavailable, "The mock is being reset")), nil)
        }
        let value: Value
        do throws(APIError) { value = try body(&shared.state) } catch {
            shared.state.rollBack()
            return (.failure(error), nil)
        }
        guard shared.state.hasChanges || !shared.state.emissions.isEmpty else {
            return (.success(value), nil)
        }
        let events = shared.state.outgoing(
            shared.state.takeEmissions(), now: now, form: shared.state.settings.form
        ) { BodyForm.boundary(shared.boundaries.next()) }
        // The bounds of a call keep payloads far below; one that is over them must not end the mock.
        .filter { $0.delivery.event.payload.count <= journal.limits.payloadBytes }
        if !events.isEmpty {
            exchanges.withLock { log in for event in events { log.note(event) } }
        }
        let changes = shared.state.takeChanges()
        let receipt = Receipt()
        let encode: @Sendable () throws -> [ResourceChange] = {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys  // equal states are equal rows
            return try changes.map { try $0.encoded(encoder) }
        }
        journal.submit(
            encode, events.map(\.delivery), waits: shared.state.settings.retryWaits, now: now
        ) { [sink, fail] result in
            switch result {
            case .success(let ids):
                if !ids.isEmpty { sink(zip(ids, events).map { (id: $0, event: $1) }) }
                receipt.fulfil(.success(()))
            case .failure(let error):
                fail(error)
                receipt.fulfil(.failure(error))
            }
        }
        arm(&shared)
        return (.success(value), receipt)
    }

    /// Reads the state.
    func read<Value: Sendable>(
        _ body: (inout MockState) throws(APIError) -> Value
    ) throws(APIError) -> Value {
        let result: Result<Value, APIError> = shared.withLock { shared in
            do throws(APIError) { return .success(try body(&shared.state)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// What deliveries of an earlier run are about, and the keys that signed their events.
    package func origins(
        of deliveries: [NewDelivery]
    ) -> [(subject: String?, apiKey: String)] {
        shared.withLock { $0.state.origins(of: deliveries.map(\.event)) }
    }
}
