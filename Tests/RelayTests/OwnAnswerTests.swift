import NIOCore
import Testing

@testable import Relay

@Suite struct OwnAnswerTests {
    static let all: [OwnAnswer] = [
        .agentAway, .agentLost, .agentReset, .tooBusy, .draining, .paused, .notAllowed,
        .unauthorised,
        .unknownHost, .bodyTooLarge, .headTooSlow, .bodyTooSlow, .answerTooSlow, .badAnswer,
        .handlerBusy, .handlerTooSlow, .handlerCut, .noRoute, .refused(.headTooLarge),
        .refused(.malformed("a test")), .refused(.versionNotSupported), .notHTTP(.headTooLarge),
    ]

    @Test(arguments: all, [false, true])
    func `an answer of ours is one of HTTP, and never of success`(
        answer: OwnAnswer, closes: Bool
    ) throws {
        let bytes = Array(answer.bytes(isToHead: false, closes: closes).readableBytesView)
        let head = try #require(try HeadReading(.answer, bytes))
        #expect(head.status == answer.status)
        #expect(head.status >= 400)
        #expect(head.wantsClose == closes)
        #expect(head.keepsConnection == !closes)
        let reason = head.fields.filter { $0.name == OwnAnswer.reasonField }
        #expect(reason.map(\.value) == [answer.reason])
        let body = text(bytes[head.count...])
        #expect(head.framing == .length(body.utf8.count))
        #expect(body == "countersign: \(answer.text)\n")
        let withoutBody = answer.bytes(isToHead: true, closes: closes).readableBytesView
        #expect(bytes[..<head.count].elementsEqual(withoutBody))
        #expect(!text(bytes).hasPrefix("HTTP/1.1 \(answer.status) Error"), "it has no phrase")
    }

    @Test func `who is not known is asked for a password`() throws {
        let bytes = Array(
            OwnAnswer.unauthorised.bytes(isToHead: false, closes: false).readableBytesView)
        let head = try #require(try HeadReading(.answer, bytes))
        let field = try #require(head.fields.first { $0.name == "WWW-Authenticate" })
        #expect(field.value.hasPrefix("Basic realm="))
    }

    @Test func `a refusal has its status and its reason`() {
        #expect(OwnAnswer.refused(.malformed("a bare LF")).status == 400)
        #expect(OwnAnswer.refused(.malformed("a bare LF")).text.contains("a bare LF"))
        #expect(OwnAnswer.refused(.headTooLarge).status == 431)
        #expect(OwnAnswer.refused(.versionNotSupported).status == 505)
    }
}
