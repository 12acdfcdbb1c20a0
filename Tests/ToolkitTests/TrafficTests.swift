import Callbacks
import Fixtures
import Foundation
import Journal
import NIOCore
import Testing

@testable import Relay
@testable import Toolkit

/// What is made of a request that came through the tunnel.
@Suite struct TrafficTests {
    static let json =
        #"{"signature_request":{"title":"a \"}\" b","signatures":[{"x":"]"}],"signature_request_id":"abc"},"#
        + #""event":{"event_type":"signature_request_sent","event_time":"1700000000","event_hash":"00"}}"#

    static func multipart(_ json: String) -> String {
        "--b\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n\(json)\r\n--b--\r\n"
    }

    static func exchange(
        _ body: String, type: String = "multipart/form-data; boundary=b", chunked: Bool = false,
        answer: String = "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\nHello API Event Received",
        failure: OwnAnswer? = nil
    ) -> ForwardedExchange {
        let sent =
            chunked
            ? "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\nA: b\r\n\r\n" : body
        let framing =
            chunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.utf8.count)"
        let request =
            "POST /callbacks?a=1 HTTP/1.1\r\nHost: a.relay.test\r\nContent-Type: \(type)\r\n"
            + "Authorization: Bearer abc\r\n\(framing)\r\n\r\n\(sent)"
        return ForwardedExchange(
            startedAt: 1_700_000_000_123, destination: "http://localhost:3000",
            requestPieces: [.init(string: request)], answer: Array(answer.utf8),
            answerBytes: answer.utf8.count, status: failure == nil ? 200 : nil, failure: failure,
            connectMicroseconds: 5, firstByteMicroseconds: 7, totalMicroseconds: 9,
            isRequestWhole: true)
    }

    @Test(arguments: [false, true])
    func `a callback is known by its event, whatever its framing`(isChunked: Bool) throws {
        let traffic = Traffic(
            Self.exchange(Self.multipart(Self.json), chunked: isChunked), apiKey: nil)
        let event = traffic.received.delivery.event
        #expect(event.type.rawValue == "signature_request_sent")
        #expect(event.time == "1700000000")
        #expect(event.signatureRequestID == "abc")
        #expect(event.payload == Array(Self.json.utf8))
        #expect(traffic.outcome == .acknowledged)
        #expect(traffic.received.delivery.destination == "http://localhost:3000/callbacks?a=1")
        #expect(traffic.received.delivery.receivedBody == nil, "it can be made again")
        #expect(traffic.isAuthentic == nil)
    }

    @Test func `a request whose body is not kept is told from one that is no callback`() {
        var exchange = Self.exchange("hello", type: "text/plain")
        #expect(Traffic(exchange, apiKey: nil).eventType == Traffic.notACallback)
        exchange.isRequestWhole = false
        let traffic = Traffic(exchange, apiKey: nil)
        #expect(traffic.eventType == Traffic.notKept)
        #expect(traffic.method == "POST" && traffic.path == "/callbacks?a=1")
    }

    @Test func `an archive goes on where one of ours ended, and spares other files`() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("\(UUID().uuidString).har").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let traffic = Traffic(Self.exchange(Self.multipart(Self.json)), apiKey: nil)
        for run in 1...3 {
            let archive = try HTTPArchive(path: path, version: "1")
            if run > 1 { try archive.append([traffic]) }
            let data = try #require(FileManager.default.contents(atPath: path))
            let entries = try JSONValue(parsing: Array(data))["log"]?["entries"]?.array
            #expect(entries?.count == run - 1)
        }
        try "notes of mine\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(throws: Problem.self) { try HTTPArchive(path: path, version: "1") }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "notes of mine\n")
    }

    @Test func `a body that we would write otherwise is kept as it came`() {
        let body = Self.multipart(Self.json).replacing("name=\"json\"", with: "name=json")
        let traffic = Traffic(Self.exchange(body), apiKey: "key")
        #expect(traffic.received.delivery.receivedBody == Array(body.utf8))
        #expect(traffic.isAuthentic == false)
    }

    @Test(arguments: [
        "", "{", "[1]", "{}", #"{"event":{}}"#, #"{"event":{"event_type":"a"}}"#, #"{"event":7}"#,
        #"{"event":{"event_type":"a","event_time":"1"}} x"#,
        #"{"event":{"event_type":"a","event_time":"1"}"#,
    ])
    func `what is no event is no callback, and is kept all the same`(json: String) {
        let traffic = Traffic(Self.exchange(json, type: "application/json"), apiKey: nil)
        #expect(traffic.eventType == Traffic.notACallback)
        #expect(traffic.received.delivery.event.payload == Array(json.utf8))
    }

    @Test func `values that open something are in no record`() {
        let traffic = Traffic(Self.exchange(Self.multipart(Self.json)), apiKey: nil)
        let head = String(decoding: traffic.received.attempt.start.requestHead, as: UTF8.self)
        #expect(head.contains("Authorization: [redacted]\r\n"))
        #expect(!head.contains("abc"))
    }

    @Test(arguments: [
        ("handler-refused", Outcome.refused), ("handler-timeout", .timeout),
        ("handler-cut", .reset), ("handler-not-http", .notHTTP), ("handler-tls", .tlsFailure),
        ("sender-gone", .interrupted),
    ])
    func `a failure keeps its meaning`(reason: String, outcome: Outcome) {
        let failure = OwnAnswer(502, reason, "words")
        let traffic = Traffic(
            Self.exchange(Self.multipart(Self.json), answer: "", failure: failure), apiKey: nil)
        #expect(traffic.outcome == outcome)
        #expect(traffic.received.attempt.result.detail == "words")
    }

    @Test func `the answer behind an informational one is judged`() {
        let answer =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nHello\r\n13\r\n API Event Received\r\n0\r\n\r\n"
        let traffic = Traffic(
            Self.exchange(Self.multipart(Self.json), answer: answer), apiKey: nil)
        #expect(traffic.outcome == .acknowledged)
    }

    @Test func `an archive is whole after each entry, and can be replayed`() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("\(UUID().uuidString).har").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let archive = try HTTPArchive(path: path, version: "1")
        for count in 0...3 {
            let data = try #require(FileManager.default.contents(atPath: path))
            let json = try JSONValue(parsing: Array(data))
            #expect(json["log"]?["entries"]?.array?.count == count)
            try archive.append([
                Traffic(Self.exchange(Self.multipart(Self.json)), apiKey: nil)
            ])
        }
        try archive.append([Traffic(Self.exchange("hello", type: "text/plain"), apiKey: nil)])
        let source = FixtureSource(seed: 1, now: 1, apiKey: "key")
        let events = try source.load(path)
        #expect(events.map(\.json) == Array(repeating: Array(Self.json.utf8), count: 4))
        #expect(events.first?.source == "\(path):entry 1")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(!text.contains("Bearer abc"))
    }

    @Test func `octets that are no text are in an archive all the same, and come back`() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("\(UUID().uuidString).har").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let archive = try HTTPArchive(path: path, version: "1")
        let start = Self.multipart(Self.json).utf8.dropLast("--b--\r\n".utf8.count)
        let other = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n"
        let body = Array(start) + Array(other.utf8) + [0xff, 0xfe] + Array("\r\n--b--\r\n".utf8)
        var exchange = Self.exchange("", answer: "HTTP/1.1 200 OK\r\n\r\n")
        exchange.requestPieces.append(.init(bytes: body))
        exchange.answer += [0x80, 0x00]
        try archive.append([Traffic(exchange, apiKey: nil)])
        let data = try #require(FileManager.default.contents(atPath: path))
        let entry = try JSONValue(parsing: Array(data))["log"]?["entries"]?.array?.first
        let sent = entry?["request"]?["postData"]
        let answered = entry?["response"]?["content"]
        #expect(sent?["encoding"]?.string == "base64" && answered?["encoding"]?.string == "base64")
        #expect(Data(base64Encoded: sent?["text"]?.string ?? "") == Data(body))
        #expect(answered?["text"]?.string == "gAA=")
        let events = try FixtureSource(seed: 1, now: 1, apiKey: "key").load(path)
        #expect(events.map(\.json) == [Array(Self.json.utf8)])
    }

    @Test func `filters take types by name and by their beginning`() {
        let filter = TrafficRecorder.Filter(["signature_request_*", "template_created"])
        #expect(filter.takes(.init(rawValue: "signature_request_sent")))
        #expect(filter.takes(.init(rawValue: "template_created")))
        #expect(!filter.takes(.init(rawValue: "template_error")))
        #expect(TrafficRecorder.Filter([]).takes(.init(rawValue: "anything")))
    }
}
