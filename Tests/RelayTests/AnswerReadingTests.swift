import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import Relay

/// An answer as it comes through the tunnel in pieces, and what the sender gets.
struct PassedAnswer: Equatable {
    var bytes: [UInt8] = []
    var status = 0
    var hasBegun = false
    var endsConnection = false
    /// How far it came with each piece.
    var progress: [AnswerReading.Progress] = []
    var refusal: HTTPRefusal?

    var text: String { RelayTests.text(bytes) }
    var isComplete: Bool { refusal == nil && progress.last == .complete }

    init(
        _ answer: String, isToHead: Bool = false, isOldVersion: Bool = false, closes: Bool = false,
        wantsUpgrade: Bool = false, isEnd: Bool = true
    ) {
        let all = octets(answer)
        self.init(
            all, ends: [all.count], isToHead: isToHead,
            sender: AnswerReading.Sender(
                isOldVersion: isOldVersion, closes: closes, wantsUpgrade: wantsUpgrade),
            isEnd: isEnd)
    }

    /// `isEnd`: whether the last piece is the stream's end.
    init(
        _ all: [UInt8], ends: some Sequence<Int>, isToHead: Bool = false,
        sender: AnswerReading.Sender, isEnd: Bool = true
    ) {
        let loop = RelayLoop.make()
        var reading = AnswerReading(isToHead: isToHead)
        var start = 0
        do {
            for end in ends {
                let part = ByteBuffer(bytes: all[start..<end])
                start = end
                progress.append(
                    try reading.take(
                        part, isEnd: isEnd && end == all.count, sender: sender, loop: loop
                    ) { bytes += $0.readableBytesView })
            }
        } catch {
            refusal = error
        }
        status = reading.status
        hasBegun = reading.hasBegun
        endsConnection = reading.endsConnection
    }
}

extension RelayLoop {
    /// A loop without a relay around it.
    static func make(_ change: (inout RelayConfiguration) -> Void = { _ in }) -> RelayLoop {
        let nowhere = RelayConfiguration.Address(host: "127.0.0.1", port: 0)
        var configuration = RelayConfiguration(
            domain: "relay.test", publicAddress: nowhere, agentAddress: nowhere)
        change(&configuration)
        let registry = Registry(
            tokens: TokenFile(path: "/nowhere/tokens.json"), isOpen: true, maximumTunnels: 10)
        return RelayLoop(
            RelayCore(configuration, registry: registry, log: nil), index: 0,
            eventLoop: MultiThreadedEventLoopGroup.singleton.any())
    }
}

@Suite struct AnswerReadingTests {
    static let sized = headText("HTTP/1.1 200 OK", "Content-Length: 5") + "hello"
    static let chunked =
        headText("HTTP/1.1 200 OK", "transfer-encoding: chunked", "A: b")
        + "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: u\r\n\r\n"
    static let endless = headText("HTTP/1.1 200 OK", "A: b") + "hello"
    static let informed =
        headText("HTTP/1.1 100 Continue") + headText("HTTP/1.1 103 Early Hints", "Link: x") + sized

    @Test(arguments: [sized, chunked, headText("HTTP/1.1 204 No Content"), informed])
    func `an answer whose end is told goes on as it comes`(answer: String) {
        let passed = PassedAnswer(answer)
        #expect(passed.text == answer)
        #expect(passed.isComplete)
        #expect(passed.hasBegun)
        #expect(!passed.endsConnection)
    }

    @Test(
        arguments: [sized, chunked, endless, informed],
        [(false, false), (false, true), (true, true), (true, false)])
    func `an answer that comes in pieces is the same, wherever it is cut`(
        answer: String, sender: (isOld: Bool, closes: Bool)
    ) throws {
        let all = octets(answer)
        let sender = AnswerReading.Sender(
            isOldVersion: sender.isOld, closes: sender.closes, wantsUpgrade: false)
        func facts(_ passed: PassedAnswer) -> [String] {
            // Where chunks are added, their number is that of the pieces.
            let body = passed.text.part(behind: "\r\n\r\n")
            let isAdded = !answer.contains("chunked") && passed.text.contains("chunked")
            return [
                passed.text.part(before: "\r\n\r\n"), isAdded ? dechunked(body) : body,
                "\(passed.status) \(passed.endsConnection) \(passed.isComplete)",
            ]
        }
        let whole = facts(PassedAnswer(all, ends: [all.count], sender: sender))
        for cut in 0..<all.count {
            let passed = PassedAnswer(all, ends: [cut, all.count], sender: sender)
            #expect(facts(passed) == whole, "cut at \(cut)")
        }
        #expect(facts(PassedAnswer(all, ends: 1...all.count, sender: sender)) == whole)
    }

