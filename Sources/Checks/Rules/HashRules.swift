import Callbacks

extension Rule {
    static let hashRules: [Rule] = [
        refusesWrongKey, refusesWrongHash, refusesPartialHash, refusesEmptyHash,
        refusesMissingHash, refusesUppercaseHash, refusesHashOfAnotherEvent, alteredBody,
    ]

    /// A rule about events whose hash is not right.
    private static func refuses(
        _ id: String, _ title: String, requirement: String, explanation: String,
        reason: String, otherwise status: Verdict.Status = .fail,
        cases: @escaping @Sendable (inout Workshop) throws -> [Case]
    ) -> Rule {
        Rule(
            id, .hash, title, requirement: requirement, explanation: explanation, cases: cases,
            check: { await $0.noneAcknowledged(otherwise: status, reason: reason) })
    }

    private static let howToVerify = """
        Compute HMAC-SHA256 with the API key over event_time followed directly by event_type, write it \
        as 64 lower-case hexadecimal digits, and compare the whole text with event.event_hash in \
        constant time (hash_equals, hmac.compare_digest, crypto.timingSafeEqual, \
        Rack::Utils.secure_compare). Answer 401 when they differ. The public library 'Callbacks' has \
        it as Callback.isAuthentic(apiKey:).
        """

    private static let refusesWrongKey = refuses(
        "refuses-wrong-key", "refuses an event that was signed with another key",
        requirement: "Anybody can send to a public URL; the hash alone tells who did.",
        explanation: """
            The event's hash was made with another API key, and the handler acknowledged it: it does \
            not verify the hash.

            \(howToVerify)
            """,
        reason: "the hash was made with another key"
    ) { workshop in [try workshop.plainUnderOtherKey()] }

    private static let refusesWrongHash = refuses(
        "refuses-wrong-hash", "refuses an event whose hash is 64 random digits",
        requirement: "Anybody can send to a public URL; the hash alone tells who did.",
        explanation: """
            The hash had the right form but not the right digits. A handler that only looks at the \
            form, or at its length, takes it.

            \(howToVerify)
            """,
        reason: "the hash is random"
    ) { workshop in
        let digits = workshop.numbers.hexadecimalDigits(EventHash.length)
        return [try workshop.forgery("random-hash") { _ in digits }]
    }

    private static let refusesPartialHash = refuses(
        "refuses-partial-hash", "refuses a hash of which only the start is right",
        requirement: "A comparison that stops early lets a forger find the hash digit by digit.",
        explanation: """
            Only the first digits of the hash were right. A comparison by prefix, of truncated texts, \
            or as a number takes it.

            \(howToVerify)
            """,
        reason: "only the first digits of the hash are right"
    ) { workshop in
        var cases = try [8, 16, 32].map { count in
            try workshop.forgery("first-\(count)-right") { hash in
                String(hash.prefix(count)) + String(hash.dropFirst(count).map(\.otherDigit))
            }
        }
        cases.append(try workshop.forgery("only-first-32") { String($0.prefix(32)) })
        return cases
    }

    private static let refusesEmptyHash = refuses(
        "refuses-empty-hash", "refuses an event whose hash is empty",
        requirement: "A forger can leave the hash empty.",
        explanation: """
            The hash was an empty text. A check that is skipped when the hash is falsy, or a prefix \
            comparison, takes it.

            \(howToVerify)
            """,
        reason: "the hash is empty"
    ) { workshop in [try workshop.forgery("empty-hash") { _ in "" }] }

    private static let refusesMissingHash = refuses(
        "refuses-missing-hash", "refuses an event without a hash",
        requirement: "A forger can leave the hash out.",
        explanation: """
            The payload had no 'event_hash', or null in its place. Code such as 'if hash and hash != \
            expected' lets it through; other code fails with an error.

            \(howToVerify)
            """,
        reason: "there is no hash"
    ) { workshop in
        let missing = try workshop.forgery("no-hash") { _ in nil }
        let payload = try workshop.payload()
        var null = payload
        null[path: "event", "event_hash"] = .null
        let request = workshop.request(null, apiKey: workshop.otherKey)
        return [missing, Case("null-hash", Probe(request: request))]
    }

