import Callbacks

/// What a journal's row says of a callback, read without taking the whole payload apart.
///
/// A payload is mostly signers and fields that nobody asks for here; they are skipped, octet by octet.
struct EventOutline {
    /// A callback with its `event` alone.
    let callback: Callback
    let signatureRequestID: String?

    /// Reads the members that count of a payload's JSON text; `nil` when it is no event.
    init?(json: [UInt8]) {
        var reader = JSONSkipper(json)
        var event: Range<Int>?
        var id: String?
        guard reader.enterObject() else { return nil }
        while let (name, value) = reader.nextMember() {
            if json[name].elementsEqual("event".utf8) {
                event = value
            } else if json[name].elementsEqual("signature_request".utf8) {
                id = Self.id(in: json[value])
            }
        }
        guard reader.isAtEnd, let event,
            let value = try? JSONValue(parsing: json[event]),
            let callback = try? Callback(payload: .object(JSONObject([("event", value)])))
        else { return nil }
        self.callback = callback
        signatureRequestID = id
    }

    private static func id(in json: ArraySlice<UInt8>) -> String? {
        let json = Array(json)
        var reader = JSONSkipper(json)
        guard reader.enterObject() else { return nil }
        while let (name, value) = reader.nextMember() {
            guard json[name].elementsEqual("signature_request_id".utf8) else { continue }
            return (try? JSONValue(parsing: json[value]))?.string
        }
        return nil
    }
}

/// Goes through the members of a JSON object and skips their values.
///
/// It looks at strings and brackets alone: what it takes for a value may be none, which whoever reads it
/// finds out.
struct JSONSkipper {
    private let json: [UInt8]
    private var index = 0
    private var hasEnded = false

    init(_ json: [UInt8]) { self.json = json }

    /// Whether the object was read to its end, with nothing but space behind it.
    var isAtEnd: Bool { hasEnded && json[index...].allSatisfy(Self.isSpace) }

    mutating func enterObject() -> Bool {
        skipSpace()
        guard index < json.count, json[index] == UInt8(ascii: "{") else { return false }
        index += 1
        return true
    }

    /// The next member: where its name is, without quotes, and its value.
    mutating func nextMember() -> (name: Range<Int>, value: Range<Int>)? {
        skipSpace()
        guard index < json.count else { return nil }
        if json[index] == UInt8(ascii: ",") {
            index += 1
            skipSpace()
        }
        guard index < json.count, json[index] != UInt8(ascii: "}") else {
            hasEnded = index < json.count
            index = min(index + 1, json.count)
            return nil
        }
        let start = index
        guard skipString() else { return nil }
        let name = (start + 1)..<(index - 1)
        skipSpace()
        guard index < json.count, json[index] == UInt8(ascii: ":") else { return nil }
        index += 1
        skipSpace()
        let value = index
        guard skipValue(), index > value else { return nil }
        return (name, value..<index)
    }

    private mutating func skipSpace() {
        while index < json.count, Self.isSpace(json[index]) { index += 1 }
    }

    private static func isSpace(_ octet: UInt8) -> Bool {
        octet == 0x20 || octet == 0x0a || octet == 0x0d || octet == 0x09
    }

    private mutating func skipString() -> Bool {
        guard index < json.count, json[index] == UInt8(ascii: "\"") else { return false }
        return json.withUnsafeBufferPointer { json in
            var place = index + 1
            defer { index = place }
            while place < json.count {
                switch json[place] {
                case UInt8(ascii: "\""):
                    place += 1
                    return true
                case UInt8(ascii: "\\"): place += 2
                default: place += 1
                }
            }
            place = json.count
            return false
        }
    }

    /// Skips to the end of a value: strings count as one thing, and brackets are counted.
    private mutating func skipValue() -> Bool {
        var depth = 0
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "\""): guard skipString() else { return false }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return true }
                depth -= 1
                index += 1
                if depth == 0 { return true }
            case UInt8(ascii: ","):
                if depth == 0 { return true }
                index += 1
            default: index += 1
            }
            if depth == 0, index < json.count, json[index] == UInt8(ascii: ",") { return true }
        }
        return depth == 0
    }
}
