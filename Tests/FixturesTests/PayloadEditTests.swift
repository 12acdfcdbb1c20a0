import Callbacks
import Testing

@testable import Fixtures

private func edited(_ edits: PayloadEdit...) throws -> JSONValue {
    var factory = EventFactory(seed: 3, now: 1_760_000_000, apiKey: "key")
    return try factory.event(.signatureRequestSigned, edits: edits).payload
}

private func code(_ body: () throws -> Void) -> FixtureError? {
    do { try body() } catch { return error as? FixtureError }
    return nil
}

@Suite struct PayloadEditTests {
    @Test func `overrides, adds and removes`() throws {
        let payload = try edited(
            PayloadEdit(overriding: "signature_request.title=NDA, second draft"),
            PayloadEdit(overriding: "signature_request.is_declined=true"),
            PayloadEdit(overriding: "signature_request.signatures[1].signer_name=null"),
            PayloadEdit(adding: "signature_request.metadata.customer=\"7\""),
            PayloadEdit(adding: "signature_request.cc_email_addresses[+]=b@example.com"),
            PayloadEdit(removing: "signature_request.subject"))
        let request = try #require(payload["signature_request"])
        #expect(request["title"] == "NDA, second draft")
        #expect(request["is_declined"] == true)
        #expect(request["signatures"]?[1]?["signer_name"] == .null)
        #expect(request["metadata"]?["customer"] == "7")
        #expect(request["cc_email_addresses"]?.array?.count == 2)
        #expect(request["subject"] == nil)
    }

    @Test func `the hash follows an edited time and type`() throws {
        let payload = try edited(
            PayloadEdit(overriding: "event.event_time=\"1700000000\""),
            PayloadEdit(overriding: "event.event_type=something_new"))
        #expect(try Callback(payload: payload).isAuthentic(apiKey: "key"))
    }

    @Test func `an edited hash stays`() throws {
        let payload = try edited(PayloadEdit(overriding: "event.event_hash=0000"))
        #expect(payload["event"]?["event_hash"] == "0000")
    }

    @Test func `a removed hash stays away`() throws {
        let payload = try edited(PayloadEdit(removing: "event.event_hash"))
        #expect(payload["event"]?["event_hash"] == nil)
    }

    @Test func `a wrong path is answered with the nearest right ones`() {
        let error = code { _ = try edited(PayloadEdit(overriding: "signature_request.titel=x")) }
        #expect(error?.code == .unknownPath)
        #expect(error?.message.contains("signature_request.title") == true)
        #expect(error?.path == "signature_request.titel")
    }

    @Test(arguments: [
        ("signature_request.title=5", "number given where the event has string"),
        ("signature_request.is_complete=yes", "string given where the event has boolean"),
        ("signature_request.signatures={}", "object given where the event has array"),
    ])
    func `another kind of value is refused`(_ edit: String, _ message: String) {
        let error = code { _ = try edited(PayloadEdit(overriding: edit)) }
        #expect(error?.code == .wrongType)
        #expect(error?.message.contains(message) == true)
    }

    @Test(arguments: ["signature_request.title", "a[x]=1", "a[0=1", "=1", "a..b=1"])
    func `what is no edit is refused`(_ text: String) {
        #expect(code { _ = try PayloadEdit(overriding: text) }?.code == .malformedEdit)
    }

    @Test func `a member that is there is not added, one that is not is not removed`() {
        #expect(
            code { _ = try edited(PayloadEdit(adding: "signature_request.title=x")) }?.code
                == .unknownPath)
        #expect(
            code { _ = try edited(PayloadEdit(removing: "signature_request.nothing")) }?.code
                == .unknownPath)
        #expect(
            code { _ = try edited(PayloadEdit(adding: "signature_request.signatures[9]=x")) }?.code
                == .unknownPath)
    }
}
