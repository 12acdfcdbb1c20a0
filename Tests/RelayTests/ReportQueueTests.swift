import NIOCore
import Synchronization
import Testing

@testable import Relay

/// Keeps what is finished when the test says so.
final class SlowSink: ExchangeSink {
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    func take(_ exchange: ForwardedExchange, finished: @escaping @Sendable () -> Void) {
        waiting.withLock { $0.append(finished) }
    }

    func finishAll() { finish(waiting.withLock { $0.count }) }

    func finish(_ count: Int) {
        let done: [@Sendable () -> Void] = waiting.withLock { waiting in
            defer { waiting.removeFirst(count) }
            return Array(waiting.prefix(count))
        }
        for finished in done { finished() }
    }
}

@Suite struct ReportQueueTests {
    static func exchange(octets count: Int) -> ForwardedExchange {
        let half = [UInt8](repeating: 0, count: count / 2)
        return ForwardedExchange(
            startedAt: 0, destination: "http://localhost", requestPieces: [.init(bytes: half)],
            answer: half, answerBytes: half.count, status: 200, failure: nil,
            connectMicroseconds: nil, firstByteMicroseconds: nil, totalMicroseconds: 1,
            isRequestWhole: true)
    }

    static let exchange = exchange(octets: 0)

    let sink = SlowSink()

    @Test func `who fills the queue waits until half of it is done, and is told once`() {
        let queue = ReportQueue(sink, maximum: 4, keptBytes: 100)
        let told = Mutex(0)
        for _ in 0..<3 { queue.add(Self.exchange) }
        #expect(!queue.isFull { told.withLock { $0 += 1 } })
        queue.add(Self.exchange)
        #expect(queue.isFull { told.withLock { $0 += 1 } })
        #expect(queue.isFull { told.withLock { $0 += 10 } })
        sink.finish(1)
        #expect(told.withLock { $0 } == 0)
        sink.finish(1)
        #expect(told.withLock { $0 } == 11)
        sink.finish(2)
        #expect(told.withLock { $0 } == 11)
        #expect(!queue.isFull {})
    }

    @Test func `octets of reports count until these are kept, and fill the queue with half of all`()
    {
        let queue = ReportQueue(sink, maximum: 100, keptBytes: 1000)
        #expect(queue.budget.take(400))
        queue.add(Self.exchange(octets: 400))
        #expect(!queue.isFull {})
        #expect(queue.budget.take(600))
        #expect(!queue.budget.take(1), "all of it is in use")
        queue.add(Self.exchange(octets: 600))
        let told = Mutex(0)
        #expect(queue.isFull { told.withLock { $0 += 1 } })
        sink.finish(1)
        #expect(told.withLock { $0 } == 0, "600 wait, and it is empty enough with 250")
        #expect(queue.budget.take(400) && !queue.budget.take(1))
        sink.finish(1)
        #expect(told.withLock { $0 } == 1)
        #expect(queue.budget.take(600))
    }

    @Test func `a recording keeps what there is room for, and gives it back with its report`() {
        var limits = AgentConfiguration.Limits()
        (limits.keptRequestBytes, limits.keptAnswerBytes) = (30, 4)
        let budget = RecordingBudget(40)
        let head = "POST / HTTP/1.1\r\n\r\n"
        var recording = ExchangeRecording(limits, budget: budget)
        recording.request(.init(string: head + "1234"))
        recording.answer(.init(string: "abcdef"))
        recording.answer(.init(string: "not behind a gap"))
        var report = Self.report(of: recording)
        #expect(report.keptBytes == 27 && report.answerBytes == 22 && report.isRequestWhole)
        #expect(report.request == Array((head + "1234").utf8))
        #expect(report.answer == Array("abcd".utf8))
        // Over its own limit: of the request the head is kept, and the room of the rest is there again.
        recording.request(.init(string: "12345678"))
        report = Self.report(of: recording)
        #expect(report.request == Array(head.utf8) && !report.isRequestWhole)
        #expect(budget.take(17) && !budget.take(1))
        // No room for anything: the head is kept all the same.
        var late = ExchangeRecording(limits, budget: budget)
        late.request(.init(string: "GET / HTTP/1.1\r\n"))
        late.request(.init(string: "\r\nbody"))
        late.answer(.init(string: "a"))
        report = Self.report(of: late)
        #expect(report.request.isEmpty && report.keptBytes == 0, "the head was not there yet")
        #expect(report.answerBytes == 1 && !report.isRequestWhole)
        var second = ExchangeRecording(limits, budget: budget)
        second.request(.init(string: "GET / HTTP/1.1\r\n\r\nbody"))
        #expect(Self.report(of: second).request == Array("GET / HTTP/1.1\r\n\r\n".utf8))
        second.discard()
        recording.discard()
        #expect(budget.take(23) && !budget.take(1))
    }

    private static func report(of recording: ExchangeRecording) -> ForwardedExchange {
        recording.exchange(destination: "", status: 200, failure: nil, isRequestComplete: true)
    }

    @Test func `at the end nobody waits any more`() {
        let queue = ReportQueue(sink, maximum: 1, keptBytes: 100)
        let told = Mutex(0)
        queue.add(Self.exchange)
        #expect(queue.isFull { told.withLock { $0 += 1 } })
        queue.end()
        #expect(!queue.isFull { told.withLock { $0 += 1 } })
        sink.finish(1)
        #expect(told.withLock { $0 } == 0)
    }
}
