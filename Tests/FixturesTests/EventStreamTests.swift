import Callbacks
import Testing

@testable import Fixtures

private let now: Int64 = 1_760_000_000

@Suite struct EventStreamTests {
    @Test func `every event is right and has the shape of the factory's`() throws {
        var stream = try EventStream(
            reported.map { (type: $0.0, kind: $0.1) }, seed: 5, now: now, apiKey: "key")
        var factory = EventFactory(seed: 9, now: now, apiKey: "key")
        for (index, (type, kind)) in (reported + reported).enumerated() {
            #expect(stream.nextType == type)
            let callback = try Callback(json: stream.next())
            #expect(callback.eventType == type)
            #expect(callback.kind == kind)
            #expect(callback.eventTime == String(now + Int64(index)))
            #expect(callback.isAuthentic(apiKey: "key"))
            let model = try factory.event(type, kind: kind).payload
            #expect(PayloadPath.all(in: callback.payload) == PayloadPath.all(in: model))
        }
    }

    @Test func `an id is the same wherever an event has it, and another in the next event`() throws
    {
        var stream = try EventStream(
            [(.signatureRequestSent, .account)], seed: 5, now: now, apiKey: "key")
        var seen: Set<String> = []
        for _ in 0..<100 {
            let request = try #require(try Callback(json: stream.next()).signatureRequest)
            let id = try #require(request["signature_request_id"]?.string)
            #expect(request["files_url"]?.string?.hasSuffix(id) == true)
            #expect(seen.insert(id).inserted)
        }
    }

    @Test func `equal seeds give equal bytes`() throws {
        var one = try EventStream([(.faxSent, .app)], seed: 5, now: now, apiKey: "key")
        var same = try EventStream([(.faxSent, .app)], seed: 5, now: now, apiKey: "key")
        for _ in 0..<10 { #expect(one.next() == same.next()) }
    }
}
