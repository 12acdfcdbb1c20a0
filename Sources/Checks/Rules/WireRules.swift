import Callbacks

extension Rule {
    static let wireRules: [Rule] = [
        jsonBesideOtherField, otherBoundary, rawJSON, urlencoded, survivesGet, connectionReuse,
        expectContinue, survivesDisconnect, survivesMalformedJSON, refusesMalformedJSON,
    ]

    private static let jsonBesideOtherField = Rule(
        "json-beside-other-field", .wire, "finds the field 'json' beside others",
        requirement:
            "A form is read by the names of its fields; their number and order may change.",
        explanation: """
            The form had another field before 'json', or the part 'json' had a header of its own. A \
            handler that takes the first part, or cuts the JSON out of the body, does not find it.

            Use the form parser of your framework. The service sends only one field today, so this is \
            a warning.
            """,
        needs: [.signingKey, .acknowledgingHandler, .multipartForm],
        cases: { workshop in
            let before = [UInt8].formPart("source", "countersign")
            let header = "Content-Type: text/plain; charset=utf-8"
            return [
                try workshop.form("field-before", boundary: "----countersign-a1", before: before),
                try workshop.form(
                    "field-behind", boundary: "----countersign-a2",
                    behind: .formPart("source", "countersign")),
                try workshop.form("part-header", boundary: "----countersign-a3", header: header),
            ]
        },
        check: { await $0.allAcknowledged(otherwise: .warn) })

    private static let otherBoundary = Rule(
        "other-boundary", .wire, "takes the boundary from the content type",
        requirement: "The boundary is the sender's choice and another one in every request.",
        explanation: """
            The form's boundary was short, or in quotes, or had the 70 characters that are allowed. \
            A handler that parses forms by itself, with a fixed boundary or a simple pattern, does not \
            read it.

            Use the form parser of your framework.
            """,
        needs: [.signingKey, .acknowledgingHandler, .multipartForm],
        cases: { workshop in
            let long = String(repeating: "-", count: 30) + workshop.numbers.hexadecimalDigits(40)
            return [
                try workshop.form("short", boundary: "b"),
                try workshop.form("quoted", boundary: "countersign:form=1", isQuoted: true),
                try workshop.form("longest", boundary: long),
            ]
        },
        check: { await $0.allAcknowledged() })

    private static let rawJSON = otherForm(
        "raw-json", .json, "what becomes of an event as raw JSON", "application/json")
    private static let urlencoded = otherForm(
        "urlencoded", .urlencoded, "what becomes of an event in a urlencoded form",
        "application/x-www-form-urlencoded")

    private static func otherForm(
        _ id: String, _ form: BodyForm, _ title: String, _ contentType: String
    ) -> Rule {
        Rule(
            id, .wire, title,
            requirement: "Real callbacks were seen as multipart forms; other pages say otherwise.",
            explanation: """
                The event came as \(contentType). Some pages of the documentation describe that, but \
                every real callback that we know of was multipart/form-data. A note, not a verdict.
                """,
            cases: { workshop in
                let payload = try workshop.payload()
                return [Case(id, Probe(request: workshop.request(payload, form: form)))]
            },
            check: { examination in
                let answer = await examination.send(id)
                return .info(
                    answer.observation.isAcknowledged
                        ? "acknowledged" : "not acknowledged: \(answer.observation.came)")
            })
    }

    private static let survivesGet = Rule(
        "survives-get", .wire, "answers a GET and goes on",
        requirement: "Browsers, monitors and scanners send GET to every public URL.",
        explanation: """
            A GET got no HTTP answer, or the next event was not acknowledged. A handler that reads a \
            body where there is none fails so.

            Answer anything, such as 405 or a short page.
            """,
        sending: .inOrder,
        cases: { workshop in
            let headers = [
                HeaderField("User-Agent", "countersign"), HeaderField("Accept", "*/*"),
            ]
            let get = CallbackRequest(method: "GET", headers: headers, body: [])
            return [Case("get", Probe(request: get)), try workshop.event("event-after")]
        },
        check: { examination in
            await examination.goesOn(after: [await examination.send("get")], answerIsDue: true)
        })