    private static let refusesUppercaseHash = refuses(
        "refuses-uppercase-hash", "compares the hash exactly, letter case too",
        requirement: "The service writes lower-case digits; anything else did not come from it.",
        explanation: """
            The hash was right but for its upper-case digits. Nobody can forge events by that, but \
            it shows that the comparison is not an exact one.

            \(howToVerify)
            """,
        reason: "the hash is in upper case", otherwise: .warn
    ) { workshop in [try workshop.forgery("uppercase-hash") { $0.uppercased() }] }

    private static let refusesHashOfAnotherEvent = Rule(
        "refuses-hash-of-another-event", .hash, "refuses the hash of another event",
        requirement:
            "The hash belongs to one type and one time; a stolen one must not open others.",
        explanation: """
            An event was sent with its right hash, and then another one, of another type and time, \
            with the hash of the first. A handler that remembers good hashes, or verifies over \
            constants, takes it.

            \(howToVerify)
            """,
        sending: .inOrder,
        cases: { workshop in
            let first = try workshop.payload()
            let stolen = first.eventHash
            let time = workshop.settings.now - 3600
            let second = try workshop.payload(.signatureRequestAllSigned) { payload in
                payload[path: "event", "event_time"] = .string("\(time)")
            }.withHash(stolen)
            let forged = workshop.request(second, apiKey: workshop.otherKey)
            return [
                Case("first-event", Probe(request: workshop.request(first))),
                Case("stolen-hash", Probe(request: forged)),
            ]
        },
        check: { examination in
            let first = await examination.send("first-event")
            guard first.observation.isAcknowledged else {
                return .fail(first.observation.mismatch, [examination.finding(first)])
            }
            return await examination.judgeForgeries(
                [await examination.send("stolen-hash")], otherwise: .fail,
                reason: "the hash is that of another event")
        })

    private static let alteredBody = Rule(
        "altered-body", .hash, "what becomes of a body that was changed on the way",
        requirement: "The hash covers the type and the time, and nothing else of the payload.",
        explanation: """
            The event's hash is right but the title of the request was changed. The hash cannot show \
            that: whoever once saw a callback can send its hash with another payload.

            Where that matters, fetch the object from the API by its id instead of believing the \
            payload, or verify the header fields Content-MD5 and Content-Sha256 as well. The formula \
            of the latter is not documented.
            """,
        cases: { workshop in
            let payload = try workshop.payload()
            let original = workshop.request(payload)
            var altered = payload
            altered[path: "signature_request", "title"] = "Changed on the way"
            var request = workshop.request(altered)
            for (index, field) in request.headers.enumerated() where field.isBodyHash {
                request.headers[index].value = original.headers.first(field.name) ?? ""
            }
            return [Case("changed-title", Probe(request: request))]
        },
        check: { examination in
            let answer = await examination.send("changed-title")
            guard answer.observation.isAcknowledged else {
                if let obstacle = await examination.reasonToDoubt() { return .skipped(obstacle) }
                return .info("refused (\(answer.observation.came)): more than the hash is verified")
            }
            return .info("acknowledged: the hash does not cover the payload; fetch it to be sure")
        })
}

extension Workshop {
    /// A new event with a hash made of the right one, and header hashes under another key.
    fileprivate mutating func forgery(_ name: String, hash: (String) -> String?) throws -> Case {
        let payload = try payload()
        let forged = payload.withHash(hash(payload.eventHash))
        return Case(name, Probe(request: request(forged, apiKey: otherKey)))
    }
}

extension HeaderField {
    fileprivate var isBodyHash: Bool {
        ["content-md5", "content-sha256"].contains(name.lowercased())
    }
}

extension Character {
    /// Another hexadecimal digit than this one.
    fileprivate var otherDigit: Character {
        self == "f" ? "0" : self == "9" ? "a" : Unicode.Scalar((asciiValue ?? 0x30) + 1).character
    }
}

extension Unicode.Scalar {
    fileprivate var character: Character { Character(self) }
}
