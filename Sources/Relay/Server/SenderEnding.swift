import NIOCore

/// The end of a sender's connection, behind what was written.
///
/// That goes out whole before the connection ends, however slowly the sender reads; what the sender still
/// sends meanwhile is thrown away, as a connection that ends with unread octets is reset, and the last
/// answer lost with it. Confined to the connection's event loop.
final class SenderEnding {
    /// Seconds that a sender has to end its side once ours has ended.
    private static let lingerSeconds = 2.0
    /// Octets that are thrown away; with more the connection is not read.
    private static let maximumThrownAway = 1 << 20

    /// When ``isLate()`` is to be called.
    private(set) var deadline: NIODeadline
    private let sender: SenderChannel
    private let patience: Double
    private let endsConnection: Bool
    /// Whether the sender may still be sending.
    private var lingers: Bool
    /// Whether the system has taken everything that was written.
    private var isSent = false
    private var thrownAway = 0

    /// - Parameters:
    ///   - sender: Whom it leads to.
    ///   - lingers: Whether the sender may still be sending.
    ///   - patience: Seconds in which the sender has to read something.
    ///   - endsConnection: Whether the end of the connection is the end of the last answer.
    init(of sender: SenderChannel, lingers: Bool, patience: Double, endsConnection: Bool) {
        self.sender = sender
        self.lingers = lingers
        self.patience = patience
        self.endsConnection = endsConnection
        deadline = .now() + patience
    }

    func begin() { sender.flush(whenSent: allIsSent) }

    private func allIsSent() {
        guard lingers else { return sender.close() }
        isSent = true
        deadline = .now() + Self.lingerSeconds
        sender.closeOutput()
    }

    var mayRead: Bool { thrownAway < Self.maximumThrownAway }

    func throwAway(_ count: Int) { thrownAway += count }

    /// The sender says nothing more.
    func inputEnded() {
        lingers = false
        if isSent { sender.close() }
    }

    /// The deadline has passed: goes on with a sender that reads.
    func isLate() {
        if sender.isBeingRead() { deadline = .now() + patience } else { cut() }
    }

    /// Waits no longer for the sender to read what is the last.
    func cut() {
        if !isSent { sender.showCut(endsConnection: endsConnection) }
        sender.close()
    }
}
