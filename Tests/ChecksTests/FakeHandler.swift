import Callbacks
import Checks
import Synchronization

/// A handler in memory: a correct one, but for the defect that is asked for.
final class FakeHandler: Prober {
    static let key = "324e3b0840f065eb51f3fd63231d0d33daa35d4ed10d27718839e81737065782"

    /// The id of the rule that is broken; `nil` for a correct handler.
    let defect: String?
    let apiKey: String
    private let state = Mutex(State())

    private struct State {
        var requests: [CallbackRequest] = []
        var isDead = false
        var concurrent = 0
    }

    init(breaking defect: String? = nil, apiKey: String = key) {
        self.defect = defect
        self.apiKey = apiKey
    }

    /// All requests, first to last.
    var requests: [CallbackRequest] { state.withLock { $0.requests } }

    func send(_ probe: Probe) async -> Observation { answer(probe, isConcurrent: false) }

    func sendTogether(_ probes: [Probe]) async -> [Observation] {
        probes.map { answer($0, isConcurrent: true) }
    }

    private func answer(_ probe: Probe, isConcurrent: Bool) -> Observation {
        let (number, wasSeen, isDead) = state.withLock { state in
            let wasSeen = state.requests.contains(probe.request)
            state.requests.append(probe.request)
            state.concurrent += isConcurrent ? 1 : 0
            return (state.requests.count, wasSeen, state.isDead)
        }
        if isDead { return Observation(outcome: .timeout, duration: .seconds(30)) }
        if let broken = brokenAnswer(probe, number, wasSeen: wasSeen, isConcurrent: isConcurrent) {
            return broken
        }
        return manners(probe, handle(probe.request))
    }

    /// What the connection adds to an answer.
    private func manners(_ probe: Probe, _ answer: Observation) -> Observation {
        var answer = answer
        switch probe.manner {
        case .ordinary: break
        case .onConnection: answer.connectionWasReused = true
        case .expectContinue: answer.continueWasSent = true
        case .disconnect: return Observation(outcome: .interrupted)
        }
        return answer
    }

    private func handle(_ request: CallbackRequest) -> Observation {
        guard request.method == "POST" else { return .answer(405, "POST only") }
        do {
            let callback = try Callback(
                contentType: request.headers.first("Content-Type"), body: request.body)
            return accepts(callback) ? acknowledgement : .answer(401, "no")
        } catch {
            return defect == "refuses-malformed-json" ? acknowledgement : .answer(400, "bad event")
        }
    }

    private func accepts(_ callback: Callback) -> Bool {
        let expected = EventHash.make(
            eventTime: callback.eventTime, eventType: callback.eventType.rawValue, apiKey: apiKey)
        let hash = callback.eventHash
        switch defect {
        case "refuses-wrong-key": return hash.count == 64
        case "refuses-wrong-hash": return hash.count == 64 && hash.lowercased() == hash
        case "refuses-partial-hash": return !hash.isEmpty && expected.hasPrefix(hash.prefix(8))
        case "refuses-empty-hash":
            return hash == expected || callback.payload["event"]?["event_hash"] == ""
        case "refuses-missing-hash":
            return hash == expected || callback.payload["event"]?["event_hash"]?.string == nil
        case "refuses-uppercase-hash": return hash.lowercased() == expected
        case "refuses-hash-of-another-event":
            return hash == expected
                || hash.count == 64 && requests.dropLast().contains { hasHash(hash, $0) }
        default: return hash == expected
        }
    }

    private func hasHash(_ hash: String, _ request: CallbackRequest) -> Bool {
        String(decoding: request.body, as: UTF8.self).contains(hash)
    }

    private var acknowledgement: Observation {
        switch defect {
        case "answers-status-200": .answer(201)
        case "answers-with-text": .answer(200, "hello api event received")
        case "answers-exactly": .answer(200, "\"\(Acknowledgement.text)\"\n")
        default: .answer(200)
        }
    }

    /// What a defect that shows outside of the handler's own logic makes of a request.
    private func brokenAnswer(
        _ probe: Probe, _ number: Int, wasSeen: Bool, isConcurrent: Bool
    ) -> Observation? {
        let failure = Observation.answer(500, "error")
        let request = probe.request
        switch defect {
        case "answers-every-request" where number == 3: return Observation(outcome: .reset)
        case "answers-in-time":
            return Observation(outcome: .timeout, duration: .seconds(30))
        case "answers-without-redirect":
            return .answer(302, "", headers: [HeaderField("Location", "/login")])
        case "accepts-multipart" where request.isMultipart: return failure
        case "same-answer-serial" where wasSeen && !isConcurrent: return .answer(409, "seen")
        case "same-answer-concurrent" where wasSeen && isConcurrent: return failure
        case "survives-get" where request.method == "GET": return Observation(outcome: .reset)
        case "connection-reuse":
            guard case .onConnection = probe.manner, number.isMultiple(of: 2) else { return nil }
            return Observation(outcome: .reset)
        case "expect-continue" where probe.manner == .expectContinue: return .answer(417, "")
        case "survives-disconnect":
            guard case .disconnect = probe.manner else { return nil }
            state.withLock { $0.isDead = true }
            return Observation(outcome: .interrupted)
        case "survives-malformed-json":
            return request.callback == nil && request.method == "POST"
                ? Observation(outcome: .reset) : nil
        default: return isRefusedContent(request) ? failure : nil
        }
    }

    /// Whether the defect is about the event in a request.
    private func isRefusedContent(_ request: CallbackRequest) -> Bool {
        guard let defect, let callback = request.callback else { return false }
        let text = String(decoding: request.body, as: UTF8.self)
        let resource = callback.signatureRequest
        switch defect {
        case "acknowledges-account-events":
            return callback.kind == .account && callback.eventType == .faxBusy
        case "acknowledges-app-events": return callback.kind == .app
        case "acknowledges-callback-test": return callback.eventType == .callbackTest
        case "acknowledges-unknown-type": return callback.eventType.known == nil
        case "acknowledges-without-metadata": return callback.metadata?.object == nil
        case "accepts-late-events": return text.contains(#""event_time":"1699999940""#)
        case "many-signers": return (resource?["signatures"]?.array?.count ?? 0) > 20
        case "large-payload": return request.body.count > 100_000
        case "emoji": return text.contains("🏡")
        case "right-to-left-text": return text.contains(#"\u200f"#)
        case "quotes-and-backslashes": return text.contains("O'Brien")
        case "escaped-slashes": return text.contains(#"Terms\/Conditions"#)
        case "null-fields": return resource?["subject"]?.isNull == true
        case "unknown-fields": return text.contains("countersign_list")
        case "json-beside-other-field": return text.contains("source")
        case "other-boundary":
            return request.isMultipart
                && request.headers.first("Content-Type")?.contains("boundary=--") == false
        default: return false
        }
    }
}

extension Observation {
    /// An answer, judged as the real prober judges it.
    static func answer(
        _ status: Int, _ body: String = Acknowledgement.text, headers: [HeaderField] = []
    ) -> Observation {
        Observation(
            outcome: Outcome(Acknowledgement(status: status, body: body.utf8)), status: status,
            headers: headers, body: Array(body.utf8), duration: .milliseconds(2))
    }
}

extension CallbackRequest {
    var isMultipart: Bool {
        headers.first("Content-Type")?.hasPrefix("multipart/form-data") ?? false
    }

    /// The event in the request; `nil` when there is none to read.
    var callback: Callback? {
        try? Callback(contentType: headers.first("Content-Type"), body: body)
    }
}
