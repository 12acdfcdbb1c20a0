package import Callbacks
import Fixtures

extension Suite {
    /// Runs the standard rules that the suite asks for, then its own checks in their order.
    ///
    /// - Parameters:
    ///   - configuration: Target, key, seed and so on; its selection is replaced by the suite's rules.
    ///   - prober: Sends to the target.
    ///   - progress: Called in order, from where the caller runs.
    /// - Returns: The verdicts; a check's id is the file's name and the check's.
    package func run(
        _ configuration: Battery.Configuration, prober: some Prober,
        progress: (ProgressEvent) -> Void = { _ in }
    ) async -> ReportCard {
        var card = ReportCard(target: configuration.target, seed: configuration.seed)
        if let rules {
            var configuration = configuration
            configuration.selection = rules
            do {
                card = await (try Battery(configuration)).run(prober: prober, progress: progress)
            } catch {
                card.runError = error
            }
            guard card.runError == nil else { return card }
        }
        let start = ContinuousClock.now
        var plan = RunPlan(maximumFailures: configuration.maximumFailures)
        for _ in 0..<card.count(.fail) { plan.finished(file, .fail(""), handlerIsGone: false) }
        for check in checks {
            await run(
                check, configuration, plan: &plan, card: &card, prober: prober, progress: progress)
            guard card.runError == nil else { break }
        }
        card.duration += ContinuousClock.now - start
        return card
    }

    /// The name for ids: the file's without folders and its ending.
    package var name: String {
        let last = file.split(separator: "/").last.map(String.init) ?? file
        return last.split(separator: ".").first.map(String.init) ?? last
    }

    private func run(
        _ check: SuiteCheck, _ configuration: Battery.Configuration, plan: inout RunPlan,
        card: inout ReportCard, prober: some Prober, progress: (ProgressEvent) -> Void
    ) async {
        progress(.began(id: id(of: check)))
        let start = ContinuousClock.now
        var verdict = Verdict.skipped(plan.reasonToStop ?? "")
        if plan.reasonToStop == nil {
            let observations: [Observation]
            (verdict, observations) = await perform(check, configuration, prober: prober)
            let isFirst = card.results.isEmpty
            if isFirst, let first = observations.first {
                card.runError = Battery.runError(first, target: configuration.target)
                guard card.runError == nil else { return }
            }
            plan.finished(
                id(of: check), verdict, handlerIsGone: observations.last?.outcome == .refused)
        }
        let result = CheckResult(
            id: id(of: check), group: name, groupTitle: file, title: check.name,
            place: check.place, verdict: verdict, duration: ContinuousClock.now - start)
        card.results.append(result)
        progress(.finished(result))
    }

    private func id(of check: SuiteCheck) -> String { "\(name)/\(check.name.slug)" }

    private func perform(
        _ check: SuiteCheck, _ configuration: Battery.Configuration, prober: some Prober
    ) async -> (Verdict, [Observation]) {
        let request: CallbackRequest
        do { request = try self.request(check, configuration) } catch {
            return (.fail("the event could not be made: \(error)"), [])
        }
        var observations: [Observation] = []
        for number in 1...max(1, check.count) {
            let observation = await prober.send(Probe(request: request))
            observations.append(observation)
            let mismatches = check.expectation.mismatches(observation)
            guard !mismatches.isEmpty else { continue }
            let caseName = check.count > 1 ? "answer-\(number)" : "answer"
            return (
                Self.failure(mismatches, caseName, request, configuration), observations
            )
        }
        return (.pass, observations)
    }

    private static func failure(
        _ mismatches: [String], _ caseName: String, _ request: CallbackRequest,
        _ configuration: Battery.Configuration
    ) -> Verdict {
        var findings = mismatches.map { Finding(caseName: caseName, text: $0) }
        if request.body.count <= Reproduction.maximumBodyBytes {
            findings[findings.count - 1].reproduction = configuration.reproduction.line(
                for: request)
        }
        return .fail(mismatches.joined(separator: "; "), findings)
    }

    /// The request of a check; the same for the same configuration.
    package func request(
        _ check: SuiteCheck, _ configuration: Battery.Configuration
    ) throws
        -> CallbackRequest
    {
        var workshop = Workshop(
            settings: Workshop.Settings(
                apiKey: configuration.apiKey ?? DevelopmentKey.value, seed: configuration.seed,
                now: configuration.now, wire: configuration.wire),
            name: id(of: check))
        let payload = try workshop.payload(check.eventType, kind: check.kind) { payload in
            for edit in check.edits { try edit.apply(to: &payload) }
        }
        switch check.hash {
        case .right: return workshop.request(payload, form: check.form)
        case .wrong:
            let forged = payload.withHash(workshop.numbers.hexadecimalDigits(EventHash.length))
            return workshop.request(forged, form: check.form, apiKey: workshop.otherKey)
        case .missing:
            return workshop.request(
                payload.withHash(nil), form: check.form, apiKey: workshop.otherKey)
        }
    }
}

extension SuiteEdit {
    func apply(to payload: inout JSONValue) throws {
        let path = path.split(separator: ".").map(String.init)
        switch action {
        case .override(let value), .add(let value): payload[at: path] = value
        case .remove: payload[at: path] = nil
        }
    }
}

extension String {
    /// Lower-case letters, digits and single hyphens.
    fileprivate var slug: String {
        let words = lowercased().split { !$0.isLetter && !$0.isNumber }
        return words.joined(separator: "-")
    }
}