    private static let connectionReuse = Rule(
        "connection-reuse", .wire, "takes several events on one connection",
        requirement: "A sender may keep the connection open and use it for the next event.",
        explanation: """
            Three events went over one connection, and not all were acknowledged. A handler that \
            answers before it has read the whole body, or sends a wrong Content-Length, spoils the \
            next request on the connection.

            Read the body to its end before you answer, or close the connection and say so with \
            'Connection: close'.
            """,
        sending: .inOrder,
        cases: { workshop in
            try (1...3).map {
                try workshop.event("event-\($0)", manner: .onConnection(label: "connection-reuse"))
            }
        },
        check: { examination in
            let answers = await examination.sendAll()
            let verdict = examination.judgeAcknowledged(answers, "event")
            guard verdict.status == .pass else { return verdict }
            let isKept = answers.dropFirst().allSatisfy(\.observation.connectionWasReused)
            return isKept ? .pass : .pass("the handler closes its connections after an answer")
        })

    private static let expectContinue = Rule(
        "expect-continue", .wire, "takes 'Expect: 100-continue'",
        requirement: "The service's sender was seen to ask so before it sends the body.",
        explanation: """
            The request had the header 'Expect: 100-continue', and the body waited for the answer 100 \
            or a while. The handler, or a proxy before it, refused with 417 or waited for ever.

            Every current HTTP server can do it; look at proxies and at hand-made servers.
            """,
        cases: { [try $0.event("expect", manner: .expectContinue)] },
        check: { examination in
            let answers = await examination.sendAll()
            let verdict = examination.judgeAcknowledged(answers)
            guard verdict.status == .pass else { return verdict }
            let wasSent = answers.allSatisfy(\.observation.continueWasSent)
            return wasSent ? .pass : .pass("acknowledged without '100 Continue' before it")
        })

    private static let survivesDisconnect = Rule(
        "survives-disconnect", .wire, "goes on after a sender that went away",
        requirement: "Senders time out and networks break in the middle of a body.",
        explanation: """
            The sender closed the connection in the middle of the body, and the next event was not \
            acknowledged: the process died, or its only worker still waits for the rest.

            Let the server end reads of broken connections, set a time limit on bodies, and catch the \
            error of an incomplete one.
            """,
        cases: { workshop in
            var cut = try workshop.event("cut")
            cut.probe.manner = .disconnect(afterBodyBytes: cut.probe.request.body.count / 2)
            return [cut, try workshop.event("event-after")]
        },
        check: { examination in
            await examination.goesOn(after: [await examination.send("cut")], answerIsDue: false)
        })

    private static let survivesMalformedJSON = Rule(
        "survives-malformed-json", .wire, "answers malformed JSON and goes on",
        requirement: "A public URL receives nonsense; it must cost one answer and no more.",
        explanation: """
            A field 'json' that is no event got no HTTP answer, or the next event was not acknowledged.

            Catch the parser's error and answer 400.
            """,
        sending: .inOrder,
        cases: { try $0.nonsense() + [try $0.event("event-after")] },
        check: { examination in
            var answers: [Examination.Answer] = []
            for oneCase in examination.cases.dropLast() {
                answers.append(await examination.send(oneCase))
            }
            return await examination.goesOn(after: answers, answerIsDue: true)
        })

    private static let refusesMalformedJSON = Rule(
        "refuses-malformed-json", .wire, "does not acknowledge what is no event",
        requirement:
            "An acknowledgement says that the event was read; here there was none to read.",
        explanation: """
            A form without the field 'json', or with something else than an event in it, was \
            acknowledged. The service does not send that, but a handler that acknowledges it would \
            also acknowledge events that it cannot read, and they would be lost.

            Acknowledge after the JSON was parsed and the hash found right.
            """,
        cases: { try $0.nonsense() },
        check: { examination in
            let answers = await examination.sendAll()
            // A crash is the matter of the rule that the handler survives it.
            let taken = answers.filter(\.observation.isAcknowledged)
            return examination.judgeRefused(
                taken, otherwise: .warn, reason: "what came was no event")
        })
}

