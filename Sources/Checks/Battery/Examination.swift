import Callbacks

/// What a rule's check has at hand: its cases, and the way to send them.
struct Examination: Sendable {
    let rule: Rule
    let cases: [Case]
    /// An event that a good handler acknowledges, to see whether it still does.
    let good: Case
    let baseline: Baseline
    let timeLimit: Duration
    private let prober: any Prober
    private let reproduction: Reproduction

    init(
        rule: Rule, cases: [Case], good: Case, baseline: Baseline, timeLimit: Duration,
        prober: any Prober,
        reproduction: Reproduction
    ) {
        self.rule = rule
        self.cases = cases
        self.good = good
        self.baseline = baseline
        self.timeLimit = timeLimit
        self.prober = prober
        self.reproduction = reproduction
    }

    /// A case and what became of it.
    struct Answer: Sendable {
        let oneCase: Case
        let observation: Observation
    }

    /// Sends one of the rule's cases.
    func send(_ name: String) async -> Answer {
        guard let oneCase = cases.first(where: { $0.name == name }) else {
            preconditionFailure("\(rule.id) has no case \(name)")
        }
        return await send(oneCase)
    }

    func send(_ oneCase: Case) async -> Answer {
        Answer(oneCase: oneCase, observation: await prober.send(oneCase.probe))
    }

    /// Answers in a row that do not come before the rest of a rule's cases is left out: the verdict
    /// is clear, and each of them takes the whole time limit.
    static let maximumTimeouts = 3

    /// Sends the cases one after another.
    func sendAll() async -> [Answer] {
        var answers: [Answer] = []
        for oneCase in cases {
            answers.append(await send(oneCase))
            let last = answers.suffix(Self.maximumTimeouts)
            if last.count == Self.maximumTimeouts,
                last.allSatisfy({ $0.observation.outcome == .timeout })
            {
                break
            }
        }
        return answers
    }

    /// Sends the cases at the same time.
    func sendTogether() async -> [Answer] {
        let observations = await prober.sendTogether(cases.map(\.probe))
        return zip(cases, observations).map { Answer(oneCase: $0, observation: $1) }
    }

    /// A finding about an answer; the text is what was expected and what came, when not given.
    func finding(_ answer: Answer, _ text: String? = nil) -> Finding {
        Finding(
            caseName: answer.oneCase.name, text: text ?? answer.observation.mismatch,
            reproduction: reproduction.line(rule, answer.oneCase),
            shortReproduction: reproduction.shortLine(rule, answer.oneCase))
    }
}

extension Examination {
    /// Findings of one verdict that are shown in full.
    static let maximumFindings = 3

    /// Sends all cases, each of which a good handler acknowledges; `noun` is for a count of them.
    func allAcknowledged(
        _ noun: String = "case", otherwise status: Verdict.Status = .fail
    ) async -> Verdict {
        judgeAcknowledged(await sendAll(), noun, otherwise: status)
    }

    func judgeAcknowledged(
        _ answers: [Answer], _ noun: String = "case", plural: String? = nil,
        otherwise status: Verdict.Status = .fail
    ) -> Verdict {
        let missed = answers.filter { !$0.observation.isAcknowledged }
        guard let first = missed.first else { return .pass }
        let findings = missed.prefix(Self.maximumFindings).map { finding($0) }
        guard answers.count > 1 else {
            return Verdict(status, first.observation.mismatch, findings: findings)
        }
        let names = listed(missed.map(\.oneCase.name))
        let message =
            "\(missed.count) of \(counted(answers.count, noun, plural)) not acknowledged: \(names)"
            + " (\(first.observation.mismatch))"
        return Verdict(status, message, findings: findings)
    }

    /// Sends all cases, none of which a good handler acknowledges.
    func noneAcknowledged(otherwise status: Verdict.Status = .fail, reason: String) async -> Verdict
    {
        await judgeForgeries(await sendAll(), otherwise: status, reason: reason)
    }

    /// Whether forged events were refused by a handler that still takes good ones: one that takes
    /// nothing any more, as under a limit of its rate, has not looked at the hash.
    func judgeForgeries(
        _ answers: [Answer], otherwise status: Verdict.Status, reason: String
    ) async -> Verdict {
        let verdict = judgeRefused(answers, otherwise: status, reason: reason)
        guard verdict.status != status, let obstacle = await reasonToDoubt() else { return verdict }
        return .skipped(obstacle)
    }

    /// Why a refusal says nothing: a good event is refused as well; `nil` when it is taken.
    func reasonToDoubt() async -> String? {
        let answer = await send(good)
        guard !answer.observation.isAcknowledged else { return nil }
        return "a good event is refused as well by now (\(answer.observation.came))"
    }

    func judgeRefused(
        _ answers: [Answer], otherwise status: Verdict.Status, reason: String
    )
        -> Verdict
    {
        let taken = answers.filter(\.observation.isAcknowledged)
        if !taken.isEmpty {
            let names = answers.count > 1 ? " (\(listed(taken.map(\.oneCase.name))))" : ""
            return Verdict(
                status, "expected a refusal, got an acknowledgement: \(reason)\(names)",
                findings: taken.prefix(Self.maximumFindings).map {
                    finding($0, "expected a refusal such as 401, got \($0.observation.came)")
                })
        }
        let crashed = answers.filter(\.observation.isCrash)
        guard let first = crashed.first else { return .pass }
        return .warn(
            "refused, but not by a clean answer: \(first.observation.came)",
            crashed.prefix(Self.maximumFindings).map {
                finding($0, "expected a refusal such as 401, got \($0.observation.came)")
            })
    }
}

extension Observation {
    /// Whether the handler failed rather than refused: an error of the server, or no answer.
    var isCrash: Bool { status.map { $0 >= 500 } ?? true }
}
