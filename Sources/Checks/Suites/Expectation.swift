import Callbacks

/// What a suite's check expects of an answer.
package struct Expectation: Hashable, Sendable {
    /// Whether the service would take the event as received; `nil` leaves it open.
    package var isAcknowledged: Bool?
    package var status: Int?
    package var body: [TextExpectation]
    /// By header name.
    package var headers: [Header]
    /// The longest that the answer may take.
    package var within: Duration?

    /// What a header field must be.
    package struct Header: Hashable, Sendable {
        package var name: String
        package var expectations: [TextExpectation]

        package init(name: String, expectations: [TextExpectation]) {
            self.name = name
            self.expectations = expectations
        }
    }

    package init(
        isAcknowledged: Bool? = true, status: Int? = nil, body: [TextExpectation] = [],
        headers: [Header] = [], within: Duration? = nil
    ) {
        self.isAcknowledged = isAcknowledged
        self.status = status
        self.body = body
        self.headers = headers
        self.within = within
    }

    /// What was expected and did not come, one line each; empty when all is as expected.
    package func mismatches(_ observation: Observation) -> [String] {
        var lines: [String] = []
        guard let actual = observation.status else {
            // A refusal is an answer, too.
            return ["expected an answer: \(observation.came)"]
        }
        if let status, status != actual { lines.append("expected status \(status), got \(actual)") }
        if let isAcknowledged, isAcknowledged != observation.isAcknowledged {
            let text =
                isAcknowledged
                ? observation.mismatch : "expected no acknowledgement, got \(observation.came)"
            if !lines.contains(text) { lines.append(text) }
        }
        let text = String(decoding: observation.body, as: UTF8.self)
        lines += body.compactMap { $0.mismatch("body", text, excerpt: observation.excerpt) }
        for header in headers { lines += mismatches(of: header, observation.headers) }
        if let within, observation.duration > within {
            lines.append(
                "expected an answer within \(within.seconds), got it after "
                    + observation.duration.seconds)
        }
        return lines
    }

    private func mismatches(of header: Header, _ fields: [HeaderField]) -> [String] {
        guard let value = fields.first(header.name) else {
            return ["expected a header \(header.name), got none"]
        }
        return header.expectations.compactMap {
            $0.mismatch("header \(header.name)", value, excerpt: "'\(value.oneLine)'")
        }
    }
}

/// What a text must be like.
package enum TextExpectation: Hashable, Sendable {
    case equals(String)
    case contains(String)
    case lacks(String)
    /// A regular expression in Swift's syntax, found anywhere in the text.
    case matches(String)

    func mismatch(_ what: String, _ text: String, excerpt: String) -> String? {
        switch self {
        case .equals(let expected):
            text == expected ? nil : "expected the \(what) '\(expected.oneLine)', got \(excerpt)"
        case .contains(let part):
            text.contains(part) ? nil : "expected '\(part.oneLine)' in the \(what), got \(excerpt)"
        case .lacks(let part):
            text.contains(part)
                ? "expected no '\(part.oneLine)' in the \(what), got \(excerpt)" : nil
        case .matches(let pattern):
            Self.matches(text, pattern)
                ? nil : "expected a match of /\(pattern)/ in the \(what), got \(excerpt)"
        }
    }

    /// A pattern that cannot be read matches nothing; the reader of suites has refused it before.
    private static func matches(_ text: String, _ pattern: String) -> Bool {
        (try? Regex(pattern)).map { text.firstMatch(of: $0) != nil } ?? false
    }
}
