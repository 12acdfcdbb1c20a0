import Callbacks

/// Which hashes of a callback are right, and why the others are not; never has a key in it.
package struct VerificationReport: Hashable, Sendable {
    /// What was read, such as `a request with a multipart form`.
    package let form: String
    package let eventType: String
    package let eventTime: String
    /// `event_hash` first, then the header hashes that came.
    package let hashes: [HashVerdict]

    /// Judges all hashes of `input`.
    ///
    /// - Parameters:
    ///   - input: What was received.
    ///   - apiKey: The account's key; `nil` means: the published development key.
    package init(_ input: VerificationInput, apiKey: String?) {
        form = input.form
        eventType = input.callback.eventType.rawValue
        eventTime = input.callback.eventTime
        let evidence = Evidence(input: input, apiKey: apiKey)
        hashes =
            [evidence.judgeEventHash()]
            + HeaderHash.allCases.compactMap { header in
                input.headers.first(header.rawValue).map { evidence.judge(header, value: $0) }
            }
    }

    /// 0 when all hashes are right, 1 otherwise.
    package var exitCode: Int32 { hashes.allSatisfy { $0.status == .right } ? 0 : 1 }

    /// The report for a terminal; ends with a line end.
    package func text() -> String {
        var lines = ["\(eventType.oneLine) at \(eventTime.oneLine), from \(form)"]
        for hash in hashes {
            lines.append(
                "\(hash.status == .right ? "✓" : "✗") \(hash.name) is \(hash.status.rawValue)")
            for sentence in hash.reasons { lines.append("    \(sentence)") }
            for remedy in hash.remedies { lines.append("    → \(remedy)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The report as one JSON object on one line.
    package func json() -> String {
        let value: JSONValue = [
            "type": "verification", "input": .string(form), "event_type": .string(eventType),
            "event_time": .string(eventTime), "exit_code": JSONValue(Int(exitCode)),
            "hashes": .array(
                hashes.map { hash in
                    [
                        "name": .string(hash.name), "status": .string(hash.status.rawValue),
                        "causes": .array(hash.causes.map { .string($0) }),
                        "reasons": .array(hash.reasons.map { .string($0) }),
                        "remedies": .array(hash.remedies.map { .string($0) }),
                    ]
                }),
        ]
        return value.text(.plain) + "\n"
    }
}

/// The verdict on one hash.
package struct HashVerdict: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable {
        case right, wrong, missing
    }

    /// Such as `event_hash`.
    package let name: String
    package let status: Status
    /// Stable words for what was found, such as `type-before-time`; for programs and tests.
    package let causes: [String]
    /// One sentence for each cause.
    package let reasons: [String]
    /// What to change.
    package let remedies: [String]

    init(_ name: String, _ status: Status, _ causes: [Cause] = []) {
        self.name = name
        self.status = status
        self.causes = causes.map(\.id)
        reasons = causes.map(\.reason)
        remedies = causes.map(\.remedy).filter { !$0.isEmpty }
    }
}

/// One way in which a hash can be wrong.
struct Cause: Hashable, Sendable {
    let id: String
    /// What was done, as a sentence.
    let reason: String
    /// What to do instead; empty where there is nothing to do.
    let remedy: String

    init(_ id: String, _ reason: String, _ remedy: String = "") {
        self.id = id
        self.reason = reason
        self.remedy = remedy
    }
}
