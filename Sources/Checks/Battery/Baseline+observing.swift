import Callbacks

extension Baseline {
    /// Sends a plain event, and what it takes to find out how the handler treats its hash.
    ///
    /// `keyIsGiven`: Whether the settings' key is the user's; otherwise it is the published
    ///   one, and whether the handler has it is asked.
    static func observe(
        _ settings: Workshop.Settings, keyIsGiven: Bool, prober: some Prober
    ) async throws -> Baseline {
        let workshop = Workshop(settings: settings, name: "baseline")
        let plain = await prober.send(try workshop.plain().probe)
        var baseline = Baseline(plain: plain, key: keyIsGiven ? .given : .development)
        if !plain.isAcknowledged, plain.isAnswered {
            baseline.asRawJSON = await prober.send(try workshop.plainAsRawJSON().probe)
        }
        guard !keyIsGiven else { return baseline }
        let readsRawJSON = baseline.asRawJSON?.isAcknowledged == true
        if plain.isAcknowledged {
            let other = await prober.send(try workshop.plainUnderOtherKey().probe)
            if other.isAcknowledged { baseline.key = .any }
        } else if plain.mayBeRefusal, !readsRawJSON {
            baseline.key = .unknown
        }
        return baseline
    }
}

extension Observation {
    /// Whether a handler may have answered so because it found the hash wrong: an error of the client,
    /// but none that tells of something else.
    fileprivate var mayBeRefusal: Bool {
        let othersReasons: Set = [404, 405, 408, 411, 413, 414, 415, 426, 429]
        guard let status else { return false }
        return (400..<500).contains(status) && !othersReasons.contains(status)
    }
}
