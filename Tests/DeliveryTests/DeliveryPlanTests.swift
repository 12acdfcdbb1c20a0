import Delivery
import Journal
import Testing

@Suite struct DeliveryPlanTests {
    @Test func `the service's schedule is seven attempts in about thirty hours`() {
        let delays = RetrySchedule.service.delays
        #expect(delays == [300, 900, 2700, 8100, 24_300, 72_900].map { .seconds($0) })
    }

    @Test func `tries again by the schedule, then gives up`() {
        var plan = DeliveryPlan(schedule: .service)
        var time: Int64 = 0
        for delay in RetrySchedule.service.delays {
            _ = plan.begin()
            #expect(
                plan.finish(accepted: false, now: time)
                    == .retry(at: time + delay.wholeMilliseconds))
            time += delay.wholeMilliseconds
        }
        #expect(plan.begin() == 7)
        #expect(plan.finish(accepted: false, now: time) == .giveUp)
    }

    @Test func `an acknowledgement ends it`() {
        var plan = DeliveryPlan(schedule: .service)
        _ = plan.begin()
        #expect(plan.finish(accepted: true, now: 0) == .acknowledged)
    }

    @Test func `what is left of a schedule goes on, and earlier attempts are counted on`() {
        var plan = DeliveryPlan(schedule: RetrySchedule(milliseconds: [1000]), attempts: 6)
        #expect(plan.begin() == 7)
        #expect(plan.finish(accepted: false, now: 0) == .retry(at: 1000))
        #expect(plan.waits.isEmpty)
        #expect(plan.begin() == 8)
        #expect(plan.finish(accepted: false, now: 1000) == .giveUp)
    }
}
