import Callbacks
import Testing

@testable import Fixtures

private let now: Int64 = 1_760_000_000

private func factory(seed: UInt64 = 1) -> EventFactory {
    EventFactory(seed: seed, now: now, apiKey: DevelopmentKey.value)
}

/// All pairs of a type and a kind in which it is reported.
let reported = EventType.all.flatMap { type in
    (type.known?.kinds ?? []).map { (type, $0) }
}

@Suite struct EventFactoryTests {
    @Test(arguments: reported)
    func `an event is what its type's description says`(
        _ type: EventType, _ kind: CallbackKind
    ) throws {
        var factory = factory()
        let event = try factory.event(type, kind: kind)
        let callback = try Callback(json: event.json)
        #expect(callback.eventType == type)
        #expect(callback.kind == kind)
        #expect(callback.eventTime == String(now))
        #expect(callback.isAuthentic(apiKey: DevelopmentKey.value))
        let account = callback.metadata?["reported_for_account_id"]?.string
        #expect(account == callback.payload["account_guid"]?.string)
        #expect(account?.utf8.count == 40)
        let app = callback.payload["client_id"]
        #expect(app == callback.metadata?["reported_for_app_id"])
        let resources = callback.payload.object?.members.map(\.name).filter {
            EventType.Resource(rawValue: $0) != nil
        }
        #expect(resources == (type.known?.resource).map { [$0.rawValue] } ?? [])
        #expect((callback.relatedSignatureID != nil) == (type.known?.signer == .related))
    }

    @Test(arguments: EventType.all)
    func `the sample in fixtures is up to date`(_ type: EventType) throws {
        var factory = factory()
        let kind = type.known?.kinds.first ?? .account
        let payload = try factory.event(type, kind: kind).payload
        try Repository.expect(
            payload.text(.readable) + "\n", inFile: "fixtures/events/\(type).json")
    }

    @Test func `the related signature is one of the request`() throws {
        for (type, kind) in reported where type.known?.signer == .related {
            guard type != .signatureRequestSignerRemoved else { continue }  // it is gone
            var factory = factory()
            let callback = try Callback(json: try factory.event(type, kind: kind).json)
            let ids = callback.signatureRequest?["signatures"]?.array?
                .compactMap { $0["signature_id"]?.string }
            #expect(ids?.contains(callback.relatedSignatureID ?? "") == true, "\(type)")
        }
    }

    @Test func `equal seeds give equal events, others do not`() throws {
        var one = factory()
        var same = factory()
        var other = factory(seed: 2)
        for (type, kind) in reported {
            let event = try one.event(type, kind: kind)
            #expect(try same.event(type, kind: kind) == event)
            #expect(try other.event(type, kind: kind) != event)
        }
    }

    @Test func `two events of one factory are of different requests`() throws {
        var factory = factory()
        let ids = try (0..<2).map { _ in
            try factory.event(.signatureRequestSent).payload["signature_request"]?[
                "signature_request_id"]
        }
        #expect(ids[0] != ids[1])
    }

    @Test func `a kind in which the type is not reported is refused`() {
        let error = #expect(throws: FixtureError.self) {
            var factory = factory()
            _ = try factory.event(.accountConfirmed, kind: .account)
        }
        #expect(error?.code == .wrongKind)
        #expect(error?.message.contains("'app'") == true)
    }

    @Test func `a type that nobody knows is told of a request and signed`() throws {
        var factory = factory()
        let type = EventType(rawValue: "signature_request_notarised")
        let callback = try Callback(json: try factory.event(type).json)
        #expect(callback.isAuthentic(apiKey: DevelopmentKey.value))
        #expect(callback.signatureRequest != nil)
    }

    @Test func `all is complete only when all have signed`() throws {
        for (type, kind) in reported where type.known?.resource == .signatureRequest {
            var factory = factory()
            let request = try factory.event(type, kind: kind).payload["signature_request"]
            let isComplete = request?["is_complete"]?.bool
            let ended: Set<EventType> = [.signatureRequestAllSigned, .signatureRequestDestroyed]
            #expect(isComplete == ended.contains(type), "\(type)")
            let failed: Set<EventType> = [.fileError, .unknownError, .signatureRequestInvalid]
            #expect(request?["has_error"]?.bool == failed.contains(type), "\(type)")
        }
    }

    @Test func `a mistyped event is answered with the nearest ones`() throws {
        let error = #expect(throws: FixtureError.self) {
            try EventType.resolve("signature_request_sned")
        }
        #expect(error?.code == .unknownEventType)
        #expect(error?.message.contains("signature_request_sent") == true)
        #expect(try EventType.resolve("fax_busy") == .faxBusy)
    }
}
