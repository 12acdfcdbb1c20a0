import Callbacks
import Foundation
import Testing

@testable import MockAPI

/// Calls on a mock in memory: what they answer, what they refuse, and what they cause.
@Suite struct OperationTests {
    private static let signer: JSONValue = ["name": "Lee", "email_address": "lee@example.com"]

    /// Sends a request for one signer; returns it.
    private func send(_ mock: inout Mock, _ fields: [(String, String)] = []) throws -> JSONValue {
        try mock.call(
            Mock.form(
                "/signature_request/send",
                fields: [
                    ("signers[0][name]", "Lee"), ("signers[0][email_address]", "lee@example.com"),
                    ("test_mode", "1"),
                ] + fields))["signature_request"] ?? .null
    }

    private func refusal(_ body: () throws(APIError) -> Void) -> APIError? {
        do { try body() } catch { return error }
        return nil
    }

    @Test func `both styles of a form, and JSON, mean the same`() throws {
        var mock = Mock()
        let bracketed = try send(
            &mock, [("metadata[order]", "7"), ("cc_email_addresses[]", "a@b.c")])
        let generated = try mock.call(
            Mock.form(
                "/signature_request/send",
                fields: [
                    ("signers", #"[{"name":"Lee","email_address":"lee@example.com"}]"#),
                    ("metadata", #"{"order":"7"}"#), ("cc_email_addresses", #"["a@b.c"]"#),
                    ("test_mode", "True"),
                ]))["signature_request"]
        for name in ["title", "metadata", "cc_email_addresses", "test_mode", "message"] {
            #expect(bracketed[name] == generated?[name], "\(name)")
        }
        #expect(bracketed["metadata"] == ["order": "7"])
        #expect(bracketed["signatures"]?[0]?["signer_email_address"] == "lee@example.com")
        #expect(bracketed["signatures"]?[0]?["status_code"] == "awaiting_signature")
        let id = try #require(bracketed["signature_request_id"]?.string)
        let same = try mock.call("GET", "/signature_request/\(id)")
        #expect(same["signature_request"] == bracketed)
    }

    @Test func `an error names the parameter, and changes nothing`() throws {
        var mock = Mock()
        let cases: [(fields: [(String, String)], path: String)] = [
            ([("signers[0][pin]", "1")], "signers[0].pin"),
            ([("expires_at", "12")], "expires_at"), ([("expires_at", "soon")], "expires_at"),
            (
                [("metadata[\(String(repeating: "k", count: 41))]", "v")],
                "metadata.\(String(repeating: "k", count: 40))"
            ),
            ([("subject", String(repeating: "x", count: 256))], "subject"),
            ([("cc_email_addresses[0]", "nobody")], "cc_email_addresses[0]"),
            ([("allow_decline", "perhaps")], "allow_decline"),
        ]
        for (fields, path) in cases {
            let error = #expect(throws: APIError.self) { try send(&mock, fields) }
            #expect(error?.name == .badRequest)
            #expect(error?.path == path)
        }
        #expect(mock.state.requests.count == 0)
        #expect(mock.state.files.count == 0)
        #expect(mock.state.nextDue() == nil)
        let none = refusal { () throws(APIError) in
            _ = try mock.call(
                "POST", "/signature_request/send", ["signers": [Self.signer], "test_mode": true])
        }
        #expect(none?.path == "files")
    }

    @Test func `unknown paths, methods and parameters`() throws {
        var mock = Mock()
        #expect(
            refusal { () throws(APIError) in _ = try mock.call("GET", "/nothing") }?.name
                == .notFound)
        #expect(
            refusal { () throws(APIError) in _ = try mock.call("PATCH", "/account") }?.name
                == .methodNotSupported)
        var state = mock.state
        let route = try Router(.current).route("GET", "/account")
        let arguments = try Arguments(
            APIRequest(method: "GET", path: "/account", query: "colour=red"), route, .current)
        let account = try #require(state.defaultAccount)
        let reply = try state.perform(
            Call(
                operation: route.operation, arguments: arguments, account: account, apiKey: "k",
                clientID: nil, nowMilliseconds: 0))
        #expect(reply.warnings.map(\.name) == ["parameter_ignored"])
    }

    @Test func `a request lives from send to its last signature`() throws {
        var mock = Mock()
        let request = try send(&mock)
        let id = try #require(request["signature_request_id"]?.string)
        #expect(mock.state.takeEmissions().isEmpty)
        let pending = refusal { () throws(APIError) in
            _ = try mock.call("GET", "/signature_request/files/\(id)")
        }
        #expect(pending?.name == .conflict)

        #expect(mock.state.dueJobs(now: mock.now + 249, atMost: 9).isEmpty)
        let due = mock.state.dueJobs(now: mock.now + 250, atMost: 9)
        let job = try #require(due.first)
        #expect(job.task == .processRequest(id))
        func move(_ move: SignatureRequest.Move) throws {
            let request = try #require(mock.state.requests[id])
            try mock.state.move(request, move, now: mock.now / 1000)
        }
        try move(.processed)
        try move(.view(0))
        try move(.sign(0, []))
        let emissions = mock.state.takeEmissions()
        #expect(
            emissions.map(\.type) == [
                .signatureRequestSent, .signatureRequestViewed, .signatureRequestSigned,
                .signatureRequestDownloadable, .signatureRequestAllSigned,
            ])
        let payload = emissions[4].payload(.account, now: mock.now / 1000)
        let callback = try Callback(payload: payload)
        #expect(callback.isAuthentic(apiKey: "key"))
        #expect(callback.signatureRequest?["is_complete"] == true)
        #expect(emissions[2].resource?.json["is_complete"] == false)
    }

    @Test func `a state is the same after it was written and read`() throws {
        var mock = Mock()
        _ = try send(&mock, [("metadata[a]", "ü"), ("subject", "S")])
        _ = try mock.call("POST", "/team/create", ["name": "Team"])
        _ = try mock.call(
            "POST", "/fax_line/create", ["area_code": 212, "country": "US"])
        var other = try MockState(mock.state.settings, rows: mock.written)
        #expect(other.takeChanges().isEmpty)
        #expect(other.requests.all == mock.state.requests.all)
        #expect(other.accounts.all == mock.state.accounts.all)
        #expect(other.nextDue() == mock.state.nextDue())
        #expect(other.identifier() == mock.state.identifier())
    }

    @Test func `equal seeds give equal ids`() throws {
        var (first, second, third) = (Mock(), Mock(), Mock { $0.seed = 2 })
        let ids = try [send(&first), send(&second), send(&third)].map {
            $0["signature_request_id"]
        }
        #expect(ids[0] == ids[1])
        #expect(ids[0] != ids[2])
    }
}
