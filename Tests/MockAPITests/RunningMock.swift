import Callbacks
import Documents
import Foundation
import HTTPTransport
import Journal
import NIOPosix
import Synchronization

@testable import MockAPI

private let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

/// A mock with a journal, and a clock that is moved by hand; no server.
struct RunningMock: Sendable {
    let service: MockService
    let journal: Journal
    let clock: HandClock
    /// The events whose deliveries are in the journal, in their order.
    let events: Record<OutgoingEvent>
    /// Each event as it comes.
    let stream: AsyncStream<OutgoingEvent>
    /// What the journal failed with.
    let failures: Record<JournalError>

    static let settings: MockSettings = {
        var settings = MockSettings()
        settings.accounts = [
            MockSettings.Account(
                emailAddress: "me@example.com", apiKeys: [],
                callbackURL: "http://localhost:3000/callbacks")
        ]
        return settings
    }()

    /// A mock over `journal`, or over a new one in memory.
    init(
        _ settings: MockSettings = Self.settings, journal: Journal? = nil,
        clock: HandClock = HandClock(), isFull: @escaping @Sendable () -> Bool = { false }
    ) async throws {
        let journal = try journal ?? Journal(JournalConfiguration(storage: .memory))
        let (events, failures) = (Record<OutgoingEvent>(), Record<JournalError>())
        let (stream, next) = AsyncStream.makeStream(of: OutgoingEvent.self)
        let client = try HTTPClient(configuration: HTTPClientConfiguration(), group: loops)
        service = try await MockService(
            settings, journal: journal, clock: clock,
            desk: DocumentDesk(DocumentShop(usesPrograms: false)),
            fetcher: FileFetcher(client: client, hosts: []), note: { _ in },
            fail: { failures.append($0) },
            sink: { entries in
                for entry in entries {
                    events.append(entry.event)
                    next.yield(entry.event)
                }
            }, isFull: isFull)
        (self.journal, self.clock, self.events, self.stream, self.failures) = (
            journal, clock, events, stream, failures
        )
    }

    /// The types of the events so far.
    var types: [EventType] { events.all.map(\.delivery.event.type) }

    /// Makes a call; status 0 stands for a connection that was closed.
    func call(
        _ request: APIRequest, key: String = "key"
    ) async throws -> (status: Int, json: JSONValue) {
        var request = request
        request.path = "/v3" + request.path
        let credentials = Data("\(key):".utf8).base64EncodedString()
        request.headers.append(HeaderField("Authorization", "Basic \(credentials)"))
        guard case .answer(let answer) = await service.answer(request) else { return (0, .null) }
        return (answer.status, answer.body.isEmpty ? .null : try JSONValue(parsing: answer.body))
    }

    func call(
        _ method: String, _ path: String, _ json: JSONValue? = nil
    ) async throws -> (status: Int, json: JSONValue) {
        try await call(
            APIRequest(
                method: method, path: path,
                headers: [HeaderField("Content-Type", "application/json")],
                body: json?.encoded(.plain) ?? []))
    }

    /// Sends a signature request; returns the answer's.
    func send(
        signers: Int = 1, title: String = "NDA", _ fields: [(String, String)] = [],
        file: [UInt8] = Self.document
    ) async throws -> JSONValue {
        let signers = (0..<signers).flatMap {
            [
                ("signers[\($0)][name]", "Signer \($0)"),
                ("signers[\($0)][email_address]", "s\($0)@example.com"),
            ]
        }
        let form = Mock.form(
            "/signature_request/send", files: [("a.pdf", file)],
            fields: signers + [("title", title), ("test_mode", "1")] + fields)
        return try await call(form).json["signature_request"] ?? .null
    }

    /// A request that is out for signature.
    func sendAndProcess(signers: Int = 1) async throws -> JSONValue {
        let request = try await send(signers: signers)
        clock.advance(by: 250)
        await service.settle()
        return request
    }

    /// A PDF as far as can be told without programs.
    static let document = Array("%PDF-1.4\n/Type /Page \nstartxref\n0\n%%EOF\n".utf8)

    /// All that the mock knows, as rows of its journal.
    func rows() async throws -> [ResourceChange] { try await journal.resources() }
}

/// A clock that stands still until it is moved.
final class HandClock: MockClock {
    private struct State {
        var now: Int64
        var alarms: [(time: Int64, body: @Sendable () -> Void)] = []
    }

    private let state: Mutex<State>

    init(_ now: Int64 = 1_760_000_000_000) { state = Mutex(State(now: now)) }

    var now: Int64 { state.withLock { $0.now } }

    func alarm(at time: Int64, _ body: @escaping @Sendable () -> Void) {
        let isDue = state.withLock { state in
            if time > state.now { state.alarms.append((time, body)) }
            return time <= state.now
        }
        if isDue { body() }
    }

    func advance(by milliseconds: Int64) {
        let due = state.withLock { state in
            state.now += milliseconds
            let due = state.alarms.filter { $0.time <= state.now }
            state.alarms.removeAll { $0.time <= state.now }
            return due.sorted { $0.time < $1.time }
        }
        for alarm in due { alarm.body() }
    }
}

/// What came from several tasks, in order.
final class Record<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    var all: [Element] { elements.withLock { $0 } }

    func append(_ element: Element) { elements.withLock { $0.append(element) } }
}
