package import Callbacks
import Checks
import Fixtures
package import HTTPTransport
package import Journal
import OpenSSL

/// All settings, resolved and valid.
package struct Settings: Sendable {
    /// `nil` when none was given.
    package var apiKey: String?
    package var destination: Destination?
    package var journal: JournalConfiguration
    package var client: HTTPClientConfiguration
    package var wire: WireFormat
    package var seed: UInt64

    /// The folder for data when none is named.
    package static let defaultFolder = ".countersign"
    /// The seed when none is named: runs are alike until somebody asks for variety.
    package static let defaultSeed: UInt64 = 1

    /// The key that signs events: the given one, or the published one.
    package var signingKey: String { apiKey ?? DevelopmentKey.value }

    /// Resolves all settings.
    ///
    /// - Throws: ``Problem`` that names the value, where it stands, and what would fit.
    package init(_ sources: SettingSources) throws(Problem) {
        apiKey = try Self.parsed(sources.value(.apiKey), "a key that is not empty") {
            $0.isEmpty ? nil : $0
        }
        seed =
            try Self.parsed(sources.value(.seed), "a number from 0") { UInt64($0) }
            ?? Self.defaultSeed
        destination = try sources.value(.forwardTo).map { value throws(Problem) in
            try Self.destination(value.text, origin: value.origin)
        }
        let isEphemeral = try Self.flag(sources.value(.ephemeral))
        let durability = try Self.choice(sources.value(.sync), JournalConfiguration.Durability.self)
        journal = JournalConfiguration(
            storage: isEphemeral
                ? .memory : .folder(sources.value(.data)?.text ?? Self.defaultFolder),
            durability: durability ?? .process)
        let timeout = try Self.parsed(sources.value(.timeout), "a time such as 30s or 500ms") {
            TimeSpan.parse($0).flatMap { $0 > .zero ? $0 : nil }
        }
        client = HTTPClientConfiguration(
            timeout: timeout ?? .seconds(30), trust: try Self.trust(sources))
        wire = try Self.wire(sources)
    }

    /// Where requests go.
    ///
    /// - Throws: ``Problem`` with code `missingAddress` when it was not said.
    package func requireDestination() throws(Problem) -> Destination {
        if let destination { return destination }
        throw Problem(
            .missingAddress,
            "no handler to send to; name it with --forward-to, such as -f localhost:3000/callbacks")
    }

    /// An address that a person typed.
    package static func destination(
        _ text: String, origin: String
    ) throws(Problem) -> Destination {
        do { return try Destination(parsing: text) } catch {
            throw Problem(.malformedAddress, error.description, at: origin)
        }
    }

    private static func trust(_ sources: SettingSources) throws(Problem) -> TLSContext.Trust {
        if try flag(sources.value(.skipVerify)) { return .anybody }
        return sources.value(.ca).map { .authorities(file: $0.text) } ?? .system
    }

    private static func wire(_ sources: SettingSources) throws(Problem) -> WireFormat {
        var wire = WireFormat()
        wire.form = try choice(sources.value(.body), BodyForm.self) ?? wire.form
        wire.userAgent =
            try parsed(sources.value(.userAgent), "a text without line ends") {
                $0.isHeaderText ? $0 : nil
            } ?? wire.userAgent
        wire.contentSHA256 =
            try choice(sources.value(.contentSHA256), WireFormat.ContentSHA256.self)
            ?? wire.contentSHA256
        wire.additionalHeaders = try sources.values(.header).map { value throws(Problem) in
            guard let header = try parsed(value, "'Name: value'", HeaderField.init(parsing:)) else {
                preconditionFailure("a value was given")
            }
            return header
        }
        return wire
    }

    static func parsed<Value>(
        _ value: SettingValue?, _ expected: String, _ parse: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let value else { return nil }
        if let parsed = parse(value.text) { return parsed }
        throw Problem(
            .wrongValue, "'\(value.text)' does not fit; \(expected) is expected", at: value.origin)
    }

    static func flag(_ value: SettingValue?) throws(Problem) -> Bool {
        try parsed(value, "true or false") {
            ["true": true, "1": true, "on": true, "false": false, "0": false, "off": false][
                $0.lowercased()]
        } ?? false
    }

    static func choice<Value: RawRepresentable & CaseIterable>(
        _ value: SettingValue?, _ type: Value.Type
    ) throws(Problem) -> Value? where Value.RawValue == String {
        let known = Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return try parsed(value, "one of \(known)") { Value(rawValue: $0) }
    }
}

extension HeaderField {
    /// Reads `Name: value`; `nil` when it is none, or when it could smuggle a line in.
    init?(parsing text: String) {
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else { return nil }
        let name = String(text[..<colon])
        let value = text[text.index(after: colon)...].drop { $0 == " " }
        let isToken = name.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7f && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
        }
        guard isToken, value.isHeaderText else { return nil }
        self.init(name, String(value))
    }
}

extension StringProtocol {
    /// Whether it can be a header's value: printable ASCII and spaces (RFC 9110, section 5.5).
    fileprivate var isHeaderText: Bool {
        !isEmpty && utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 0x09 }
    }
}
