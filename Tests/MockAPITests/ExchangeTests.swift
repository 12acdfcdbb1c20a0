import Callbacks
import Journal
import Testing

@testable import MockAPI

@Suite struct ExchangeTests {
    private func exchange(
        _ number: Int64, _ request: APIRequest = APIRequest(method: "GET", path: "/v3/account"),
        _ answer: APIAnswer? = APIAnswer(status: 200)
    ) -> Exchange {
        Exchange(
            number: number, time: 1_760_000_000_000, duration: .microseconds(1500),
            operation: "accountGet", request: request, answer: answer)
    }

    private func event(_ type: EventType, of number: Int64?) -> OutgoingEvent {
        OutgoingEvent(
            delivery: NewDelivery(
                event: NewEvent(type: type, time: "0", kind: .account, origin: "mock", payload: []),
                destination: "http://localhost/", form: .multipart, boundary: "b"),
            subject: "subject", apiKey: "key", exchange: number)
    }

    @Test func `the last thousand calls are kept, oldest first`() {
        var log = ExchangeLog()
        for number in 1...1500 { log.end(exchange(Int64(number))) }
        #expect(log.calls(after: 0, limit: 5000).map(\.number) == Array(501...1500))
        #expect(log.calls(after: 1490, limit: 5000).map(\.number) == Array(1491...1500))
        #expect(log.calls(after: 0, limit: 3).map(\.number) == [1498, 1499, 1500])
        #expect(log.calls(after: 1500, limit: 3).isEmpty)
    }

    @Test func `calls are in the order in which they came, not in that of their answers`() {
        var log = ExchangeLog()
        for number in [3, 1, 2] { log.end(exchange(Int64(number))) }
        #expect(log.calls(after: 0, limit: 10).map(\.number) == [1, 2, 3])
    }

    @Test func `an event is noted with its call, before and behind the answer`() {
        var log = ExchangeLog()
        let (first, second): (Int64, Int64) = (1, 2)
        log.note(event(.signatureRequestSent, of: second))
        log.note(event(.faxSent, of: nil))
        log.end(exchange(first))
        log.end(exchange(second))
        log.note(event(.signatureRequestViewed, of: second))
        #expect(
            log.calls(after: 0, limit: 10).map(\.events)
                == [[], [.signatureRequestSent, .signatureRequestViewed]])
    }

    @Test func `an event of a call that is not kept any more is nobody's`() {
        var log = ExchangeLog()
        for number in 1...1001 { log.end(exchange(Int64(number))) }
        log.note(event(.signatureRequestSent, of: 1))
        #expect(log.calls(after: 0, limit: 2000).flatMap(\.events) == [])
    }

    @Test(arguments: [
        APIRequest(
            method: "GET", path: "/v3/account",
            headers: [
                HeaderField("Authorization", "Basic hidden"), HeaderField("Cookie", "hidden"),
                HeaderField("X-Api-Key", "hidden"),
            ]),
        APIRequest(
            method: "POST", path: "/oauth/token", query: "a=b&refresh_token=hidden&c=d",
            headers: [HeaderField("Content-Type", "application/x-www-form-urlencoded")],
            body: Array("grant_type=authorization_code&client_secret=hidden".utf8)),
        APIRequest(method: "POST", path: "/v3/oauth/token", body: Array("code=hidden".utf8)),
        APIRequest(
            method: "POST", path: "/v3/account/create",
            body: Array(#"{"client_secret":"hidden","list":[{"pin":"hidden"}]}"#.utf8)),
    ])
    func `what opens something is in no exchange`(_ request: APIRequest) {
        let answer = APIAnswer(
            status: 200, headers: [HeaderField("X-RateLimit-Limit", "100")],
            body: Array(
                #"{"access_token":"hidden","oauth":{"secret":"hidden","scopes":["kept"]}}"#.utf8))
        let exchange = exchange(1, request, answer)
        for text in [exchange.json.text(.plain), exchange.summary.text(.plain)] {
            #expect(!text.contains("hidden"), "\(text)")
        }
        #expect(exchange.json.text(.plain).contains(HeaderField.redacted))
        #expect(exchange.json["answer"]?["body"]?.string?.contains("kept") == true)
        #expect(exchange.answer?.headers == answer.headers)
    }

    @Test func `says what came and what was answered, up to a limit`() {
        let request = APIRequest(
            method: "POST", path: "/v3/team/create", query: "a=b",
            headers: [HeaderField("Content-Type", "application/json")],
            body: [UInt8](repeating: 0x61, count: 20_000))
        let json = exchange(7, request, nil).json
        #expect(json["id"] == 7)
        #expect(json["duration_us"] == 1500)
        #expect(json["answer"] == .null)
        #expect(json["request"]?["target"] == "/v3/team/create?a=b")
        #expect(json["request"]?["headers"]?[0]?["value"] == "application/json")
        #expect(json["request"]?["body"]?.string?.utf8.count == 16 << 10)
        let summary = exchange(7, request, APIAnswer(APIError(.conflict, "no"))).summary
        #expect(summary["status"] == 409)
        #expect(summary["operation"] == "accountGet")
        #expect(summary["request"] == nil)
    }
}