extension Examination {
    /// Whether the last case, a good event, is acknowledged after the others.
    fileprivate func goesOn(after answers: [Answer], answerIsDue: Bool) async -> Verdict {
        if answerIsDue, let silent = answers.first(where: { !$0.observation.isAnswered }) {
            let text = "expected any HTTP answer: \(silent.observation.came)"
            return .fail(text, [finding(silent, text)])
        }
        guard let last = cases.last else { return .pass }
        let answer = await send(last)
        guard !answer.observation.isAcknowledged else { return .pass }
        return .fail(
            "the next event was not acknowledged: \(answer.observation.mismatch)",
            (answers.first.map { [finding($0, "was sent before")] } ?? []) + [finding(answer)])
    }
}

extension Workshop {
    /// Requests that are no events, each in another way.
    fileprivate mutating func nonsense() throws -> [Case] {
        let json = try payload().encoded()
        let texts: [(String, [UInt8])] = [
            ("cut-json", Array(json.prefix(json.count / 2))), ("no-json", Array("hello".utf8)),
            ("empty-field", []), ("array", Array("[]".utf8)), ("no-event", Array("{}".utf8)),
            ("text-as-event", Array(#"{"event":"signature_request_sent"}"#.utf8)),
        ]
        let inField = texts.map { name, text in
            Case(name, Probe(request: request(json: text, form: .multipart, apiKey: otherKey)))
        }
        let boundary = "----countersign-none"
        var noField = request(json: [], form: .multipart, apiKey: otherKey)
        noField.setBody(
            [[UInt8].formPart("other", "countersign")].form(boundary: boundary),
            contentType: "multipart/form-data; boundary=\(boundary)")
        return inField + [Case("no-field", Probe(request: noField))]
    }

    /// A new event in a form with that boundary.
    ///
    /// `before` and `behind` are parts around the field `json`; `header` is one more line of its head.
    fileprivate mutating func form(
        _ name: String, boundary: String, isQuoted: Bool = false, before: [UInt8]? = nil,
        behind: [UInt8]? = nil, header: String? = nil
    ) throws -> Case {
        let json = try payload().encoded()
        let head = BodyForm.partHeader + (header.map { "\r\n\($0)" } ?? "") + "\r\n\r\n"
        let parts = [before, Array(head.utf8) + json, behind].compactMap { $0 }
        let value = isQuoted ? "\"\(boundary)\"" : boundary
        var request = request(json: json, form: .multipart)
        request.setBody(
            parts.form(boundary: boundary), contentType: "multipart/form-data; boundary=\(value)")
        return Case(name, Probe(request: request))
    }
}

extension [UInt8] {
    /// A part of a form: its head and its content.
    fileprivate static func formPart(_ name: String, _ value: String) -> [UInt8] {
        Array("Content-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)".utf8)
    }
}

extension [[UInt8]] {
    /// A form with these parts.
    fileprivate func form(boundary: String) -> [UInt8] {
        var body: [UInt8] = []
        for part in self {
            body.append(contentsOf: "--\(boundary)\r\n".utf8)
            body.append(contentsOf: part)
            body.append(contentsOf: "\r\n".utf8)
        }
        body.append(contentsOf: "--\(boundary)--\r\n".utf8)
        return body
    }
}

extension CallbackRequest {
    /// Puts another body in, and the two header fields that belong to it.
    fileprivate mutating func setBody(_ body: [UInt8], contentType: String) {
        self.body = body
        for (index, field) in headers.enumerated() {
            switch field.name.lowercased() {
            case "content-length": headers[index].value = String(body.count)
            case "content-type": headers[index].value = contentType
            default: break
            }
        }
    }
}
