/// What a check came to.
package struct Verdict: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable, CaseIterable {
        case pass, fail, warn, info, skipped
    }

    package var status: Status
    /// One line: the reason, or what is worth knowing; empty for a plain pass.
    package var message: String
    /// The cases that led to it.
    package var findings: [Finding]

    package init(_ status: Status, _ message: String = "", findings: [Finding] = []) {
        self.status = status
        self.message = message
        self.findings = findings
    }

    package static let pass = Verdict(.pass)

    package static func pass(_ note: String) -> Verdict { Verdict(.pass, note) }
    package static func fail(_ reason: String, _ findings: [Finding] = []) -> Verdict {
        Verdict(.fail, reason, findings: findings)
    }
    package static func warn(_ reason: String, _ findings: [Finding] = []) -> Verdict {
        Verdict(.warn, reason, findings: findings)
    }
    package static func info(_ note: String, _ findings: [Finding] = []) -> Verdict {
        Verdict(.info, note, findings: findings)
    }
    package static func skipped(_ reason: String) -> Verdict { Verdict(.skipped, reason) }
}

/// One case and what was wrong or notable about the answer.
package struct Finding: Hashable, Sendable {
    /// The case's name within its rule.
    package var caseName: String
    /// One line.
    package var text: String
    /// A shell line that sends the same request; `nil` when there is none.
    package var reproduction: String?
    /// The same for a terminal, where a whole payload is in the way: the checker makes the body.
    package var shortReproduction: String?

    package init(
        caseName: String, text: String, reproduction: String? = nil,
        shortReproduction: String? = nil
    ) {
        self.caseName = caseName
        self.text = text
        self.reproduction = reproduction
        self.shortReproduction = shortReproduction
    }
}
