import Callbacks
import NIOCore
import NIOHTTP1

/// One exchange under way; lives on one event loop from start to finish, and finishes once.
final class PendingExchange {
    let request: OutgoingRequest
    let destination: Destination
    let options: SendOptions
    private let start: ContinuousClock.Instant
    private let maximumResponseBytes: Int
    private let completion: (HTTPExchange) -> Void

    private(set) var isFinished = false
    var deadline: Scheduled<Void>?
    /// What is being waited for, for the message of a timeout.
    var phase = "connecting"
    var hasReplacedConnection = false
    var connectionWasReused = false
    private(set) var continueWasSent = false
    private var connected: Duration?
    private var firstByte: Duration?
    private var received: [UInt8] = []
    private var answer: HTTPAnswer?

    init(
        request: OutgoingRequest, destination: Destination, options: SendOptions,
        maximumResponseBytes: Int, completion: @escaping (HTTPExchange) -> Void
    ) {
        self.request = request
        self.destination = destination
        self.options = options
        self.maximumResponseBytes = maximumResponseBytes
        self.completion = completion
        start = .now
    }

    /// Whether nothing of an answer has come yet.
    var isUnanswered: Bool { received.isEmpty }

    /// Whether the answer allows another request on its connection.
    var keepsConnection: Bool { answer?.keepsConnection ?? false }

    func markConnected(reused: Bool) {
        connectionWasReused = reused
        connected = reused ? nil : start.duration(to: .now)
        phase = "waiting for the answer"
    }

    /// Keeps bytes of the answer as they came; returns whether they are within the limit.
    func receive(_ bytes: ByteBuffer) -> Bool {
        if firstByte == nil {
            firstByte = start.duration(to: .now)
            phase = "reading the answer"
        }
        let room = maximumResponseBytes - received.count
        received.append(contentsOf: bytes.readableBytesView.prefix(room))
        if bytes.readableBytes <= room { return true }
        finish(.failure(.tooLarge(limit: maximumResponseBytes)))
        return false
    }

    /// Takes the head of an answer; `false` for an informational one, behind which another comes.
    func take(_ head: HTTPResponseHead) -> Bool {
        if head.status.code == 100 { continueWasSent = true }
        guard head.status.code >= 200 || head.status.code == 101 else { return false }
        answer = HTTPAnswer(
            status: Int(head.status.code),
            headers: head.headers.map { HeaderField($0.name, $0.value.withoutTrailingSpace) },
            body: [], keepsConnection: head.isKeepAlive)
        return true
    }

    func takeBody(_ bytes: ByteBuffer) {
        answer?.body.append(contentsOf: bytes.readableBytesView)
    }

    func finishWithAnswer() {
        guard let answer else { return finish(.failure(.notHTTP("an answer without a head"))) }
        finish(.success(answer))
    }

    func finish(_ result: Result<HTTPAnswer, TransportFailure>) {
        guard !isFinished else { return }
        isFinished = true
        deadline?.cancel()
        completion(
            HTTPExchange(
                requestHead: request.head, result: result, received: received,
                timings: .init(
                    connected: connected, firstByte: firstByte, total: start.duration(to: .now)),
                connectionWasReused: connectionWasReused, continueWasSent: continueWasSent))
    }
}

extension String {
    /// Without the spaces and tabs at its end, which are no part of a field's value (RFC 9110, 5.5).
    fileprivate var withoutTrailingSpace: String {
        let end = utf8.lastIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        return end.map { String(self[...$0]) } ?? ""
    }
}
