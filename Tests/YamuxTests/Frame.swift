import NIOCore
import Yamux

/// A frame as it is on the wire.
struct Frame: Hashable, CustomStringConvertible {
    var header: YamuxHeader
    var body: [UInt8] = []

    static func data(
        _ stream: UInt32, _ flags: YamuxHeader.Flags = [], _ body: [UInt8] = []
    ) -> Frame {
        Frame(
            header: YamuxHeader(.data, flags: flags, stream: stream, length: UInt32(body.count)),
            body: body)
    }

    static func data(_ stream: UInt32, _ flags: YamuxHeader.Flags = [], _ text: String) -> Frame {
        data(stream, flags, Array(text.utf8))
    }

    static func window(
        _ stream: UInt32, _ flags: YamuxHeader.Flags = [], adds count: Int = 0
    ) -> Frame {
        Frame(
            header: YamuxHeader(
                .windowUpdate, flags: flags, stream: stream, length: UInt32(count)))
    }

    static func ping(_ flags: YamuxHeader.Flags, _ value: UInt32, stream: UInt32 = 0) -> Frame {
        Frame(header: YamuxHeader(.ping, flags: flags, stream: stream, length: value))
    }

    static func goAway(_ reason: UInt32, stream: UInt32 = 0) -> Frame {
        Frame(header: YamuxHeader(.goAway, stream: stream, length: reason))
    }

    var bytes: [UInt8] {
        var buffer = ByteBuffer()
        header.write(to: &buffer)
        return Array(buffer.readableBytesView) + body
    }

    var description: String {
        let names: [(YamuxHeader.Flags, String)] = [
            (.syn, "SYN"), (.ack, "ACK"), (.fin, "FIN"), (.rst, "RST"),
        ]
        let flags = names.filter { header.flags.contains($0.0) }.map(\.1).joined(separator: "+")
        return "\(header.kind) \(flags) of \(header.stream): \(header.length)"
    }

    /// The whole frames that `bytes` consist of; `nil` when they do not.
    static func all(in bytes: [UInt8]) -> [Frame]? {
        var buffer = ByteBuffer(bytes: bytes)
        var frames: [Frame] = []
        while buffer.readableBytes >= YamuxHeader.count {
            guard let header = try? YamuxHeader(reading: &buffer) else { return nil }
            let count = header.kind == .data ? Int(header.length) : 0
            guard let body = buffer.readBytes(length: count) else { return nil }
            frames.append(Frame(header: header, body: body))
        }
        return buffer.readableBytes == 0 ? frames : nil
    }
}

extension Sequence<Frame> {
    var bytes: [UInt8] { flatMap(\.bytes) }

    /// The octets of a stream's data, in order.
    func data(of stream: UInt32) -> [UInt8] {
        filter { $0.header.kind == .data && $0.header.stream == stream }.flatMap(\.body)
    }
}