    func dechunked(_ body: String) -> String {
        let read = try? BodyReading(.chunked, body)
        return read.map { "\(text($0.data)) \($0.hasEnded)" } ?? "no chunks: \(body)"
    }

    @Test func `an answer that ends with its connection gets chunks`() {
        let passed = PassedAnswer(Self.endless)
        #expect(
            passed.text
                == headText("HTTP/1.1 200 OK", "A: b", "Transfer-Encoding: chunked")
                + "5\r\nhello\r\n0\r\n\r\n")
        #expect(!passed.endsConnection)
        let empty = PassedAnswer(headText("HTTP/1.1 200 OK"))
        #expect(
            empty.text == headText("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + "0\r\n\r\n")
        let unfinished = PassedAnswer(Self.endless, isEnd: false)
        #expect(unfinished.text.hasSuffix("\r\n\r\n5\r\nhello\r\n"))
        #expect(unfinished.progress == [.more])
    }

    @Test func `a sender of HTTP/1.0 gets no chunks, and the end of the connection`() {
        let passed = PassedAnswer(Self.chunked, isOldVersion: true)
        #expect(passed.text == headText("HTTP/1.1 200 OK", "A: b", "Connection: close") + "hello")
        #expect(passed.endsConnection)
        let endless = PassedAnswer(Self.endless, isOldVersion: true)
        #expect(endless.text == headText("HTTP/1.1 200 OK", "A: b", "Connection: close") + "hello")
        #expect(endless.endsConnection)
    }

    @Test func `a sender of HTTP/1.0 that keeps its connection is told so`() {
        let passed = PassedAnswer(Self.sized, isOldVersion: true)
        let head = headText("HTTP/1.1 200 OK", "Content-Length: 5", "Connection: keep-alive")
        #expect(passed.text == head + "hello")
        #expect(!passed.endsConnection)
    }

    @Test func `no answer to a sender of HTTP/1.0 speaks of chunks, one without a body neither`() {
        for head in [
            headText("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"),
            headText("HTTP/1.1 304 Same", "Transfer-Encoding: chunked"),
        ] {
            let passed = PassedAnswer(head, isToHead: true, isOldVersion: true)
            #expect(!passed.text.contains("chunked"), "\(passed.text)")
        }
    }

    @Test func `the end of the connection is told`() {
        let passed = PassedAnswer(Self.sized, closes: true)
        let head = headText("HTTP/1.1 200 OK", "Content-Length: 5", "Connection: close")
        #expect(passed.text == head + "hello")
        #expect(PassedAnswer(Self.chunked, closes: true).text.contains("chunked\r\nA: b\r\nConn"))
    }

    @Test func `informational answers do not begin one, and are nothing for HTTP/1.0`() {
        let only = PassedAnswer(headText("HTTP/1.1 100 Continue"), isEnd: false)
        #expect(only.text == headText("HTTP/1.1 100 Continue"))
        #expect(!only.hasBegun)
        #expect(only.progress == [.more])
        let old = PassedAnswer(Self.informed, isOldVersion: true)
        #expect(old.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(!PassedAnswer(headText("HTTP/1.1 100 Continue")).isComplete)
    }

    @Test func `informational answers are counted`() {
        let one = headText("HTTP/1.1 103 Early Hints")
        #expect(PassedAnswer(String(repeating: one, count: 100) + Self.sized).isComplete)
        let passed = PassedAnswer(String(repeating: one, count: 101) + Self.sized)
        #expect(passed.refusal != nil)
        #expect(!passed.hasBegun)
    }

