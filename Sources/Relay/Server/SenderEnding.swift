/// How far the end of a sender's connection has come.
///
/// What was written goes out whole before the connection ends, however slowly the sender reads; what the
/// sender still sends meanwhile is thrown away, as a connection that ends with unread octets is reset, and
/// the last answer lost with it.
struct SenderEnding {
    /// Seconds that a sender has to end its side once ours has ended.
    static let lingerSeconds = 2.0
    /// Octets that are thrown away; with more the connection is not read.
    private static let maximumThrownAway = 1 << 20

    /// Whether the sender may still be sending.
    let lingers: Bool
    /// Whether the system has taken everything that was written.
    var isSent = false
    private var thrownAway = 0

    init(lingers: Bool) { self.lingers = lingers }

    var mayRead: Bool { thrownAway < Self.maximumThrownAway }

    mutating func throwAway(_ count: Int) { thrownAway += count }
}
