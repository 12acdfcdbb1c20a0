package import NIOCore

/// Who reads and writes a stream.
package protocol YamuxStreamUser: AnyObject {
    /// Octets have come; `isEnd`: no more will.
    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool)
    /// The stream is dead: the peer has killed it, or with `isLost` the whole session is gone.
    func streamWasReset(_ stream: YamuxStream, isLost: Bool)
    /// What was waiting has been sent; the writer that paused may go on.
    func streamHasRoom(_ stream: YamuxStream)
}

/// One stream of a session: its windows, and what waits to be sent.
///
/// It lives where its session lives, on one event loop.
package final class YamuxStream {
    package let id: UInt32
    /// Whom the session's driver tells what happens.
    package var user: (any YamuxStreamUser)?

    /// Whether nothing more may be sent.
    package internal(set) var isEnded = false
    /// Whether the peer sends nothing more.
    package internal(set) var isEndedByPeer = false
    /// Whether either side has killed it.
    package internal(set) var isReset = false
    /// Octets that wait for window or for room in the output.
    package var waitingBytes: Int { backlog.count }
    /// Whether its writer was told to pause and waits to hear of room.
    var wantsRoom = false
    var isToldOfRoom = false

    /// Octets that the peer allows us to send.
    var sendWindow: Int
    var backlog = Backlog()
    /// Flags for the next frame: what opens or accepts the stream.
    var greeting: YamuxHeader.Flags
    /// Whether it stands in the session's line of those that can send.
    var isInLine = false
    /// Whether the end has been sent.
    var hasSentEnd = false
    var receiveWindow: ReceiveWindow

    init(id: UInt32, greeting: YamuxHeader.Flags, window: Int) {
        self.id = id
        self.greeting = greeting
        sendWindow = window
        receiveWindow = ReceiveWindow(window)
    }

    /// Whether there is something to send that the peer's window allows, an end included.
    var canSend: Bool {
        if isReset { return false }
        if backlog.isEmpty { return isEnded && !hasSentEnd }
        return sendWindow > 0
    }

    /// Whether neither side has anything left to say.
    var isOver: Bool { isReset || (hasSentEnd && isEndedByPeer) }
}

/// How much a peer may send, and how that grows.
///
/// The window doubles when half of it, after which it is given back, is used within two round trips: then
/// it, and not the reader, is what holds the peer back.
struct ReceiveWindow {
    /// Octets that the peer may have under way or unread at once.
    private(set) var size: Int
    /// Octets that the peer may still send.
    private(set) var left: Int
    /// Octets that were read and not given back.
    private var read = 0
    private var lastReturn: NIODeadline?

    init(_ size: Int) {
        self.size = size
        left = size
    }

    /// Whether there was room for that many octets.
    mutating func take(_ count: Int) -> Bool {
        left -= count
        return left >= 0
    }

    /// Notes that octets were read; returns what to give back now, if anything.
    ///
    /// `growth`: by how much the window may grow, lowered by what it does.
    mutating func giveBack(
        _ count: Int, roundTrip: TimeAmount?, maximum: Int, growth: inout Int,
        clock: () -> NIODeadline
    ) -> Int {
        read += count
        guard read >= size / 2 else { return 0 }
        let now = clock()
        if let roundTrip, let lastReturn, now - lastReturn < roundTrip + roundTrip {
            let added = max(0, min(size, maximum - size, growth))
            size += added
            growth -= added
            read += added
        }
        lastReturn = now
        defer { read = 0 }
        left += read
        return read
    }
}
