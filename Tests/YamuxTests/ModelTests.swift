import Testing
import Yamux

/// Random operations on both sides, seen against a model of what a stream is.
@Suite struct ModelTests {
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `octets arrive exactly and in order, and nothing is left`(seed: UInt64) throws {
        let world = ModelWorld(seed: seed)
        for number in 1...4000 {
            try world.step()
            if seed % 4 == 0, number == 3000 { world.goAway(Int(seed / 4) % 2) }
        }
        try world.finish()
        let whole = world.finished.filter { !$0.wasKilled }
        #expect(whole.count > 10, "the run was too wild")
        #expect(whole.reduce(0) { $0 + $1.ways[0].received + $1.ways[1].received } > 500_000)
        #expect(world.watched.count > 2 * whole.count)
        #expect(world.watched.allSatisfy { $0.stream == nil }, "streams are kept")
    }
}
