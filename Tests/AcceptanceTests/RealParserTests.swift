import Callbacks
import Fixtures
import Foundation
import Testing

private let now: Int64 = 1_760_000_000

@Suite struct RealParserTests {
    @Test(.timeLimit(.minutes(5)))
    func `the official SDK reads and verifies every event`() async throws {
        let python = try #require(
            Program.python, "COUNTERSIGN_TEST_PYTHON is not set; run scripts/test")
        var factory = EventFactory(seed: 1, now: now, apiKey: DevelopmentKey.value)
        var lines: [[UInt8]] = []
        var expected: [String] = []
        for type in EventType.all {
            for kind in type.known?.kinds ?? [] {
                lines.append(try factory.event(type, kind: kind).json)
                expected.append("\(type) \(kind.rawValue)_callback True False")
            }
        }
        for name in Flow.builtInNames {
            let flow = try Flow(builtIn: name)
            for played in try flow.play(seed: 2, now: now, apiKey: DevelopmentKey.value) {
                lines.append(played.event.json)
                expected.append(
                    "\(played.event.eventType) \(played.event.kind.rawValue)_callback True False")
            }
        }
        let input = Data(lines.joined(separator: [UInt8(ascii: "\n")]))
        let result = try await Program.run(
            python, ["\(Program.clients)/official_sdk.py", DevelopmentKey.value],
            in: Program.root, input: input)
        #expect(result.exitCode == 0, "\(result.error.suffix(2000))")
        let judged = result.output.split(separator: "\n").map(String.init)
        #expect(judged.count == expected.count)
        for (line, expected) in zip(judged, expected) {
            #expect(line.replacing("EventType.", with: "") == expected)
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `ten thousand events come back from a real parser without a difference`() async throws {
        let python = try #require(
            Program.python, "COUNTERSIGN_TEST_PYTHON is not set; run scripts/test")
        var generator = SeededGenerator(seed: 8)
        var requests = Data()
        var sent = Data()
        for _ in 0..<10_000 {
            let json = Self.event(&generator).encoded(.service)
            let boundary = BodyForm.boundary(generator.next())
            let form: BodyForm = generator.next() % 4 == 0 ? .urlencoded : .multipart
            let request = WireFormat(form: form).request(
                json: json, hashes: nil, boundary: boundary)
            let type = request.headers.first("Content-Type") ?? ""
            requests += Data("\(request.body.count) \(type)\n".utf8) + request.body
            sent += Data("\(json.count)\n".utf8) + json
        }
        let folder = FileManager.default.temporaryDirectory
        let result = try await Program.run(
            python, ["\(Program.clients)/form_parser.py"], in: folder, input: requests)
        #expect(result.exitCode == 0, "\(result.error.suffix(2000))")
        let isSame = Data(result.output.utf8) == sent
        // A comparison inside of the macro would print millions of differences.
        #expect(isSame)
    }

    /// An event with texts that are hard on parsers.
    private static func event(_ generator: inout SeededGenerator) -> JSONValue {
        let hard = [
            "\r\n--", "json", "a/b", "\\/", "\"", "\u{0}", "\u{1f600}", "שלום", "ü", "\u{2028}",
            "&=+%",
            "\t", "</script>", "é", "\u{7f}", "--\r\n", "Content-Disposition: form-data",
        ]
        func text() -> JSONValue {
            .string((0..<generator.next() % 6).map { _ in generator.pick(hard) }.joined())
        }
        let type = generator.pick(EventType.all)
        return [
            "event": [
                "event_type": .string(type.rawValue), "event_time": .string(String(now)),
                "event_hash": .string(generator.identifier(64)),
                "event_metadata": ["event_message": text(), "related_signature_id": nil],
            ],
            "signature_request": [
                "title": text(), "created_at": JSONValue(Int(generator.next() >> 20)),
                "is_complete": .bool(generator.next() % 2 == 0), "metadata": [:],
                "x": [text(), 1, []],
            ],
        ]
    }
}
