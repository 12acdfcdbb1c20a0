package import Callbacks
import OpenSSL

/// Makes signed events one after another, very fast; for load and for measuring.
///
/// Each kind of event is made once by ``EventFactory`` and then told again and again with other
/// identifiers, each event one second after the one before.
package struct EventStream: ~Copyable {
    private let templates: [PayloadTemplate]
    private var generator: SeededGenerator
    private var authenticator: MessageAuthenticator
    private var time: Int64
    private var index = 0

    /// A stream that goes through `types` again and again.
    ///
    /// - Throws: ``FixtureError`` with code `wrongKind`.
    package init(
        _ types: [(type: EventType, kind: CallbackKind)], seed: UInt64, now: Int64, apiKey: String
    ) throws(FixtureError) {
        precondition(!types.isEmpty, "a stream of nothing")
        var templates: [PayloadTemplate] = []
        for (index, (type, kind)) in types.enumerated() {
            templates.append(try PayloadTemplate(type, kind, seed: seed &+ UInt64(index), now: now))
        }
        self.templates = templates
        generator = SeededGenerator(seed: seed)
        authenticator = MessageAuthenticator(.sha256, key: apiKey.utf8)
        time = now
    }

    /// The type of the next event.
    package var nextType: EventType { templates[index].type }

    /// The JSON text of the next event.
    package mutating func next() -> [UInt8] {
        let template = templates[index]
        index = index + 1 == templates.count ? 0 : index + 1
        defer { time += 1 }
        return template.fill(time: time, &generator, &authenticator)
    }
}

/// The JSON text of an event with holes for what differs from event to event.
private struct PayloadTemplate: Sendable {
    let type: EventType
    private let text: [UInt8]
    /// Where an identifier stands again that was drawn at another place.
    private let copies: [(place: Int, source: Int, count: Int)]
    private let identifiers: [Range<Int>]
    private let hashPlace: Int
    private let timePlace: Int
    private let typeBytes: [UInt8]

    /// Digits of a time: Unix seconds from 2001 to 2286.
    private static let timeDigits = 10

    init(
        _ type: EventType, _ kind: CallbackKind, seed: UInt64, now: Int64
    ) throws(FixtureError) {
        precondition(String(now).utf8.count == Self.timeDigits, "no time of our days")
        self.type = type
        typeBytes = Array(type.rawValue.utf8)
        var factory = EventFactory(seed: seed, now: now, apiKey: "")
        factory.generator.record = []
        let event = try factory.event(type, kind: kind)
        text = event.json
        let hash = event.payload["event"]?["event_hash"]?.string ?? ""
        hashPlace = Self.places(of: "\"event_hash\":\"" + hash, in: text)[0] + 14
        timePlace = Self.places(of: "\"event_time\":\"", in: text)[0] + 14
        var identifiers: [Range<Int>] = []
        var copies: [(place: Int, source: Int, count: Int)] = []
        for identifier in factory.generator.record ?? [] {
            let places = Self.places(of: identifier, in: text)
            guard let first = places.first else { continue }
            let count = identifier.utf8.count
            identifiers.append(first..<first + count)
            copies += places.dropFirst().map { ($0, first, count) }
        }
        self.identifiers = identifiers
        self.copies = copies
    }

    private static func places(of part: String, in text: [UInt8]) -> [Int] {
        let part = Array(part.utf8)
        return text.indices.filter { text[$0...].starts(with: part) }
    }

    func fill(
        time: Int64, _ generator: inout SeededGenerator, _ authenticator: inout MessageAuthenticator
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: text.count) { buffer, count in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            bytes.copyBytes(from: text)
            count = text.count
            for range in identifiers {
                generator.writeDigits(into: UnsafeMutableRawBufferPointer(rebasing: bytes[range]))
            }
            for copy in copies {
                UnsafeMutableRawBufferPointer(rebasing: bytes[copy.place..<copy.place + copy.count])
                    .copyMemory(
                        from: UnsafeRawBufferPointer(
                            rebasing: bytes[copy.source..<copy.source + copy.count]))
            }
            var rest = time
            for place in (timePlace..<timePlace + Self.timeDigits).reversed() {
                bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            sign(bytes, &authenticator)
        }
    }

    private func sign(
        _ bytes: UnsafeMutableRawBufferPointer, _ authenticator: inout MessageAuthenticator
    ) {
        let count = Self.timeDigits + typeBytes.count
        withUnsafeTemporaryAllocation(byteCount: count + 32, alignment: 1) { scratch in
            let message = UnsafeMutableRawBufferPointer(rebasing: scratch[..<count])
            let code = UnsafeMutableRawBufferPointer(rebasing: scratch[count...])
            message.copyBytes(from: bytes[timePlace..<timePlace + Self.timeDigits])
            UnsafeMutableRawBufferPointer(rebasing: message[Self.timeDigits...])
                .copyBytes(from: typeBytes)
            authenticator.authenticate(UnsafeRawBufferPointer(message), into: code)
            for (index, byte) in code.enumerated() {
                bytes[hashPlace + 2 * index] = Self.digit(byte >> 4)
                bytes[hashPlace + 2 * index + 1] = Self.digit(byte & 0xf)
            }
        }
    }

    private static func digit(_ number: UInt8) -> UInt8 {
        number &+ (number < 10 ? 0x30 : 0x57)  // "0"; "a" less ten
    }
}
