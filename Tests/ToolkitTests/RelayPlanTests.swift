import Relay
import Testing
import Toolkit

@Suite struct RelayPlanTests {
    private func plan(
        _ flags: [SettingKey: [String]] = [:], isSelfSigned: Bool = true
    ) throws -> RelayPlan {
        let sources = try SettingSources(flags: flags, environment: [:], file: nil)
        return try RelayPlan(sources, isSelfSigned: isSelfSigned, isOpen: false)
    }

    private func fitted(_ descriptors: Int) throws -> (senders: Int, agents: Int) {
        var plan = try plan()
        plan.fit(descriptors: descriptors)
        return (plan.relay.limits.connections, plan.relay.limits.agentConnections)
    }

    @Test func `where the system allows more than the limits these stay`() throws {
        let limits = try plan().relay.limits
        #expect(try fitted(10_000_000) == (limits.connections, limits.agentConnections))
    }

    @Test(arguments: [257, 1024, 4096, 65_536])
    func `connections leave descriptors for the rest, and senders have the most`(
        descriptors: Int
    ) throws {
        let (senders, agents) = try fitted(descriptors)
        #expect(senders >= 1 && agents >= 1)
        #expect(senders + agents <= max(2, descriptors - 200))
        #expect(descriptors < 300 || senders >= 6 * agents)
    }

    @Test func `with hardly any descriptor there is room for one of each`() throws {
        for descriptors in [0, 1, 256] { #expect(try fitted(descriptors) == (1, 1)) }
    }
}
