// What scripts/bench runs, one measurement a process; each prints one line, "name value", but for
// serve-bare, which serves until it is ended.
//
//     bench events COUNT
//     bench deliveries URL COUNT CONCURRENCY FOLDER
//     bench retries URL EVENTS CONCURRENCY
//     bench serve-bare PORT
import Callbacks
import Delivery
import Fixtures
import Foundation
import HTTPTransport
import Journal
import NIOCore
import NIOPosix
import Synchronization

let apiKey = DevelopmentKey.value
let moment: Int64 = 1_760_000_000
let types = EventType.all.map { ($0, $0.known?.kinds.first ?? .account) }

func perSecond(_ count: Int, _ body: () async throws -> Void) async rethrows -> Int {
    let duration = try await ContinuousClock().measure(body)
    return Int(Double(count) / (duration / .seconds(1)))
}

/// Events with their hash; then whole requests, with the headers' hashes too.
func events(_ count: Int) async throws {
    var stream = try EventStream(types, seed: 1, now: moment, apiKey: apiKey)
    var octets = 0
    print(
        "events",
        await perSecond(count) {
            for _ in 0..<count { octets &+= stream.next().count }
        })
    var signer = HeaderSigner(apiKey: apiKey)
    let wire = WireFormat()
    let boundary = BodyForm.boundary(1)
    print(
        "requests",
        await perSecond(count) {
            for _ in 0..<count {
                let json = stream.next()
                let request = wire.request(
                    json: json, hashes: signer.hashes(of: json), boundary: boundary)
                octets &+= request.body.count
            }
        })
    precondition(octets > 0)
}

/// Delivers recorded events over and over; returns how many attempts were made, and how many of them
/// were acknowledged.
func deliver(
    to address: String, count: Int, concurrency: Int, storage: JournalConfiguration.Storage,
    schedule: RetrySchedule, clock: DeliveryClock
) async throws -> (attempts: Int, acknowledged: Int) {
    var stream = try EventStream(types, seed: 1, now: moment, apiKey: apiKey)
    let recorded = types.map { type, kind in
        NewDelivery(
            event: NewEvent(
                type: type, time: "\(moment)", kind: kind, origin: "bench", payload: stream.next()),
            destination: address, form: .multipart, boundary: BodyForm.boundary(1))
    }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client = try HTTPClient(configuration: HTTPClientConfiguration(), group: group)
    let journal = try Journal(JournalConfiguration(storage: storage))
    let engine = DeliveryEngine(
        DeliveryEngine.Configuration(apiKey: apiKey, schedule: schedule, concurrency: concurrency),
        client: client, journal: journal, clock: clock)
    let next = Mutex(0)
    let counts = Mutex((attempts: 0, acknowledged: 0))
    let now = clock.now
    try await engine.run(
        source: {
            next.withLock { next in
                guard next < count else { return nil }
                defer { next += 1 }
                return DeliveryEngine.Scheduled(
                    due: now, delivery: recorded[next % recorded.count])
            }
        },
        report: { report in
            counts.withLock { counts in
                counts.attempts += 1
                counts.acknowledged += report.result.outcome.isAccepted ? 1 : 0
            }
        })
    await client.shutDown()
    try journal.close()
    try await group.shutdownGracefully()
    return counts.withLock { $0 }
}

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first, arguments.count) {
case ("events", 2):
    try await events(Int(arguments[1]) ?? 0)
case ("deliveries", 5):
    let count = Int(arguments[2]) ?? 0
    let storage: JournalConfiguration.Storage =
        arguments[4] == "memory" ? .memory : .folder(arguments[4])
    print(
        "deliveries",
        try await perSecond(count) {
            let counts = try await deliver(
                to: arguments[1], count: count, concurrency: Int(arguments[3]) ?? 1,
                storage: storage, schedule: .never, clock: DeliveryClock(.real))
            precondition(counts == (count, count), "not all were acknowledged: \(counts)")
        })
case ("retries", 4):
    let count = Int(arguments[2]) ?? 0
    var counts = (attempts: 0, acknowledged: 0)
    let duration = try await ContinuousClock().measure {
        counts = try await deliver(
            to: arguments[1], count: count, concurrency: Int(arguments[3]) ?? 1, storage: .memory,
            schedule: .service, clock: DeliveryClock(.skipping(start: moment * 1000)))
    }
    precondition(counts == (count * 7, 0), "the handler acknowledged: \(counts)")
    print("retries", Int(duration / .milliseconds(1)))
case ("serve-bare", 2):
    try await serveBare(port: Int(arguments[1]) ?? 0)
default:
    FileHandle.standardError.write(Data("run scripts/bench\n".utf8))
    exit(2)
}
