import Synchronization
import Testing

@testable import Relay

/// Keeps what is finished when the test says so.
final class SlowSink: ExchangeSink {
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    func take(_ exchange: ForwardedExchange, finished: @escaping @Sendable () -> Void) {
        waiting.withLock { $0.append(finished) }
    }

    func finish(_ count: Int) {
        let done: [@Sendable () -> Void] = waiting.withLock { waiting in
            defer { waiting.removeFirst(count) }
            return Array(waiting.prefix(count))
        }
        for finished in done { finished() }
    }
}

@Suite struct ReportQueueTests {
    static let exchange = ForwardedExchange(
        startedAt: 0, destination: "http://localhost", requestPieces: [], answer: [],
        answerBytes: 0,
        status: 200, failure: nil, connectMicroseconds: nil, firstByteMicroseconds: nil,
        totalMicroseconds: 1, isWhole: true)

    let sink = SlowSink()

    @Test func `who fills the queue waits until half of it is done, and is told once`() {
        let queue = ReportQueue(sink, maximum: 4)
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

    @Test func `at the end nobody waits any more`() {
        let queue = ReportQueue(sink, maximum: 1)
        let told = Mutex(0)
        queue.add(Self.exchange)
        #expect(queue.isFull { told.withLock { $0 += 1 } })
        queue.end()
        #expect(!queue.isFull { told.withLock { $0 += 1 } })
        sink.finish(1)
        #expect(told.withLock { $0 } == 0)
    }
}
