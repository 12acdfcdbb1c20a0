import HTTPTransport
import NIOCore
import Yamux

/// Reads a request's head, where that decides who answers, or has to be changed on the way.
///
/// It is the stream's user until the head is whole.
final class RequestRouter: YamuxStreamUser {
    private let loop: AgentLoop
    private let tunnel: TunnelHandler
    private let recording: ExchangeRecording?
    private var input = ByteBuffer()
    private var scanned = 0
    /// Octets of the input whose window has been given back.
    private var returned = 0

    /// Octets of a head: the relay bounds it, this bounds the relay.
    private static let maximumHeadBytes = 1 << 20

    init(_ loop: AgentLoop, _ tunnel: TunnelHandler, recording: ExchangeRecording?) {
        self.loop = loop
        self.tunnel = tunnel
        self.recording = recording
    }

    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        input.writeImmutableBuffer(bytes)
        do {
            let isWhole = try input.withUnsafeReadableBytes { raw throws(HTTPRefusal) in
                try loop.head.read(request: raw, scanned: &scanned, limit: Self.maximumHeadBytes)
            }
            if isWhole {
                route(stream, isEnd)
            } else if isEnd {
                tunnel.session.reset(stream)
            } else {
                // A head may be larger than a window.
                tunnel.session.consumed(bytes.readableBytes, of: stream)
                returned += bytes.readableBytes
            }
            tunnel.scheduleFlush()
        } catch {
            tunnel.session.reset(stream)
            tunnel.scheduleFlush()
        }
    }

    private func route(_ stream: YamuxStream, _ isEnd: Bool) {
        let routes = loop.configuration.routes
        let path = input.withUnsafeReadableBytes { raw in
            String(
                decoding: raw[loop.head.target].prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
        }
        // The longest prefix that fits.
        let found = routes.filter { Self.fits(path, $0.prefix) }.max {
            $0.prefix.count < $1.prefix.count
        }
        switch found?.target {
        case .handler(let destination):
            let rewritten = rewritten(for: destination)
            let connection = loop.connection(of: loop.pool(for: destination))
            connection.begin(
                tunnel, stream, recording: recording,
                unreturned: input.readableBytes - returned - rewritten.readableBytes)
            connection.stream(stream, received: rewritten, isEnd: isEnd)
        case .fixed(let status, let body):
            answer(
                stream, isEnd,
                FixedAnswer(loop, tunnel, status: status, body: body, recording: recording))
        case nil:
            answer(
                stream, isEnd, FixedAnswer(loop, tunnel, refusal: .noRoute, recording: recording))
        }
    }

    private func answer(_ stream: YamuxStream, _ isEnd: Bool, _ fixed: FixedAnswer) {
        stream.user = fixed
        // One that asks for another protocol has no end yet, and no body.
        let isEnd = isEnd || HTTPBody(loop.head.framing).hasEnded
        // The answer comes behind the body, which is recorded; so there is none without this.
        if !isEnd, input.withUnsafeReadableBytes({ loop.head.expectsContinue($0) }) {
            tunnel.session.send(Self.goOn, on: stream)
        }
        fixed.stream(stream, received: input, isEnd: isEnd, returned: returned)
    }

    private static let goOn = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

    private static func fits(_ path: String, _ prefix: String) -> Bool {
        if prefix == "/" || path == prefix { return true }
        return path.hasPrefix(prefix.hasSuffix("/") ? prefix : prefix + "/")
    }

    /// The request with the destination's path in front of its own, and the `Host` that the user wants.
    private func rewritten(for destination: Destination) -> ByteBuffer {
        var output = ByteBuffer()
        let head = loop.head
        let prefix = destination.target == "/" ? "" : destination.target
        let host: String? =
            switch loop.configuration.hostHeader {
            case .asSent: nil
            case .handler: destination.hostHeader
            case .fixed(let text): text
            }
        input.withUnsafeReadableBytes { raw in
            output.writeBytes(raw[..<head.target.lowerBound])
            output.writeString(Self.joined(prefix, raw[head.target]))
            guard let host, let range = head.host else {
                output.writeBytes(raw[head.target.upperBound...])
                return
            }
            output.writeBytes(raw[head.target.upperBound..<range.lowerBound])
            output.writeString(host)
            output.writeBytes(raw[range.upperBound...])
        }
        return output
    }

    /// A handler's path in front of a request's: the bare `/` adds nothing, and a query of ours goes first.
    private static func joined(_ prefix: String, _ target: Slice<UnsafeRawBufferPointer>) -> String
    {
        let target = String(decoding: target, as: UTF8.self)
        guard !prefix.isEmpty, target.hasPrefix("/") else { return target }
        let parts = prefix.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let own = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let base = parts[0].hasSuffix("/") ? parts[0].dropLast() : parts[0]
        let path = own[0] == "/" ? String(parts[0]) : String(base + own[0])
        let queries = [parts.dropFirst().first, own.dropFirst().first].compactMap { $0 }.filter {
            !$0.isEmpty
        }
        return queries.isEmpty ? path : path + "?" + queries.joined(separator: "&")
    }

    func streamWasReset(_ stream: YamuxStream, isLost: Bool) {}
    func streamHasRoom(_ stream: YamuxStream) {}
}

