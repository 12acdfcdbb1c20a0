import Delivery
import Synchronization
import Testing

@Suite struct DeliveryClockTests {
    @Test func `alarms of a manual clock go off in order, when it is moved`() {
        let clock = DeliveryClock(.manual(start: 100))
        let rung = Mutex<[Int]>([])
        for time in [300, 200, 400] {
            clock.alarm(at: Int64(time)) { rung.withLock { $0.append(time) } }
        }
        clock.alarm(at: 100) { rung.withLock { $0.append(100) } }
        #expect(rung.withLock { $0 } == [100])
        clock.advance(to: 300)
        #expect(clock.now == 300)
        #expect(rung.withLock { $0 } == [100, 200, 300])
        clock.advance(to: 50)  // time does not run backwards
        #expect(clock.now == 300)
    }

    @Test func `a skipping clock is where its last alarm was`() {
        let clock = DeliveryClock(.skipping(start: 100))
        let isRung = Mutex(false)
        clock.alarm(at: 5000) { isRung.withLock { $0 = true } }
        #expect(isRung.withLock { $0 })
        #expect(clock.now == 5000)
    }

    @Test func `a fast clock rings early`() async {
        let clock = DeliveryClock(.scaled(1_000_000))
        let begin = clock.now
        await withCheckedContinuation { continuation in
            clock.alarm(at: begin + 100_000_000) { continuation.resume() }
        }
        #expect(clock.now >= begin + 100_000_000)
    }
}
