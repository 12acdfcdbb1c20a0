package import NIOCore

/// The twelve octets in front of what a frame carries (yamux specification, "Framing").
package struct YamuxHeader: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        case data = 0
        case windowUpdate = 1
        case ping = 2
        case goAway = 3
    }

    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt16

        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// Opens the stream; on a ping, asks.
        package static let syn = Flags(rawValue: 1)
        /// Accepts the stream; on a ping, answers.
        package static let ack = Flags(rawValue: 2)
        /// Nothing follows from this side.
        package static let fin = Flags(rawValue: 4)
        /// The stream is dead.
        package static let rst = Flags(rawValue: 8)
    }

    /// Octets.
    package static let count = 12
    /// The only version there is.
    static let version: UInt8 = 0

    package var kind: Kind
    package var flags: Flags
    /// 0 is the session itself.
    package var stream: UInt32
    /// Octets that follow, a window's growth, a ping's value, or a reason, as the kind says.
    package var length: UInt32

    package init(_ kind: Kind, flags: Flags = [], stream: UInt32, length: UInt32) {
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.length = length
    }

    /// Takes a header from the front of `bytes`, which has at least ``count`` octets.
    ///
    /// - Throws: ``YamuxViolation`` when its version or kind is none.
    package init(reading bytes: inout ByteBuffer) throws(YamuxViolation) {
        guard
            let (version, kind, flags, stream, length) = bytes.readMultipleIntegers(
                as: (UInt8, UInt8, UInt16, UInt32, UInt32).self)
        else { preconditionFailure("fewer octets than a header has") }
        guard version == Self.version else { throw .version(version) }
        guard let kind = Kind(rawValue: kind) else { throw .kind(kind) }
        self.init(kind, flags: Flags(rawValue: flags), stream: stream, length: length)
    }

    package func write(to bytes: inout ByteBuffer) {
        bytes.writeMultipleIntegers(Self.version, kind.rawValue, flags.rawValue, stream, length)
    }
}

/// Why a session ends (yamux specification, "Go Away").
package enum YamuxEnd: UInt32, Sendable {
    case normal = 0
    case protocolError = 1
    case internalError = 2
}

/// What a peer did that the protocol, or a limit of ours, does not allow; the session cannot go on.
package enum YamuxViolation: Error, Hashable, Sendable, CustomStringConvertible {
    case version(UInt8)
    case kind(UInt8)
    /// A stream that only we may open, or one that was opened before.
    case streamID(UInt32)
    /// A frame that has no meaning for the session, or for a stream.
    case misplaced(stream: UInt32)
    /// More octets than the window of a stream has room for.
    case windowExceeded(stream: UInt32)
    /// A window of more than 2³² − 1 octets.
    case windowOverflow(stream: UInt32)

    package var description: String {
        switch self {
        case .version(let version): "a frame of version \(version); only 0 is known"
        case .kind(let kind): "a frame of the unknown kind \(kind)"
        case .streamID(let id): "stream \(id) must not be opened"
        case .misplaced(let id): "a frame that has no meaning on stream \(id)"
        case .windowExceeded(let id): "more data on stream \(id) than its window allows"
        case .windowOverflow(let id): "a window beyond 32 bits on stream \(id)"
        }
    }
}
