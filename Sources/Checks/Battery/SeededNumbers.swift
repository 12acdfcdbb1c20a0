/// Numbers that are the same for the same seed (SplitMix64); for ids and wrong hashes, not for keys.
struct SeededNumbers: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// `name`: Makes another sequence of the same seed.
    init(seed: UInt64, name: String) {
        // FNV-1a: the hash of the standard library differs from run to run.
        state = name.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// So many lower-case hexadecimal digits.
    mutating func hexadecimalDigits(_ count: Int) -> String {
        let digits = Array("0123456789abcdef")
        return String((0..<count).map { _ in digits[Int(next() >> 60)] })
    }
}
