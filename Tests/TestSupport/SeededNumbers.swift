/// SplitMix64, so that a failing run comes again.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    mutating func number(in range: ClosedRange<Int>) -> Int { .random(in: range, using: &self) }

    /// True once in `count` times.
    mutating func isOnce(in count: Int) -> Bool { number(in: 1...count) == 1 }
}
