/// Numbers that are the same for the same seed (SplitMix64); for ids and names, never for keys.
package struct SeededGenerator: RandomNumberGenerator, Hashable, Sendable {
    private var state: UInt64
    /// The identifiers handed out so far; kept only when a template is compiled.
    var record: [String]?

    package init(seed: UInt64) {
        state = seed
    }

    /// A seed of its own for the `number`th thing of a run: runs with seeds next to each other share none.
    package static func seed(_ seed: UInt64, _ number: UInt64) -> UInt64 {
        var generator = SeededGenerator(seed: seed)
        return generator.next() &+ number
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// An identifier of so many lower-case hexadecimal digits.
    package mutating func identifier(_ count: Int = 40) -> String {
        let digits = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
            writeDigits(into: UnsafeMutableRawBufferPointer(buffer))
            written = count
        }
        let identifier = String(decoding: digits, as: UTF8.self)
        record?.append(identifier)
        return identifier
    }

    /// Fills `buffer` with lower-case hexadecimal digits.
    @inline(__always)
    mutating func writeDigits(into buffer: UnsafeMutableRawBufferPointer) {
        var offset = 0
        while offset < buffer.count {
            var word = next()
            for index in offset..<min(offset + 16, buffer.count) {
                let digit = UInt8(truncatingIfNeeded: word & 0xf)
                buffer[index] = digit &+ (digit < 10 ? 0x30 : 0x57)  // "0"; "a" less ten
                word >>= 4
            }
            offset += 16
        }
    }

    /// One of `values`, which must not be empty.
    package mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int(next() % UInt64(values.count))]
    }
}
