/// The verdicts on one handler: what every report is made of.
package struct ReportCard: Hashable, Sendable {
    /// The handler's URL.
    package var target: String
    package var seed: UInt64
    /// Where the key came from; `nil` when none was needed.
    package var key: Baseline.Key?
    package var results: [CheckResult]
    package var duration: Duration
    /// Why the run could not begin; then there are no results.
    package var runError: CheckError?

    package init(
        target: String, seed: UInt64 = 0, key: Baseline.Key? = nil, results: [CheckResult] = [],
        duration: Duration = .zero, runError: CheckError? = nil
    ) {
        self.target = target
        self.seed = seed
        self.key = key
        self.results = results
        self.duration = duration
        self.runError = runError
    }

    /// 0 when nothing failed, 1 when something did or nothing could be judged, 2 without a run.
    package var exitCode: Int32 {
        if runError != nil { return 2 }
        return hasFailures || isEmptyOfVerdicts || isBlind ? 1 : 0
    }

    /// Whether rules were skipped for want of the handler's key: a build that lost its secret must not
    /// be green.
    package var isBlind: Bool { key == .unknown && count(.skipped) > 0 }

    package var hasFailures: Bool { count(.fail) > 0 }

    /// Whether everything was skipped, so that nothing is known of the handler.
    package var isEmptyOfVerdicts: Bool { results.allSatisfy { $0.verdict.status == .skipped } }

    package func count(_ status: Verdict.Status) -> Int {
        results.count { $0.verdict.status == status }
    }

    /// Such as `31 passed, 2 failed, 1 warning, 3 notes, 2 skipped`; what is none is left out.
    package var summary: String {
        if let runError { return "not run: \(runError.message)" }
        let parts = [
            "\(count(.pass)) passed", Self.part(count(.fail), "failed", "failed"),
            Self.part(count(.warn), "warning", "warnings"),
            Self.part(count(.info), "note", "notes"),
            Self.part(count(.skipped), "skipped", "skipped"),
        ].compactMap { $0 }.joined(separator: ", ")
        if isEmptyOfVerdicts { return parts + ": nothing could be judged" }
        return isBlind
            ? parts + ": name the handler's key with --api-key or COUNTERSIGN_API_KEY" : parts
    }

    private static func part(_ count: Int, _ one: String, _ many: String) -> String? {
        count == 0 ? nil : "\(count) \(count == 1 ? one : many)"
    }

    /// The results in their groups, both in order of appearance.
    package var groups: [(title: String, results: [CheckResult])] {
        var groups: [(title: String, results: [CheckResult])] = []
        for result in results {
            if let index = groups.firstIndex(where: { $0.title == result.groupTitle }) {
                groups[index].results.append(result)
            } else {
                groups.append((result.groupTitle, [result]))
            }
        }
        return groups
    }

    /// Where the key came from, in words; `nil` when there is nothing to say.
    package var keyNote: String? {
        switch key {
        case .given: "signed with the key that was given"
        case .development: "signed with the published development key"
        case .any: "the handler takes events under any key"
        case .unknown: "the handler's key is not known"
        case nil: nil
        }
    }
}

/// A line of a file.
package struct Place: Hashable, Sendable, CustomStringConvertible {
    package var file: String
    /// Counted from 1.
    package var line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    /// As compilers write it: `file:line`.
    package var description: String { "\(file):\(line)" }
}

/// One check and its verdict.
package struct CheckResult: Hashable, Sendable {
    /// The rule's id, or a name made of the suite's.
    package var id: String
    /// The group's word, such as `hash`, or the suite's name.
    package var group: String
    package var groupTitle: String
    package var title: String
    /// Why it matters; empty for checks of a suite.
    package var requirement: String
    /// How to mend it; empty for checks of a suite.
    package var explanation: String
    package var documentation: String?
    /// The file and line of a suite's check.
    package var place: Place?
    package var verdict: Verdict
    package var duration: Duration

    package init(
        id: String, group: String, groupTitle: String, title: String, requirement: String = "",
        explanation: String = "", documentation: String? = nil, place: Place? = nil,
        verdict: Verdict, duration: Duration = .zero
    ) {
        self.id = id
        self.group = group
        self.groupTitle = groupTitle
        self.title = title
        self.requirement = requirement
        self.explanation = explanation
        self.documentation = documentation
        self.place = place
        self.verdict = verdict
        self.duration = duration
    }

    package init(rule: Rule, verdict: Verdict, duration: Duration = .zero) {
        self.init(
            id: rule.id, group: rule.group.rawValue, groupTitle: rule.group.title,
            title: rule.title, requirement: rule.requirement, explanation: rule.explanation,
            documentation: rule.documentation, verdict: verdict, duration: duration)
    }

    /// The command that says more; `nil` for checks of a suite.
    package var explainCommand: String? {
        explanation.isEmpty ? nil : "countersign explain \(id)"
    }
}