/// Answers by itself once a request is whole: because the user said so, or because nobody else does.
final class FixedAnswer: YamuxStreamUser {
    private let loop: AgentLoop
    private let tunnel: TunnelHandler
    private let status: Int
    private let body: String
    private let refusal: OwnAnswer?
    private var recording: ExchangeRecording?
    private var seen: [UInt8] = []

    init(
        _ loop: AgentLoop, _ tunnel: TunnelHandler, status: Int, body: String,
        recording: ExchangeRecording?
    ) {
        (self.loop, self.tunnel, self.recording) = (loop, tunnel, recording)
        (self.status, self.body, refusal) = (status, body, nil)
    }

    init(
        _ loop: AgentLoop, _ tunnel: TunnelHandler, refusal: OwnAnswer,
        recording: ExchangeRecording?
    ) {
        (self.loop, self.tunnel, self.recording) = (loop, tunnel, recording)
        (status, body, self.refusal) = (refusal.status, "", refusal)
    }

    func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        self.stream(stream, received: bytes, isEnd: isEnd, returned: 0)
    }

    /// `returned`: octets of them whose window has been given back.
    func stream(
        _ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool, returned: Int
    ) {
        if seen.count < 5 { seen += bytes.readableBytesView.prefix(5 - seen.count) }
        recording?.request(bytes)
        tunnel.session.consumed(bytes.readableBytes - returned, of: stream)
        guard isEnd else { return tunnel.scheduleFlush() }
        let isToHead = seen.elementsEqual("HEAD ".utf8)
        let answer = refusal?.bytes(isToHead: isToHead, closes: false) ?? answer(isToHead: isToHead)
        tunnel.session.send(answer, on: stream, isEnd: true)
        tunnel.scheduleFlush()
        stream.user = nil
        recording?.answer(answer)
        guard let recording else { return }
        loop.reports.add(
            recording.exchange(
                destination: "respond-with", status: refusal == nil ? status : nil,
                failure: refusal,
                isRequestComplete: true))
    }

    private func answer(isToHead: Bool) -> ByteBuffer {
        let hasBody = status >= 200 && status != 204 && status != 304
        var head = "HTTP/1.1 \(status) Answered\r\n"
        if hasBody {
            head +=
                "Content-Type: text/plain; charset=utf-8\r\nContent-Length: \(body.utf8.count)\r\n"
        }
        head += "Countersign-Answer: respond-with\r\n\r\n"
        return ByteBuffer(string: head + (hasBody && !isToHead ? body : ""))
    }

    func streamWasReset(_ stream: YamuxStream, isLost: Bool) { recording?.discard() }
    func streamHasRoom(_ stream: YamuxStream) {}
}

extension OwnAnswer {
    static let noRoute = OwnAnswer(
        404, "no-route", "no --route of 'countersign listen' has this path")
}
