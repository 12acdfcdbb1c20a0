import Callbacks
import Synchronization

/// What happens during a run, for a display.
package enum ProgressEvent: Sendable {
    /// So many rules will be run.
    case started(total: Int)
    /// A rule's check begins.
    case began(id: String)
    case finished(CheckResult)
}

extension Battery {
    /// Runs the rules one after another.
    ///
    /// `progress`: Called in order, from where the caller runs.
    package func run(
        prober: some Prober, progress: (ProgressEvent) -> Void = { _ in }
    ) async -> ReportCard {
        var card = ReportCard(target: configuration.target, seed: configuration.seed)
        let start = ContinuousClock.now
        progress(.started(total: rules.count))
        do {
            let baseline = try await Baseline.observe(
                settings, keyIsGiven: configuration.apiKey != nil, prober: prober)
            card.runError = Self.runError(baseline.plain, target: configuration.target)
            card.key = card.runError == nil ? baseline.key : nil
            if card.runError == nil {
                await run(into: &card, baseline: baseline, prober: prober, progress: progress)
            }
        } catch {
            card.runError = CheckError(code: .noEvent, message: "no event could be made: \(error)")
        }
        card.duration = ContinuousClock.now - start
        return card
    }

    private func run(
        into card: inout ReportCard, baseline: Baseline, prober: some Prober,
        progress: (ProgressEvent) -> Void
    ) async {
        let watch = WatchingProber(prober)
        var plan = RunPlan(maximumFailures: configuration.maximumFailures)
        for rule in rules {
            progress(.began(id: rule.id))
            watch.begin(rule.id)
            let start = ContinuousClock.now
            let verdict: Verdict
            let obstacle = plan.reasonToStop ?? baseline.obstacle(to: rule)
            if let reason = obstacle ?? rule.obstacle(configuration.wire.form) {
                verdict = .skipped(reason)
            } else {
                verdict = await check(rule, baseline: baseline, prober: watch)
                plan.finished(rule.id, verdict, handlerIsGone: watch.isRefused)
            }
            // What was cut off says nothing about the handler.
            if Task.isCancelled { return }
            let result = CheckResult(
                rule: rule, verdict: verdict, duration: ContinuousClock.now - start)
            card.results.append(result)
            progress(.finished(result))
        }
        judgeSlowest(watch, &card)
    }

    private func check(_ rule: Rule, baseline: Baseline, prober: some Prober) async -> Verdict {
        do {
            let cases = try cases(of: rule)
            let examination = Examination(
                rule: rule, cases: cases, good: try good(rule), baseline: baseline,
                timeLimit: configuration.timeLimit, prober: prober,
                reproduction: configuration.reproduction)
            return await rule.check(examination)
        } catch let error as CheckError {
            return .skipped(error.message)
        } catch {
            return .skipped("no event could be made: \(error)")
        }
    }

    /// A good event, to see whether the handler still takes one.
    private func good(_ rule: Rule) throws -> Case {
        var workshop = Workshop(settings: settings, name: "good event of \(rule.id)")
        return try workshop.event("good-event")
    }

    /// The rule about time speaks of the plain event alone; here it is told what came later.
    private func judgeSlowest(_ watch: WatchingProber, _ card: inout ReportCard) {
        guard let slowest = watch.slowest, slowest.duration > configuration.timeLimit / 2,
            let index = card.results.firstIndex(where: { $0.id == "answers-in-time" }),
            card.results[index].verdict.status == .pass
        else { return }
        let text =
            "an answer took \(slowest.duration.seconds) of \(configuration.timeLimit.seconds), "
            + "see \(slowest.ruleID)"
        card.results[index].verdict = .warn(
            text, [Finding(caseName: slowest.ruleID, text: text)])
    }

    /// The error of a run that could not begin; `nil` when somebody listens.
    static func runError(_ observation: Observation, target: String) -> CheckError? {
        let reason: String
        switch observation.outcome {
        case .refused: reason = "nobody listens at \(target); start the handler first"
        case .unreachable: reason = "\(target) cannot be reached"
        case .tlsFailure: reason = "TLS with \(target) failed"
        default: return nil
        }
        let detail = observation.detail.map { " (\($0.oneLine))" } ?? ""
        return CheckError(code: .unreachable, message: reason + detail, path: target)
    }
}

extension Rule {
    /// Why a rule about forms is not run; `nil` when it is.
    fileprivate func obstacle(_ form: BodyForm) -> String? {
        needs.contains(.multipartForm) && form != .multipart
            ? "is about multipart forms, and --body asks for \(form.rawValue)" : nil
    }
}

extension Baseline {
    /// Why a rule cannot be judged; `nil` when it can.
    func obstacle(to rule: Rule) -> String? {
        Rule.Need.allCases.lazy.filter(rule.needs.contains)
            .compactMap { obstacle(to: $0, of: rule.id) }.first
    }
}

/// Whether a run goes on.
struct RunPlan: Sendable {
    private let maximumFailures: Int?
    private var failures = 0
    private(set) var reasonToStop: String?

    init(maximumFailures: Int?) {
        self.maximumFailures = maximumFailures
    }

    mutating func finished(_ ruleID: String, _ verdict: Verdict, handlerIsGone: Bool) {
        if verdict.status == .fail { failures += 1 }
        if handlerIsGone {
            reasonToStop = "nobody listens any more, see \(ruleID)"
        } else if let maximumFailures, failures >= maximumFailures {
            reasonToStop = "not run: \(counted(failures, "rule")) failed (--max-failures)"
        }
    }
}

/// A prober that remembers whether the last connection was refused, as then the handler is gone, and
/// which answer took longest.
private final class WatchingProber: Prober {
    private let prober: any Prober
    private let refused = Mutex(false)
    private let state = Mutex<(ruleID: String, slowest: (ruleID: String, duration: Duration)?)>(
        ("", nil))

    /// The answer that took longest, and the rule that asked for it.
    var slowest: (ruleID: String, duration: Duration)? { state.withLock { $0.slowest } }

    func begin(_ ruleID: String) { state.withLock { $0.ruleID = ruleID } }

    private func watch(_ observations: [Observation]) {
        state.withLock { state in
            for observation in observations where observation.isAnswered {
                guard observation.duration > state.slowest?.duration ?? .zero else { continue }
                state.slowest = (state.ruleID, observation.duration)
            }
        }
    }

    init(_ prober: any Prober) {
        self.prober = prober
    }

    var isRefused: Bool { refused.withLock { $0 } }

    func send(_ probe: Probe) async -> Observation {
        let observation = await prober.send(probe)
        refused.withLock { $0 = observation.outcome == .refused }
        watch([observation])
        return observation
    }

    func sendTogether(_ probes: [Probe]) async -> [Observation] {
        let observations = await prober.sendTogether(probes)
        refused.withLock { $0 = observations.allSatisfy { $0.outcome == .refused } }
        watch(observations)
        return observations
    }
}
