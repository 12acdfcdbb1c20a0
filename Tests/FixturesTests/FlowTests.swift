import Callbacks
import Testing

@testable import Fixtures

private func play(_ name: String) throws -> [JSONValue] {
    try Flow(builtIn: name).play(seed: 1, now: 1_760_000_000, apiKey: "key").map(\.event.payload)
}

private func types(_ payloads: [JSONValue]) -> [String] {
    payloads.compactMap { $0["event"]?["event_type"]?.string }
}

@Suite struct FlowTests {
    @Test(arguments: Flow.builtInNames)
    func `the file in fixtures is the built-in flow`(_ name: String) throws {
        let text = try #require(Flow.builtInText(name))
        try Repository.expect(text + "\n", inFile: "fixtures/flows/\(name).yaml")
    }

    @Test(arguments: Flow.builtInNames)
    func `what a flow tells of a request holds at each moment`(_ name: String) throws {
        var ends: [String: Bool] = [:]
        var lastTime = 0
        for payload in try play(name) {
            let callback = try Callback(payload: payload)
            #expect(callback.isAuthentic(apiKey: "key"))
            let time = try #require(Int(callback.eventTime))
            #expect(time >= lastTime)
            lastTime = time
            guard let request = callback.signatureRequest else { continue }
            let id = try #require(request["signature_request_id"]?.string)
            let signatures = try #require(request["signatures"]?.array)
            let allSigned = signatures.allSatisfy { $0["status_code"] == "signed" }
            let wasEnded = ends[id] ?? false
            let isEnd = callback.eventType == .signatureRequestAllSigned
            #expect(request["is_complete"]?.bool == (isEnd || wasEnded))
            if isEnd { #expect(allSigned) }
            ends[id] = isEnd || wasEnded
            for signature in signatures {
                #expect(
                    (signature["status_code"] == "signed")
                        == (signature["signed_at"]?.isNull == false))
            }
            let answers = request["response_data"]?.array ?? []
            #expect(answers.isEmpty == signatures.allSatisfy { $0["signed_at"]?.isNull == true })
        }
    }

    @Test func `two of three signed is not complete`() throws {
        let payloads = try play("three-signers")
        #expect(types(payloads).filter { $0 == "signature_request_signed" }.count == 3)
        #expect(types(payloads).last == "signature_request_all_signed")
        let signed = payloads.filter { $0["event"]?["event_type"] == "signature_request_signed" }
        let related = Set(
            signed.map { $0["event"]?["event_metadata"]?["related_signature_id"]?.string })
        #expect(related.count == 3)
    }

    @Test func `a reassigned and a corrected signature have new ids`() throws {
        for name in ["reassign", "bounce-and-update"] {
            let payloads = try play(name)
            func id(_ payload: JSONValue?) -> JSONValue? {
                payload?["signature_request"]?["signatures"]?[0]?["signature_id"]
            }
            #expect(id(payloads.first) != id(payloads.last))
        }
        let reassigned = try play("reassign")[2]["signature_request"]?["signatures"]?[0]
        #expect(reassigned?["reassigned_by"]?.string != nil)
        #expect(reassigned?["reassigned_from"]?.string != nil)
    }

    @Test func `decline, expire and errors leave their marks`() throws {
        let declined = try #require(try play("decline").last?["signature_request"])
        #expect(declined["is_declined"] == true)
        #expect(declined["signatures"]?[0]?["decline_reason"]?.string?.isEmpty == false)
        let expired = try #require(try play("expire").last?["signature_request"])
        let statuses = expired["signatures"]?.array?.compactMap { $0["status_code"]?.string }
        #expect(statuses == ["signed", "expired"])
        #expect((expired["expires_at"]?.integer ?? 1) % 3600 == 0)
        for name in ["file-error", "invalid-text-tag"] {
            let payloads = try play(name)
            #expect(!types(payloads).contains("signature_request_sent"))
            #expect(payloads.last?["signature_request"]?["has_error"] == true)
        }
    }

    @Test func `the requests of a bulk job share its id`() throws {
        let requests = try play("bulk").compactMap { $0["signature_request"] }
        #expect(Set(requests.map { $0["bulk_send_job_id"]?.string }).count == 1)
        #expect(Set(requests.map { $0["signature_request_id"]?.string }).count == 3)
    }

    @Test func `an embedded flow is reported to the app`() throws {
        #expect(try play("embedded").allSatisfy { try Callback(payload: $0).kind == .app })
    }

    @Test(arguments: [
        ("steps: []", "1"), ("step:\n  - event: fax_sent", "steps"),
        ("steps:\n  - event: fax_snt", ":2: there is no event 'fax_snt'; did you mean fax_sent"),
        (
            "steps:\n  - event: fax_sent\n    aftr: 5m",
            ":3: unknown key 'aftr' in a step; did you mean after"
        ),
        ("steps:\n  - event: fax_sent\n    after: soon", ":3: 'after' must be a time"),
        (
            "signers: 2\nsteps:\n  - event: fax_sent\n    signer: 3",
            ":4: 'signer' must be a number from 1 to 2"
        ),
        ("steps: [", "no YAML"), ("", "empty"),
        ("signers: 0\nsteps:\n  - event: fax_sent", ":1: 'signers'"),
    ])
    func `a wrong file is refused with its line and the way out`(_ text: String, _ message: String)
    {
        let error = #expect(throws: FixtureError.self) { try Flow(reading: text, file: "f.yaml") }
        #expect(error?.code == .malformedFlow)
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("90", 90_000), ("250ms", 250), ("1.5h", 5_400_000), ("3d", 259_200_000), ("0s", 0),
    ])
    func `spans of time are read`(_ text: String, _ milliseconds: Int) {
        #expect(TimeSpan.parse(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "s", "-5s", "5 m", "5w", "1e9h", "999999999d"])
    func `what is no span is not read`(_ text: String) {
        #expect(TimeSpan.parse(text) == nil)
    }
}
