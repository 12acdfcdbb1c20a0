import Testing

@testable import Relay

@Suite struct BackoffTests {
    @Test func `pauses double up to the longest, and each is at least half of that`() {
        for _ in 0..<20 {
            var backoff = Backoff()
            for limit in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000] {
                let pause = backoff.next()
                #expect(pause <= .milliseconds(limit))
                #expect(pause >= .milliseconds(limit) / 2)
            }
        }
    }

    @Test func `no two agents come back at the same moments`() {
        let pauses = (0..<20).map { _ in
            var backoff = Backoff()
            return backoff.next()
        }
        #expect(Set(pauses).count > 10)
    }
}
