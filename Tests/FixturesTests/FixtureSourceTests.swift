import Callbacks
import Foundation
import Testing

@testable import Fixtures

private let source = FixtureSource(seed: 1, now: 1_760_000_000, apiKey: "key")

/// A folder that goes with the test.
private func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
    try body(folder.path())
}

private func event(_ type: String, _ time: Int) -> String {
    #"{"event":{"event_type":"\#(type)","event_time":"\#(time)","event_hash":"0"}}"#
}

@Suite struct FixtureSourceTests {
    @Test func `a file's event is kept byte for byte`() throws {
        let text = #"{ "event": {"event_type":"x\/y","event_time":"5"}, "n": 1.50 }"#
        try withFolder(["a.json": text + "\n"]) { folder in
            let events = try source.load(folder + "/a.json")
            #expect(events.map { String(decoding: $0.json, as: UTF8.self) } == [text])
        }
    }

    @Test func `a folder is read by name, lists and lines one by one, at their times`() throws {
        try withFolder([
            "b.ndjson": event("two", 110) + "\n\n" + event("three", 170) + "\n",
            "a.json": "[" + event("one", 100) + "]", "notes.txt": "no event",
        ]) { folder in
            let events = try source.load(folder)
            let types = events.compactMap { $0.payload["event"]?["event_type"]?.string }
            #expect(types == ["one", "two", "three"])
            #expect(events.map(\.offset) == [.zero, .zero, .seconds(60)])
            #expect(events[2].source.hasSuffix("b.ndjson:3"))
        }
    }

    @Test func `a flow is played at its times`() throws {
        let events = try source.load("flow:decline")
        #expect(events.map(\.offset) == [.zero, .seconds(120), .seconds(300)])
    }

    @Test(arguments: [
        ("a.json", "{", "no JSON"), ("a.json", "[1]", "no event"), ("a.json", "{}", "no event"),
        ("a.ndjson", "\n{}", ":2: no event"), ("a.json", "", "no JSON"),
        ("a.json", #"{"event":{"event_type":5,"event_time":"1"}}"#, "event.event_type"),
    ])
    func `what is no event is refused with its place`(
        _ name: String, _ text: String, _ message: String
    ) throws {
        try withFolder([name: text]) { folder in
            let error = #expect(throws: FixtureError.self) { try source.load(folder + "/" + name) }
            #expect(error?.code == .malformedFile)
            #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
        }
    }

    @Test func `what is not there or empty is refused`() throws {
        #expect(throws: FixtureError.self) { try source.load("/no/such/file.json") }
        let flow = #expect(throws: FixtureError.self) { try source.load("decline") }
        #expect(flow?.message.contains("flow:decline") == true)
        let unknown = #expect(throws: FixtureError.self) { try source.load("flow:declin") }
        #expect(unknown?.message.contains("did you mean decline") == true)
        try withFolder([:]) { folder in
            let error = #expect(throws: FixtureError.self) { try source.load(folder) }
            #expect(error?.code == .empty)
        }
    }
}
