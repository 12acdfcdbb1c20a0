import TestSupport
/// Random edits of recordings.
struct Mutation {
    var numbers: SeededNumbers
    let recordings: [Recording]

    /// A recording with up to four edits, or the beginning of one with the end of another.
    mutating func next() -> [UInt8] {
        var pieces = anyPieces()
        for _ in 0..<numbers.number(in: 0...2) { editFrames(&pieces) }
        var bytes = pieces.flatMap { $0 }
        for _ in 0..<numbers.number(in: 0...2) { editOctets(&bytes) }
        return bytes
    }

    private mutating func anyPieces() -> [[UInt8]] {
        recordings.randomElement(using: &numbers)?.pieces ?? []
    }

    /// Edits that leave frames whole, so that what comes behind is still understood.
    private mutating func editFrames(_ pieces: inout [[UInt8]]) {
        let place = numbers.number(in: 0...pieces.count)
        switch numbers.number(in: 0...5) {
        case 0: pieces = pieces.prefix(place) + anyPieces().suffix(numbers.number(in: 0...9))
        case 1:
            pieces.insert(contentsOf: anyPieces().shuffled(using: &numbers).prefix(3), at: place)
        case 2: pieces.shuffle(using: &numbers)
        case 3: pieces.insert(contentsOf: pieces.prefix(20), at: place)
        case 4 where place < pieces.count: pieces.remove(at: place)
        default: if place < pieces.count { editHeader(&pieces[place]) }
        }
    }

    private mutating func editHeader(_ frame: inout [UInt8]) {
        guard frame.count >= 12 else { return }
        switch numbers.number(in: 0...3) {
        case 0: frame[1] = UInt8(numbers.number(in: 0...4))
        case 1: frame[3] ^= 1 << UInt8(numbers.number(in: 0...3))
        case 2: frame[7] = UInt8(numbers.number(in: 0...12))
        default:
            let length = Self.lengths.randomElement(using: &numbers) ?? 0
            frame.replaceSubrange(
                8..<12, with: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) })
        }
    }

    private static let lengths: [UInt32] = [
        0, 1, 11, 12, 13, 100, 0x1_0000, 0x3_ffff, 0x4_0000, 0x4_0001, 0x7fff_ffff, 0xfffb_ffff,
        0xffff_ffff,
    ]

    private mutating func editOctets(_ bytes: inout [UInt8]) {
        let place = numbers.number(in: 0...bytes.count)
        switch numbers.number(in: 0...4) {
        case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(numbers.number(in: 0...7))
        case 1 where place < bytes.count: bytes[place] = .random(in: 0...255, using: &numbers)
        case 2: bytes.removeSubrange(place..<min(place + numbers.number(in: 1...40), bytes.count))
        case 3: bytes = Array(bytes.prefix(place) + anyPieces().flatMap { $0 }.dropFirst(place))
        default: bytes.insert(.random(in: 0...255, using: &numbers), at: place)
        }
    }
}
