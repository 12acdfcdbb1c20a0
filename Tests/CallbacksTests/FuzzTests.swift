import Callbacks
import TestSupport
import Testing

/// Random edits of good inputs: whatever comes of them, it is a value or a ``CallbackError``.
@Suite struct FuzzTests {
    static let json = Array(
        #"{"event":{"event_type":"a\/b","event_time":"1","n":[1,-2.5e3,true,null,"\ud83d\ude00é"]}}"#
            .utf8)
    static let interesting = Array("{}[]\",:\\u0deE+-.%=&;\r\n- \u{0}".utf8) + [0x80, 0xc3, 0xff]

    /// One to four octets changed, put in, taken out, or a piece doubled.
    static func edited(_ input: [UInt8], with generator: inout SeededNumbers) -> [UInt8] {
        var bytes = input
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0..<max(1, bytes.count), using: &generator)
            let byte =
                Bool.random(using: &generator)
                ? interesting.randomElement(using: &generator) ?? 0
                : UInt8.random(in: 0...255, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0 where !bytes.isEmpty: bytes[place] = byte
            case 1 where !bytes.isEmpty: bytes.remove(at: place)
            case 2 where !bytes.isEmpty: bytes.insert(contentsOf: bytes[place...], at: place)
            case 3: bytes = Array(bytes.prefix(place))
            default: bytes.insert(byte, at: min(place, bytes.count))
            }
        }
        return bytes
    }

    @Test func `the parser takes or refuses, and what it takes it writes again`() throws {
        var generator = SeededNumbers(seed: 1)
        var takenCount = 0
        for _ in 0..<10_000 {
            let input = Self.edited(Self.json, with: &generator)
            guard
                let value = try accepted({ () throws(CallbackError) in
                    try JSONValue(parsing: input)
                })
            else { continue }
            takenCount += 1
            for encoding in [JSONEncoding.service, .plain, .readable] {
                #expect(try JSONValue(parsing: value.encoded(encoding)) == value, "\(input)")
            }
        }
        #expect((20..<9_980).contains(takenCount), "the edits are too mild or too wild")
    }

    @Test(arguments: BodyForm.allCases)
    func `forms are read or refused`(form: BodyForm) throws {
        var generator = SeededNumbers(seed: 2)
        var takenCount = 0
        let good = form.body(json: Self.json, boundary: "b-1")
        let type = Array(form.contentType(boundary: "b-1").utf8)
        for round in 0..<10_000 {
            let body = Self.edited(good, with: &generator)
            let edited = round % 4 == 0 ? Self.edited(type, with: &generator) : type
            let contentType = String(decoding: edited, as: UTF8.self)
            let callback = try accepted { () throws(CallbackError) in
                try Callback(contentType: contentType, body: body)
            }
            if let callback {
                takenCount += 1
                #expect(callback.payload["event"]?.object != nil)
            }
        }
        #expect((20..<9_980).contains(takenCount), "the edits are too mild or too wild")
    }

    /// The value, or `nil` for a refusal that has a message.
    func accepted<Value>(_ body: () throws(CallbackError) -> Value) throws -> Value? {
        do {
            return try body()
        } catch {
            try #require(!error.message.isEmpty)
            return nil
        }
    }
}