    @Test func `an answer to HEAD has no body, whatever it says`() {
        let head = headText("HTTP/1.1 200 OK", "Content-Length: 5")
        #expect(PassedAnswer(head, isToHead: true).text == head)
        #expect(PassedAnswer(head, isToHead: true).isComplete)
        #expect(PassedAnswer(Self.sized, isToHead: true).refusal != nil)
        let endless = headText("HTTP/1.1 200 OK")
        #expect(PassedAnswer(endless, isToHead: true).text == endless)
    }

    @Test(arguments: [
        ("HTTP/1.1 200", false), (headText("HTTP/1.1 100 Continue"), false), ("", false),
        (headText("HTTP/1.1 200 OK", "Content-Length: 5") + "hell", true),
        (headText("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + "5\r\nhello\r\n", true),
        (headText("HTTP/1.1 200 OK", "Transfer-Encoding: chunked") + "0\r\n", true),
    ])
    func `an answer that ends too early is not complete`(answer: String, hasBegun: Bool) {
        for isOldVersion in [false, true] {
            let passed = PassedAnswer(answer, isOldVersion: isOldVersion)
            #expect(passed.refusal != nil)
            #expect(passed.hasBegun == hasBegun)
        }
        #expect(PassedAnswer(answer, isEnd: false).refusal == nil)
    }

    @Test(arguments: [
        sized + "x", chunked + "HTTP/1.1 200 OK", headText("HTTP/1.1 204 No") + "x",
        headText("HTTP/1.1 304 Same", "Content-Length: 5") + "hello",
    ])
    func `an answer that is too long is refused, and what is too much goes nowhere`(answer: String)
    {
        for (isOldVersion, closes) in [(false, false), (true, false), (false, true)] {
            let passed = PassedAnswer(answer, isOldVersion: isOldVersion, closes: closes)
            #expect(passed.refusal != nil)
            #expect(!passed.text.hasSuffix("x"))
            let bytes = octets(answer)
            let sender = AnswerReading.Sender(
                isOldVersion: isOldVersion, closes: closes, wantsUpgrade: false)
            #expect(PassedAnswer(bytes, ends: 1...bytes.count, sender: sender).refusal != nil)
        }
    }

    @Test func `what is no answer is refused before anything goes to the sender`() {
        for answer in ["SSH-2.0-x\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n"] {
            let passed = PassedAnswer(answer)
            #expect(passed.refusal != nil)
            #expect(passed.bytes.isEmpty)
        }
    }

    @Test func `another protocol begins when it was asked for, and passes as it is`() {
        let head = headText("HTTP/1.1 101 Switching", "Upgrade: x", "Connection: Upgrade")
        let bytes = octets(head + "anything\u{0}") + octets("more")
        let sender = AnswerReading.Sender(isOldVersion: false, closes: false, wantsUpgrade: true)
        let ends = [10, bytes.count - 4, bytes.count]
        let passed = PassedAnswer(bytes, ends: ends, sender: sender)
        #expect(passed.bytes == bytes)
        #expect(passed.progress == [.more, .upgraded, .complete])
        for cut in 0..<bytes.count {
            let cut = PassedAnswer(bytes, ends: [cut, bytes.count], sender: sender, isEnd: false)
            #expect(cut.bytes == bytes)
            #expect(cut.progress.filter { $0 == .upgraded }.count == 1)
        }
        // Also where that is all there is: of the other protocol nothing may be read as a request.
        for text in [head, head + "anything"] {
            let short = PassedAnswer(text, wantsUpgrade: true)
            #expect(short.text == text)
            #expect(short.isComplete)
            #expect(short.endsConnection)
        }
        let unasked = PassedAnswer(head)
        #expect(unasked.refusal != nil)
        #expect(unasked.bytes.isEmpty)
    }
}

extension String {
    /// What stands in front of the first such text; all, when there is none.
    func part(before separator: String) -> String {
        range(of: separator).map { String(self[..<$0.lowerBound]) } ?? self
    }

    /// What stands behind the first such text.
    func part(behind separator: String) -> String {
        range(of: separator).map { String(self[$0.upperBound...]) } ?? ""
    }
}
