@testable import Relay

/// A head as ``HTTPHead`` read it, in words, so that two readings can be compared.
struct HeadReading: Equatable {
    enum Kind: Hashable, Sendable {
        case request
        case answer
        /// An answer to a HEAD request.
        case answerToHead
    }

    struct Field: Equatable, CustomStringConvertible {
        var name: String
        var value: String
        var kind: HTTPHead.FieldKind
        /// From the name's first octet to behind the line's end.
        var line: String

        var description: String { "\(name)=\(value)" }
    }

    static let limit = 64 << 10

    let count: Int
    let method: String
    let target: String
    let status: Int
    let minorVersion: Int
    let host: String?
    let framing: HTTPHead.Framing
    let wantsClose: Bool
    let wantsKeepAlive: Bool
    let wantsUpgrade: Bool
    let keepsConnection: Bool
    let fields: [Field]

    /// Reads a head at once; `nil` when it is not whole.
    init?(_ kind: Kind, _ text: String, limit: Int = limit) throws {
        try self.init(kind, octets(text), limit: limit)
    }

    init?(_ kind: Kind, _ bytes: [UInt8], limit: Int = limit) throws {
        var head = HTTPHead()
        var scanned = 0
        guard try head.read(kind, bytes, &scanned, limit) else { return nil }
        self.init(kind, head, bytes)
    }

    /// Reads a head of which more and more is there, up to each of `ends` in turn.
    init?(_ kind: Kind, _ bytes: [UInt8], growingTo ends: some Sequence<Int>) throws {
        var head = HTTPHead()
        var scanned = 0
        for end in ends {
            // Each time somewhere else, as a buffer that grows is.
            let part = Array(bytes[..<end])
            if try head.read(kind, part, &scanned, Self.limit) {
                self.init(kind, head, part)
                return
            }
        }
        return nil
    }

    private init(_ kind: Kind, _ head: HTTPHead, _ bytes: [UInt8]) {
        count = head.count
        method = kind == .request ? text(bytes[head.method]) : ""
        target = kind == .request ? text(bytes[head.target]) : ""
        status = head.status
        minorVersion = head.minorVersion
        host = head.host.map { text(bytes[$0]) }
        framing = head.framing
        wantsClose = head.wantsClose
        wantsKeepAlive = head.wantsKeepAlive
        wantsUpgrade = head.wantsUpgrade
        keepsConnection = head.keepsConnection
        fields = head.fields.map { field in
            Field(
                name: text(bytes[field.start..<field.nameEnd]),
                value: text(bytes[field.valueStart..<field.valueEnd]), kind: field.kind,
                line: text(bytes[field.start..<field.end]))
        }
    }
}

extension HTTPHead {
    mutating func read(
        _ kind: HeadReading.Kind, _ bytes: [UInt8], _ scanned: inout Int, _ limit: Int
    ) throws -> Bool {
        try bytes.withUnsafeBytes { raw in
            switch kind {
            case .request: try read(request: raw, scanned: &scanned, limit: limit)
            case .answer, .answerToHead:
                try read(
                    answer: raw, scanned: &scanned, limit: limit, isToHead: kind == .answerToHead)
            }
        }
    }
}

/// Why a head is refused, or `nil` when it is not.
func headRefusal(of kind: HeadReading.Kind, _ text: String) -> HTTPRefusal? {
    do {
        _ = try HeadReading(kind, text)
        return nil
    } catch {
        return error as? HTTPRefusal
    }
}

extension HTTPRefusal {
    /// What is wrong with a malformed message.
    var words: String {
        switch self {
        case .malformed(let what): what.text
        case .headTooLarge: "too large"
        case .versionNotSupported: "version"
        }
    }
}
