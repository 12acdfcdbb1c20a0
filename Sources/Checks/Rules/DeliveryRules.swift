import Callbacks

extension Rule {
    static let deliveryRules: [Rule] = [
        sameAnswerSerial, sameAnswerConcurrent, acceptsLateEvents,
    ]

    private static let sameAnswerSerial = Rule(
        "same-answer-serial", .delivery, "answers a repeated event as it did the first time",
        requirement: "A slow or lost answer makes the service send an acknowledged event again.",
        explanation: """
            The same request came twice, one after the other, and the second answer was another one. \
            A unique key in the database or a store of seen hashes turns the repetition into an error.

            Make the handler idempotent: ignore what was done already, and acknowledge it again. \
            There is no event id; the hash, the type and the signature id together are the best key.
            """,
        documentation: Documentation.overview, sending: .inOrder,
        cases: { workshop in
            let event = try workshop.event("first", .signatureRequestSigned)
            return [event, Case("again", event.probe)]
        },
        check: { $0.judgeEqual(await $0.sendAll()) })

    private static let sameAnswerConcurrent = Rule(
        "same-answer-concurrent", .delivery, "answers an event that comes four times at once",
        requirement: "Repetitions can overlap; two workers may see the same event together.",
        explanation: """
            Four copies of a request came at the same time, and the answers differ. Typical are a \
            check for duplicates that races with the insert behind it, a lock that times out, and \
            a database that is locked.

            Insert first and let the unique key decide (INSERT … ON CONFLICT DO NOTHING), and \
            acknowledge in both cases.
            """,
        documentation: Documentation.overview, sending: .together,
        cases: { workshop in
            let event = try workshop.event("copy-1", .signatureRequestSigned)
            return [event] + (2...4).map { Case("copy-\($0)", event.probe) }
        },
        check: { $0.judgeEqual(await $0.sendTogether()) })

    /// Seconds after which the last retry comes: 30 hours and 20 minutes.
    private static let lastRetry: Int64 = 109_200

    private static let acceptsLateEvents = Rule(
        "accepts-late-events", .delivery, "accepts events that come late and out of order",
        requirement: "No order is promised, and a retry comes up to 30 hours late.",
        explanation: """
            'signature_request_all_signed' came before the older 'signature_request_signed' and \
            'signature_request_viewed' of the same request, and a late one was not acknowledged. A \
            state machine that refuses transitions, or a limit on the age of an event, does so.

            Take the newest state from the payload or the API, ignore what is older, and acknowledge \
            it. A limit on the age must be longer than the 30 hours and 20 minutes of all retries.
            """,
        documentation: Documentation.overview,
        cases: { workshop in
            let last = try workshop.payload(.signatureRequestAllSigned)
            let request = last["signature_request"]
            let now = workshop.settings.now
            let lastCase = Case("all-signed", Probe(request: workshop.request(last)))
            let late: [(String, EventType, Int64)] = [
                ("signed-after", .signatureRequestSigned, 60),
                ("viewed-after", .signatureRequestViewed, lastRetry + 60),
            ]
            return [lastCase]
                + (try late.map { name, type, age in
                    try workshop.event(name, type) { payload in
                        payload[path: "event", "event_time"] = .string("\(now - age)")
                        payload[path: "signature_request"] = request
                    }
                })
        },
        check: { await $0.allAcknowledged("event") })
}

extension Examination {
    /// All acknowledged, with the same status and body.
    fileprivate func judgeEqual(_ answers: [Answer]) -> Verdict {
        let verdict = judgeAcknowledged(answers, "copy", plural: "copies")
        guard verdict.status == .pass, let first = answers.first else { return verdict }
        let others = answers.filter {
            $0.observation.status != first.observation.status
                || $0.observation.body != first.observation.body
        }
        guard let other = others.first else { return .pass }
        let text = "expected the first answer again, got \(other.observation.excerpt)"
        return .fail(text, [finding(other, text)])
    }
}
