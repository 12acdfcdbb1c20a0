import NIOCore
import TestSupport
import Testing

@testable import Relay

@Suite struct AllowanceTests {
    static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func `a second's worth may be taken at once, and what is on credit is waited for`() {
        let allowance = Allowance()
        #expect(allowance.take(600, rate: 1000, now: Self.start) == nil)
        #expect(allowance.take(400, rate: 1000, now: Self.start) == nil)
        #expect(allowance.take(500, rate: 1000, now: Self.start) == .milliseconds(500))
        #expect(
            allowance.take(0, rate: 1000, now: Self.start + .milliseconds(250))
                == .milliseconds(250))
        #expect(allowance.take(0, rate: 1000, now: Self.start + .milliseconds(500)) == nil)
        #expect(
            allowance.take(1, rate: 1000, now: Self.start + .milliseconds(500)) == .milliseconds(1))
    }

    @Test func `a pause of any length saves up no more than a second's worth`() {
        let allowance = Allowance()
        #expect(allowance.take(0, rate: 1000, now: Self.start) == nil)
        let later = Self.start + .hours(1000)
        #expect(allowance.take(1000, rate: 1000, now: later) == nil)
        #expect(allowance.take(1, rate: 1000, now: later) == .milliseconds(1))
    }

    @Test func `a clock of another loop that is behind gives nothing twice`() {
        let allowance = Allowance()
        #expect(allowance.take(1000, rate: 1000, now: Self.start + .seconds(1)) == nil)
        #expect(allowance.take(1000, rate: 1000, now: Self.start) == .seconds(1))
    }

    @Test func `over time the rate is what was wished`() {
        let allowance = Allowance()
        var now = Self.start
        var numbers = SeededNumbers(seed: 7)
        var count = 0
        for _ in 0..<1000 {
            let octets = numbers.number(in: 1...5000)
            count += octets
            if let pause = allowance.take(octets, rate: 10_000, now: now) { now = now + pause }
        }
        let seconds = Double((now - Self.start).nanoseconds) / 1e9
        #expect(abs(seconds - Double(count - 10_000) / 10_000) < 1)
    }
}
