package import NIOCore

/// Limits of a session, and how it spends memory.
package struct YamuxConfiguration: Sendable {
    /// Octets of a stream's window at its start, in each direction: the protocol's.
    package static let initialWindow = 262_144

    /// Streams of the peer that may be open at once; a further one is reset.
    package var maximumIncomingStreams = 1024
    /// Octets that a stream's receive window grows to.
    package var maximumWindow = 16 << 20
    /// Octets by which the receive windows of a session may grow in all.
    package var maximumGrowth = 64 << 20
    /// Octets of a data frame while other streams wait: how long one may make the others wait.
    package var sharedFrameBytes = 16 << 10
    /// Octets of a data frame while no other stream waits.
    package var soleFrameBytes = 64 << 10
    /// Octets of output at which data waits in its stream; control frames go on to twice as much,
    /// which is where the session takes no more input.
    package var maximumOutputBytes = 256 << 10
    /// Octets waiting in a stream at which its writer should pause.
    package var highWaterBytes = 128 << 10
    /// What time it is; for the growth of windows alone.
    package var clock: @Sendable () -> NIODeadline = { .now() }

    package init() {}
}
