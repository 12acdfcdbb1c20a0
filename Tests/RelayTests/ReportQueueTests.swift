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
            isWhole: true)
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
        (limits.keptRequestBytes, limits.keptAnswerBytes) = (10, 4)
        let budget = RecordingBudget(20)
        var recording = ExchangeRecording(limits, budget: budget)
        recording.request(.init(string: "12345678"))
        recording.answer(.init(string: "abcdef"))
        var report = recording.exchange(
            destination: "", status: 200, failure: nil, isComplete: true)
        #expect(report.keptBytes == 12 && report.answerBytes == 6 && !report.isWhole)
        #expect(report.request == Array("12345678".utf8) && report.answer == Array("abcd".utf8))
        // Over its own limit: nothing of the request is kept, and its room is there again.
        recording.request(.init(string: "123"))
        report = recording.exchange(destination: "", status: 200, failure: nil, isComplete: true)
        #expect(report.request.isEmpty && report.keptBytes == 4)
        #expect(budget.take(16) && !budget.take(1))
        // No room for anything: the answer is not kept either.
        var late = ExchangeRecording(limits, budget: budget)
        late.request(.init(string: "1"))
        late.answer(.init(string: "a"))
        report = late.exchange(destination: "", status: 200, failure: nil, isComplete: true)
        #expect(report.keptBytes == 0 && report.answerBytes == 1 && !report.isWhole)
        recording.discard()
        #expect(budget.take(4) && !budget.take(1))
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
