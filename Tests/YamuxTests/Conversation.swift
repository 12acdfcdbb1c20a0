import NIOCore
import Yamux

/// One stream as the model knows it: what each side has sent, and how far the other has come.
final class Conversation {
    /// What a side has sent, and what of it the other has received.
    struct Way {
        var sent = 0
        var isEnded = false
        var received = 0
        var unread = 0
        var endWasReceived = false
        /// Whether the writer was told to pause, and has not heard of room since.
        var isPaused = false

        /// Whether all has arrived.
        var isWhole: Bool { isEnded && endWasReceived && received == sent && unread == 0 }
    }

    let id: UInt32
    /// By the side that sends.
    var ways = [Way(), Way()]
    /// By side: what it holds of the stream.
    var streams: [YamuxStream?] = [nil, nil]
    /// By side: whether it has killed the stream.
    var hasKilled = [false, false]
    /// By side: whether it has heard that the other killed the stream.
    var hasHeardReset = [false, false]

    init(_ stream: YamuxStream, of opener: Int) {
        id = stream.id
        streams[opener] = stream
    }

    func isDead(for side: Int) -> Bool { hasKilled[side] || hasHeardReset[side] }

    var wasKilled: Bool { hasKilled.contains(true) || hasHeardReset.contains(true) }

    // MARK: Octets

    /// The octets of a way from a place on: which stream and side they are of can be told from them.
    func octets(from place: Int, count: Int, by side: Int) -> ByteBuffer {
        var place = (place + Int(id) * 7919 + side * 104_729) % Self.period
        var all = ByteBuffer()
        var left = count
        while left > 0 {
            let length = min(left, Self.period - place)
            guard var part = Self.pattern.getSlice(at: place, length: length) else { break }
            if length == count { return part }
            all.writeBuffer(&part)
            (place, left) = (0, left - length)
        }
        return all
    }

    private static let period = 1_000_003
    private static let pattern = ByteBuffer(bytes: YamuxTests.octets(period, seed: 99))
}
