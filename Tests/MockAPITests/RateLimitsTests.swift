import Callbacks
import Testing

@testable import MockAPI

@Suite struct RateLimitsTests {
    /// Twenty seconds into a minute.
    private let now: Int64 = 1_760_000_000_000

    @Test func `a minute has so many calls, and the next begins anew`() {
        var limits = RateLimits()
        let reset = (now / 60_000 + 1) * 60
        for count in 1...12 {
            let standing = limits.count(.test, "a", now: now + Int64(count))
            #expect(standing == .init(limit: 10, remaining: 10 - count, reset: reset))
        }
        #expect(limits.count(.test, "a", now: reset * 1000 - 1).remaining == -3)
        let next = limits.count(.test, "a", now: reset * 1000)
        #expect(next == .init(limit: 10, remaining: 9, reset: reset + 60))
    }

    @Test func `accounts and classes of calls count apart`() {
        var limits = RateLimits()
        #expect(limits.count(.test, "a", now: now).remaining == 9)
        #expect(limits.count(.test, "b", now: now).remaining == 9)
        #expect(limits.count(.high, "a", now: now).remaining == 24)
        #expect(limits.count(.standard, "a", now: now).remaining == 99)
        #expect(limits.count(.test, "a", now: now).remaining == 8)
    }

    @Test func `where nothing is counted the headers say what one call would leave`() {
        var limits = RateLimits()
        #expect(
            RateLimits.untouched(.standard, now: now) == limits.count(.standard, "a", now: now))
        let headers = RateLimits.untouched(.high, now: now).headers
        #expect(
            headers.map(\.name) == [
                "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-Ratelimit-Reset",
            ])
        #expect(headers.map(\.value) == ["25", "24", "1760000040"])
    }

    @Test func `the class is that of the operation, or that of test mode`() throws {
        let operations = Dictionary(
            uniqueKeysWithValues: Contract.current.operations.map { ($0.id, $0) })
        let send = try #require(operations["signatureRequestSend"])
        let get = try #require(operations["signatureRequestGet"])
        #expect(send.tier(isTestMode: false) == .high)
        #expect(get.tier(isTestMode: false) == .standard)
        #expect(send.tier(isTestMode: true) == .test)
        #expect(operations.values.count { $0.tier(isTestMode: false) == .high } == 16)
    }
}
