import NIOCore
import Testing
import Yamux

@Suite struct YamuxHeaderTests {
    /// Byte-exact, after the specification's "Framing".
    static let known: [(YamuxHeader, [UInt8])] = [
        (
            YamuxHeader(.data, flags: .syn, stream: 1, length: 5),
            [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 5]
        ),
        (
            YamuxHeader(.data, flags: [.ack, .fin], stream: 0x0102_0304, length: 0x0506_0708),
            [0, 0, 0, 6, 1, 2, 3, 4, 5, 6, 7, 8]
        ),
        (
            YamuxHeader(.windowUpdate, flags: .rst, stream: 2, length: 0),
            [0, 1, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0]
        ),
        (
            YamuxHeader(.windowUpdate, stream: .max, length: 262_144),
            [0, 1, 0, 0, 255, 255, 255, 255, 0, 4, 0, 0]
        ),
        (
            YamuxHeader(.ping, flags: .syn, stream: 0, length: 0xfffe_fdfc),
            [0, 2, 0, 1, 0, 0, 0, 0, 255, 254, 253, 252]
        ),
        (
            YamuxHeader(.goAway, stream: 0, length: 2),
            [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
        ),
        (
            YamuxHeader(.data, flags: .init(rawValue: 0xabcd), stream: 3, length: 0),
            [0, 0, 0xab, 0xcd, 0, 0, 0, 3, 0, 0, 0, 0]
        ),
    ]

    @Test(arguments: known)
    func `a header is written as the specification says, and read again`(
        header: YamuxHeader, bytes: [UInt8]
    ) throws {
        var buffer = ByteBuffer()
        header.write(to: &buffer)
        #expect(Array(buffer.readableBytesView) == bytes)
        #expect(try YamuxHeader(reading: &buffer) == header)
        #expect(buffer.readableBytes == 0)
    }

    @Test func `only a header's own octets are taken`() throws {
        var buffer = ByteBuffer(bytes: Frame.data(1, .syn, "abc").bytes)
        let header = try YamuxHeader(reading: &buffer)
        #expect(header == YamuxHeader(.data, flags: .syn, stream: 1, length: 3))
        #expect(String(buffer: buffer) == "abc")
    }

    @Test(arguments: [1, 2, 127, 255] as [UInt8])
    func `a version other than 0 is refused`(version: UInt8) {
        var buffer = ByteBuffer(bytes: [version, 0] + [UInt8](repeating: 0, count: 10))
        #expect(throws: YamuxViolation.version(version)) { try YamuxHeader(reading: &buffer) }
    }

    @Test(arguments: [4, 5, 255] as [UInt8])
    func `an unknown kind is refused`(kind: UInt8) {
        var buffer = ByteBuffer(bytes: [0, kind] + [UInt8](repeating: 0, count: 10))
        #expect(throws: YamuxViolation.kind(kind)) { try YamuxHeader(reading: &buffer) }
    }

    @Test(arguments: [
        (YamuxViolation.version(7), "a frame of version 7; only 0 is known"),
        (.kind(9), "a frame of the unknown kind 9"),
        (.streamID(4), "stream 4 must not be opened"),
        (.windowExceeded(stream: 5), "more data on stream 5 than its window allows"),
    ])
    func `a violation says what and where`(violation: YamuxViolation, text: String) {
        #expect(violation.description == text)
    }
}
