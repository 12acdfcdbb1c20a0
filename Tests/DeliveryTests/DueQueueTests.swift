import Synchronization
import Testing

@testable import Delivery

/// Which element is handed out when.
@Suite(.timeLimit(.minutes(1))) struct DueQueueTests {
    private let clock = DeliveryClock(.manual(start: 0))

    /// A queue of texts: `a1` and `a2` have the key `a`, `x` has none.
    private func queue(isOpen: Bool = true, _ elements: [(Int64, String)] = []) -> DueQueue<String>
    {
        let queue = DueQueue<String>(
            clock: clock, readAhead: 0, isOpen: isOpen,
            key: { $0.count > 1 ? String($0.prefix(1)) : nil }, source: { nil })
        queue.add(elements.map { (due: $0.0, element: $0.1) })
        return queue
    }

    @Test func `gives the earliest first, and of equal times the first that came`() async {
        let queue = queue([(3, "z"), (1, "x"), (2, "y"), (1, "w")])
        #expect(queue.count == 4)
        #expect(queue.nextDue == 1)
        clock.advance(to: 3)
        #expect(await queue.take(4) == ["x", "w", "y", "z"])
        #expect(queue.count == 0)
        #expect(queue.nextDue == nil)
    }

    @Test func `what is not due waits for the clock`() async {
        let queue = queue([(20, "y"), (10, "x")])
        async let first = queue.next()
        clock.advance(to: 10)
        #expect(await first == "x")
        #expect(queue.nextDue == 20)
        async let second = queue.next()
        queue.add([(due: 5, element: "z")])  // earlier than what is waited for
        #expect(await second == "z")
    }

    @Test func `a source is asked a little ahead of need, and the queue ends with it`() async {
        let asked = Mutex(0)
        let queue = DueQueue<Int>(clock: clock, readAhead: 2) {
            asked.withLock { asked in
                asked += 1
                return asked > 4 ? nil : (due: 0, element: asked)
            }
        }
        #expect(await queue.take(1) == [1])
        #expect(asked.withLock { $0 } == 2)
        #expect(await queue.take(3) == [2, 3, 4])
        for element in 1...4 { queue.finish(element) }
        #expect(await queue.next() == nil)
        #expect(asked.withLock { $0 } == 5)
    }

    @Test func `of one key one is out at a time, and others overtake`() async {
        let queue = queue([
            (0, "a1"), (0, "a2"), (0, "a3"), (0, "b1"), (0, "b2"), (0, "x"), (0, "y"),
        ])
        #expect(await queue.take(4) == ["a1", "b1", "x", "y"])
        #expect(queue.count == 3)
        queue.finish("y")
        queue.finish("b1")
        #expect(await queue.take(1) == ["b2"])
        queue.finish("a1")
        #expect(await queue.take(1) == ["a2"])
        queue.finish("a2")
        #expect(await queue.take(1) == ["a3"])
        #expect(queue.count == 0)
    }

    @Test func `one that is due again lets the next of its key go first`() async {
        let queue = queue([(0, "a1"), (0, "a2"), (0, "x")])
        #expect(await queue.take(2) == ["a1", "x"])
        queue.finish("a1", again: 100)
        #expect(queue.count == 2)
        #expect(await queue.take(1) == ["a2"])
        #expect(queue.nextDue == 100)
        // It is due while another of its key is out, so it waits for that, too.
        clock.advance(to: 100)
        queue.add([(due: 100, element: "y")])
        #expect(await queue.take(1) == ["y"])
        #expect(queue.count == 1)
        queue.finish("a2")
        #expect(await queue.take(1) == ["a1"])
    }

    @Test func `an open queue waits for more, and a closed one ends when all is back`() async {
        let queue = queue()
        async let added = queue.next()
        queue.add([(due: 0, element: "x")])
        #expect(await added == "x")
        async let last = queue.next()
        queue.close()
        queue.finish("x", again: 0)  // a closed queue still has what is due again
        #expect(await last == "x")
        async let end = queue.next()
        queue.finish("x")
        #expect(await end == nil)
    }

    @Test func `stopping ends all who wait, and what they would have got`() async {
        let queue = queue([(10, "x")])
        async let first = queue.next()
        async let second = queue.next()
        queue.stop()
        #expect(await first == nil)
        #expect(await second == nil)
        clock.advance(to: 10)
        #expect(await queue.next() == nil)
        await queue.settle()
    }

    @Test func `draining waits for what is out, and lets go of the rest`() async {
        let queue = queue([(0, "a1"), (0, "a2"), (0, "x"), (0, "y"), (50, "z")])
        #expect(await queue.take(3) == ["a1", "x", "y"])
        let order = Order()
        async let drained: Void = order.note("drained") { await queue.drain() }
        while queue.count > 0 { await Task.yield() }  // it has begun
        order.note("x")
        queue.finish("x")
        order.note("y")
        queue.finish("y", again: 50)  // no later attempt is wanted either
        order.note("a1")
        queue.finish("a1", again: 50)
        await drained
        #expect(order.all == ["x", "y", "a1", "drained"])
        #expect(queue.count == 0)
        queue.add([(due: 0, element: "a3")])  // its key is free again
        #expect(await queue.take(1) == ["a3"])
        queue.finish("a3")
        await queue.drain()  // nothing is out: it returns at once
    }

    @Test func `what is added while it drains waits for the end of that`() async {
        let queue = queue([(0, "x"), (50, "y")])
        #expect(await queue.take(1) == ["x"])
        async let drained: Void = queue.drain()
        while queue.count > 0 { await Task.yield() }
        queue.add([(due: 0, element: "z")])
        let order = Order()
        async let next = order.note("z") { await queue.next() }
        order.note("x")
        queue.finish("x")
        await drained
        #expect(await next == "z")
        #expect(order.all == ["x", "z"])
    }

    @Test func `settling waits for what is out and what is due, not for what comes later`() async {
        let queue = queue([(0, "x"), (0, "y"), (50, "z")])
        #expect(await queue.take(1) == ["x"])
        let order = Order()
        async let settled: Void = order.note("settled") { await queue.settle() }
        order.note("x")
        queue.finish("x")
        #expect(await queue.take(1) == ["y"])
        order.note("y")
        queue.finish("y", again: 60)
        await settled
        #expect(order.all == ["x", "y", "settled"])
        #expect(queue.count == 2)
        await queue.settle()
    }
}

/// What happened, in order.
private final class Order: Sendable {
    private let names = Mutex<[String]>([])

    var all: [String] { names.withLock { $0 } }

    func note(_ name: String) { names.withLock { $0.append(name) } }

    /// Notes the end of `body`.
    func note<Value>(_ name: String, _ body: () async -> Value) async -> Value {
        let value = await body()
        note(name)
        return value
    }
}

extension DueQueue {
    /// So many elements, in the order in which they are handed out.
    fileprivate func take(_ count: Int) async -> [Element] {
        var elements: [Element] = []
        for _ in 0..<count { if let element = await next() { elements.append(element) } }
        return elements
    }
}
