import Callbacks
import Foundation
import Testing

@Suite struct CallbackTests {
    static let hash = "5c948cbd8290db35426dd4aaea182e0f3ca8a8b8300eb696df6f2f40fd863628"

    func callback(_ json: String) throws(CallbackError) -> Callback {
        try Callback(json: json.utf8)
    }

    @Test func `everything that a handler asks for is read`() throws {
        let callback = try callback(
            """
            {"event": {"event_time": "1700000000", "event_type": "callback_test",
                "event_hash": "\(Self.hash)", "event_metadata": {
                    "related_signature_id": "s1", "reported_for_account_id": "a1",
                    "reported_for_app_id": null, "event_message": "why", "more": [1]}},
             "signature_request": {"title": "S"}, "template": {"title": "T"},
             "account": {"title": "A"}, "fax": {"title": "F"}, "new_member": true}
            """)
        #expect(callback.eventType == .callbackTest)
        #expect(callback.eventTime == "1700000000")
        #expect(callback.eventHash == Self.hash)
        #expect(callback.kind == .account)
        #expect(callback.relatedSignatureID == "s1")
        #expect(callback.eventMessage == "why")
        #expect(callback.metadata?["more"]?[0]?.integer == 1)
        let resources = [
            callback.signatureRequest, callback.template, callback.account, callback.fax,
        ]
        #expect(resources.map { $0?["title"]?.string } == ["S", "T", "A", "F"])
        #expect(callback.payload["new_member"] == true)
    }

    @Test(arguments: [
        ("{}", CallbackKind.account), (#"{"reported_for_app_id":null}"#, .account),
        (#"{"reported_for_app_id":""}"#, .account), (#"{"reported_for_app_id":"c"}"#, .app),
        (#"{"reported_for_account_id":"a","reported_for_app_id":"c"}"#, .app), ("null", .account),
    ])
    func `a callback that names an app is the app's`(metadata: String, kind: CallbackKind) throws {
        let callback = try callback(
            #"{"event":{"event_time":"1","event_type":"t","event_metadata":\#(metadata)}}"#)
        #expect(callback.kind == kind)
    }

    @Test func `the hash tells whether it is authentic`() throws {
        func isAuthentic(
            time: String = #""1700000000""#, type: String = "callback_test",
            hash: String = Self.hash,
            key: String = publishedKey
        ) throws -> Bool {
            try callback(
                #"{"event":{"event_time":\#(time),"event_type":"\#(type)","event_hash":"\#(hash)"}}"#
            ).isAuthentic(apiKey: key)
        }
        #expect(try isAuthentic())
        #expect(try isAuthentic(time: "1700000000"), "a time that is a number keeps its text")
        #expect(try !isAuthentic(time: #""1700000001""#))
        #expect(try !isAuthentic(type: "fax_sent"))
        #expect(try !isAuthentic(hash: Self.hash.uppercased()))
        #expect(try !isAuthentic(hash: ""))
        #expect(try !isAuthentic(key: publishedKey + " "))
        #expect(try !isAuthentic(key: ""))
    }

    @Test(arguments: [
        ("[]", "event"), ("{}", "event"), (#"{"event":[]}"#, "event"),
        (#"{"event":{}}"#, "event.event_type"),
        (#"{"event":{"event_type":1,"event_time":"1"}}"#, "event.event_type"),
        (#"{"event":{"event_type":"t"}}"#, "event.event_time"),
        (#"{"event":{"event_type":"t","event_time":null}}"#, "event.event_time"),
    ])
    func `JSON that is no event is refused with the place`(json: String, path: String) {
        let error = #expect(throws: CallbackError.self) { try callback(json) }
        #expect(error?.code == .malformedEvent)
        #expect(error?.path == path)
        #expect(error?.description.hasPrefix("malformedEvent at \(path): ") == true)
    }

    @Test func `a missing hash is an empty one`() throws {
        let callback = try callback(#"{"event":{"event_type":"t","event_time":"1"}}"#)
        #expect(callback.eventHash.isEmpty)
        #expect(callback.metadata == nil)
        #expect(callback.relatedSignatureID == nil)
    }

    static let examples = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared/reference/examples").standardizedFileURL

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: examples.path),
            "the official examples are not beside the package"),
        arguments: [("Account", 8), ("App", 4)])
    func `the official fixtures are authentic`(kind: String, count: Int) throws {
        let file = Self.examples.appending(path: "EventCallbackHelper_\(kind)Callbacks.json")
        let fixtures = try JSONValue(parsing: Data(contentsOf: file))
        let members = try #require(fixtures.object?.members)
        #expect(members.count == count)
        for member in members {
            let callback = try Callback(payload: member.value)
            #expect(callback.isAuthentic(apiKey: publishedKey), "\(member.name)")
            #expect(callback.kind == (kind == "App" ? .app : .account), "\(member.name)")
        }
    }
}
