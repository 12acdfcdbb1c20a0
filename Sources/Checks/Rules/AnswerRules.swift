import Callbacks

extension Rule {
    static let answerRules: [Rule] = [
        answersEveryRequest, answersInTime, answersWithoutRedirect, acceptsMultipart,
        answersStatus200, answersWithText, answersExactly,
    ]

    /// A rule about the answer to the plain event, which was sent before all rules.
    private static func answer(
        _ id: String, _ title: String, requirement: String, explanation: String,
        needs: Set<Need> = [.signingKey, .precedingRules],
        check: @escaping @Sendable (Examination, Observation) -> Verdict
    ) -> Rule {
        Rule(
            id, .answer, title, requirement: requirement, explanation: explanation, needs: needs,
            cases: { [try $0.plain()] },
            check: { examination in
                check(examination, examination.baseline.plain)
            })
    }

    private static let answersEveryRequest = Rule(
        "answers-every-request", .answer, "gives an HTTP answer to every request",
        requirement: "Without an answer the service takes the callback as lost and sends it again.",
        explanation: """
            The connection was closed, or carried something that is not HTTP, where an answer was due.

            Usually the process died or a worker raised an error outside of the framework's own error \
            handling. Look into the handler's log for the moment of the check, and let errors end in an \
            answer with status 500. A port of another service, or https asked of an http port, looks \
            the same.
            """,
        needs: [],
        cases: { workshop in
            [try workshop.plain(), try workshop.event("next"), try workshop.event("third")]
        },
        check: { examination in
            let plain = Examination.Answer(
                oneCase: examination.cases[0], observation: examination.baseline.plain)
            var answers = [plain]
            if plain.observation.isAnswered {
                for oneCase in examination.cases.dropFirst() {
                    answers.append(await examination.send(oneCase))
                }
            }
            // A late answer is the next rule's matter.
            let missing = answers.filter {
                !$0.observation.isAnswered && $0.observation.outcome != .timeout
            }
            guard let first = missing.first else { return .pass }
            return .fail(first.observation.mismatch, [examination.finding(first)])
        })

    private static let answersInTime = answer(
        "answers-in-time", "answers within the service's 30 seconds",
        requirement:
            "The service waits 30 seconds; then it counts a failure and sends the event again.",
        explanation: """
            The handler does its work before it answers, or waits for something that never comes.

            Acknowledge first and work afterwards: put the event into a queue or a table and answer. \
            Downloading the signed document or sending mail belongs behind the answer.
            """,
        needs: [.precedingRules]
    ) { examination, plain in
        if plain.outcome == .timeout {
            return .fail(plain.mismatch, [examination.finding(examination.plain)])
        }
        guard plain.duration > examination.timeLimit / 2 else { return .pass }
        return .warn(
            "the answer took \(plain.duration.seconds) of \(examination.timeLimit.seconds)",
            [examination.finding(examination.plain, "answered after \(plain.duration.seconds)")])
    }

    private static let answersWithoutRedirect = answer(
        "answers-without-redirect", "answers at the address itself, without a redirect",
        requirement: "The service is not known to follow redirects: a redirect is a failure to it.",
        explanation: """
            A framework redirects to add or take away a slash at the end of the path, to go from http \
            to https, or to a login page.

            Register the address at which the handler really is, and take its route out of the login \
            and the slash redirection.
            """,
        needs: [.precedingRules]
    ) { examination, plain in
        guard plain.outcome == .redirect else { return .pass }
        return .fail(plain.mismatch, [examination.finding(examination.plain)])
    }

    private static let acceptsMultipart = Rule(
        "accepts-multipart", .answer, "reads the event from the form field 'json'",
        requirement:
            "The service sends multipart/form-data with one field named 'json', not a JSON body.",
        explanation: """
            The handler acknowledges an event whose JSON is the body itself, but not the same event in \
            the form that the service sends.

            Read the form field named 'json' and parse its text: $_POST['json'] in PHP, \
            request.form['json'] in Flask, params[:json] in Rails, req.body.json behind multer().none() \
            in Express. A JSON body parser alone does not see it.
            """,
        needs: [.signingKey, .precedingRules, .multipartForm],
        cases: { [try $0.plain(), try $0.plainAsRawJSON()] },
        check: { examination in
            let baseline = examination.baseline
            guard !baseline.plain.isAcknowledged else { return .pass }
            guard baseline.asRawJSON?.isAcknowledged == true else {
                return .skipped(
                    "no form of the event is acknowledged, see \(baseline.culprit ?? "")")
            }
            return .fail(
                "reads only raw JSON: multipart \(baseline.plain.came), raw JSON acknowledged",
                [examination.finding(examination.plain)])
        })

    private static let answersStatus200 = answer(
        "answers-status-200", "answers with status 200",
        requirement: "Only status 200 counts; 201, 202 and 204 are not known to be accepted.",
        explanation: """
            Another status than 200 came for a plain, correctly signed event.

            404 or 405 mean that the address is not the handler's route for POST. 401 or 403 mean that \
            a login, a CSRF protection or the check of the hash refused it; is the key the one that \
            the handler has? 500 means that the handler failed: look into its log.
            """
    ) { examination, plain in
        guard plain.outcome == .wrongStatus else { return .pass }
        return .fail(
            plain.mismatch + examination.baseline.statusHint,
            [examination.finding(examination.plain)])
    }

    private static let answersWithText = answer(
        "answers-with-text", "answers with the text '\(Acknowledgement.text)'",
        requirement:
            "The service looks for the text in the body; without it the event is sent again.",
        explanation: """
            The status is 200 but the body lacks the text 'Hello API Event Received'.

            Answer with exactly these words, in this letter case, as plain text. An empty body, 'OK' or \
            a JSON object of your own is not enough.
            """
    ) { examination, plain in
        guard plain.outcome == .wrongBody || plain.outcome == .emptyBody else { return .pass }
        return .fail(
            plain.differsInLetterCaseOnly
                ? "the letter case differs: \(plain.mismatch)"
                : plain.mismatch + examination.baseline.keyHint,
            [examination.finding(examination.plain)])
    }

    private static let answersExactly = answer(
        "answers-exactly", "answers with the text and nothing else",
        requirement:
            "One page of the documentation asks for exactly the text, others for a body with it.",
        explanation: """
            The body has more than the text: quotes, a line end, HTML or JSON around it.

            It is most likely accepted, but the sources differ; answer with the bare text as text/plain \
            to be on the safe side.
            """,
        needs: [.signingKey, .acknowledgingHandler]
    ) { examination, plain in
        guard plain.outcome == .acknowledgedNotExactly else { return .pass }
        return .warn(
            "expected exactly '\(Acknowledgement.text)', got \(plain.excerpt)",
            [examination.finding(examination.plain)])
    }
}

extension Examination {
    /// The plain event and what became of it before all rules.
    fileprivate var plain: Answer { Answer(oneCase: cases[0], observation: baseline.plain) }
}

extension Baseline {
    /// What a status suggests, to be put behind a message.
    fileprivate var statusHint: String {
        switch plain.status {
        case 404, 405: "; is this the handler's path?" + keyHint
        case 401, 403: key == .given ? "; is the key the handler's?" : ""
        default: keyHint
        }
    }

    /// A handler with a key of its own may refuse in any way.
    fileprivate var keyHint: String {
        key == .given ? "" : "; if the handler has a key of its own, name it with --api-key"
    }
}

extension Observation {
    fileprivate var differsInLetterCaseOnly: Bool {
        String(decoding: body, as: UTF8.self).lowercased()
            .contains(Acknowledgement.text.lowercased())
    }
}
