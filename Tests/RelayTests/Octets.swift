/// Octets as characters stand for them, U+0000 to U+00FF, so that a text can have any of them.
func octets(_ text: String) -> [UInt8] {
    text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
}

/// The text of which ``octets(_:)`` makes these.
func text(_ octets: some Sequence<UInt8>) -> String {
    var scalars = String.UnicodeScalarView()
    for octet in octets { scalars.append(Unicode.Scalar(octet)) }
    return String(scalars)
}

/// Lines as a head has them, with the empty one at its end.
func headText(_ lines: String...) -> String {
    lines.map { $0 + "\r\n" }.joined() + "\r\n"
}

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

    mutating func octets(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}
