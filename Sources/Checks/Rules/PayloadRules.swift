import Callbacks

extension Rule {
    static let payloadRules: [Rule] = [
        manySigners, largePayload, emoji, rightToLeftText, quotesAndBackslashes, escapedSlashes,
        nullFields, unknownFields,
    ]

    /// A rule about events with unusual contents.
    private static func contents(
        _ id: String, _ title: String, requirement: String, explanation: String,
        cases: @escaping @Sendable (inout Workshop) throws -> [Case]
    ) -> Rule {
        Rule(
            id, .payload, title, requirement: requirement, explanation: explanation, cases: cases,
            check: { await $0.allAcknowledged() })
    }

    private static let manySigners = contents(
        "many-signers", "acknowledges a request with 50 signers",
        requirement: "A request may have many signers, and every event carries all of them.",
        explanation: """
            The payload had 50 signatures. A column that is too short, or an API call for each signer \
            before the answer, breaks on it.

            Keep the payload as a document of any length, and work behind the answer.
            """
    ) { workshop in
        let ids = (0..<50).map { _ in workshop.numbers.hexadecimalDigits(32) }
        return [
            try workshop.event("50-signers") { payload in
                let model = payload.signatures.first ?? .object(JSONObject())
                payload.signatures = ids.enumerated().map { index, id in
                    var signature = model
                    signature[path: "signature_id"] = .string(id)
                    signature[path: "signer_email_address"] = .string("s\(index)@example.com")
                    signature[path: "signer_name"] = .string("Signer \(index)")
                    signature[path: "order"] = JSONValue(index)
                    return signature
                }
            }
        ]
    }

    /// Octets of JSON text: a megabyte, under the 1,048,576 that form parsers often set as a limit.
    private static let largePayloadBytes = 1_000_000

    private static let largePayload = contents(
        "large-payload", "acknowledges a payload of a megabyte",
        requirement: "Fields, signers and metadata add up; no limit on a payload is documented.",
        explanation: """
            The JSON text had 1,000,000 octets. A limit on bodies or on form fields refused it: many \
            frameworks start with 100 kB.

            Raise the limit for this route: limits.fieldSize of multer, limit of body-parser, \
            post_max_size in PHP, client_max_body_size in nginx.
            """
    ) { workshop in
        let sentence = "The parties agree on the terms of the annex. "
        return [
            try workshop.event("one-megabyte") { payload in
                payload[path: "signature_request", "message"] = ""
                // The hash is put in later; its member is there already or as long as this one.
                let length = payload.signed(apiKey: "").encoded().count
                let missing = max(0, largePayloadBytes - length)
                let filler = String(repeating: sentence, count: missing / sentence.count + 1)
                payload[path: "signature_request", "message"] = .string(
                    String(filler.prefix(missing)))
            }
        ]
    }

    private static let emoji = contents(
        "emoji", "acknowledges emoji and other scripts",
        requirement: "Titles and names are written by people, in any script.",
        explanation: """
            The title and a name had characters outside of ASCII, once as UTF-8 and once as \\u escapes \
            with surrogate pairs. A column in three-byte 'utf8' (MySQL), or a form that is read as \
            Latin-1, breaks on them.

            Read the form as UTF-8, use utf8mb4 in MySQL, and leave \\u escapes to the JSON parser.
            """
    ) { workshop in
        let title = "Mietvertrag 🏡 “Grüne Straße” — 租赁合同 👩🏽‍⚖️"
        let raw = try workshop.titled("raw-utf-8", title, encoding: .plain)
        let escaped = try workshop.titled("escaped", title, encoding: .service)
        return [raw, escaped]
    }

    private static let rightToLeftText = contents(
        "right-to-left-text", "acknowledges Arabic and Hebrew text",
        requirement: "Titles and names are written by people, in any script.",
        explanation: """
            The title was Arabic and Hebrew with marks for the direction of writing.

            Treat texts as UTF-8 throughout and do not strip or refuse invisible characters.
            """
    ) { workshop in
        [try workshop.titled("arabic-and-hebrew", "عقد إيجار \u{200f}2024\u{200e} חוזה שכירות")]
    }

    private static let quotesAndBackslashes = contents(
        "quotes-and-backslashes", "acknowledges quotes, backslashes and line ends in texts",
        requirement: "A title such as O'Brien \"A\\B\" must not break a query or a parser.",
        explanation: """
            The title had quotes of both kinds, backslashes, a line end and markup. SQL or shell \
            commands that are put together from text break on it, as does a handler that strips \
            slashes or unescapes before it parses.

            Parse the field's text as it came, and bind values as parameters.
            """
    ) { workshop in
        let title = "O'Brien said \"A\\B\" \\\\ C:\\new\\table\n<b>&amp;</b> ${x} %s '; --"
        return [try workshop.titled("quotes", title)]
    }

    private static let escapedSlashes = contents(
        "escaped-slashes", "reads '\\/' as '/'",
        requirement: "The service escapes slashes, as PHP does: https:\\/\\/ and so on.",
        explanation: """
            The title and the URLs of the payload had slashes, which are written '\\/'. JSON allows \
            that, but a search for a text in the body, or a parser of one's own, does not find them.

            Parse the JSON, and hash header values over the text as it came, not over a re-encoding.
            """
    ) { workshop in [try workshop.titled("slashes", "Terms/Conditions 1/2 \\/ 3")] }

    private static let nullFields = contents(
        "null-fields", "acknowledges null where the schema allows it",
        requirement: "Subject, message, names, times and lists may be null.",
        explanation: """
            Members that may be null were null: texts such as 'subject', 'message' and 'signer_name', \
            lists such as 'custom_fields' and 'response_data', or the members of the metadata.

            Expect nothing behind them: no length of a null text, no loop over a null list.
            """
    ) { workshop in
        let texts = try workshop.event("null-texts") { payload in
            for name in Nullable.texts { payload[path: "signature_request", name] = .null }
        }
        let lists = try workshop.event("null-lists") { payload in
            for name in Nullable.lists { payload[path: "signature_request", name] = .null }
        }
        let signature = try workshop.event("null-in-signatures") { payload in
            payload.signatures = payload.signatures.map { signature in
                var signature = signature
                for name in Nullable.ofSignature { signature[path: name] = .null }
                return signature
            }
        }
        let metadata = try workshop.event("null-in-metadata") { payload in
            for name in Nullable.ofMetadata {
                payload[path: "event", "event_metadata", name] = .null
            }
            payload[path: "client_id"] = .null
        }
        let template = try workshop.event("null-in-template", .templateCreated) { payload in
            for name in Nullable.ofTemplate { payload[path: "template", name] = .null }
        }
        let account = try workshop.event("null-in-account", .accountConfirmed, kind: .app) {
            payload in
            for name in Nullable.ofAccount { payload[path: "account", name] = .null }
            // So that it does not fail for being an app's.
            payload[path: "event", "event_metadata", "reported_for_app_id"] = .null
        }
        return [texts, lists, signature, metadata, template, account]
    }

    private static let unknownFields = contents(
        "unknown-fields", "ignores members that it does not know",
        requirement: "The service adds members without notice.",
        explanation: """
            Members that are in no schema were added: beside 'event', in it, in its metadata, or in \
            the object that the event carries. Strict decoders refuse them.

            Ignore unknown members: FAIL_ON_UNKNOWN_PROPERTIES off in Jackson, \
            additionalProperties allowed in a JSON schema, extra='ignore' in Pydantic.
            """
    ) { workshop in
        let places: [(String, [String])] = [
            ("top-level", []), ("event", ["event"]), ("metadata", ["event", "event_metadata"]),
            ("object", ["signature_request"]),
        ]
        return try places.map { name, path in
            try workshop.event("in-\(name)") { payload in
                payload[at: path + ["countersign_text"]] = "x"
                payload[at: path + ["countersign_list"]] = [1, nil]
                payload[at: path + ["countersign_object"]] = ["a": ["b": true]]
            }
        }
    }
}

/// Members that may be null; the title is not nullable in the schema but was seen null.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `SignatureRequestResponse`, `SignatureRequestResponseSignatures`,
///   `TemplateResponse`, `AccountResponse`.
private enum Nullable {
    static let texts = [
        "title", "original_title", "subject", "message", "requester_email_address", "expires_at",
        "signing_url", "signing_redirect_url", "final_copy_uri", "bulk_send_job_id",
    ]
    static let lists = ["template_ids", "custom_fields", "attachments", "response_data"]
    static let ofSignature = [
        "signer_group_guid", "signer_name", "signer_role", "order", "decline_reason", "signed_at",
        "last_viewed_at", "last_reminded_at", "has_sms_auth", "has_sms_delivery",
        "sms_phone_number", "reassigned_by", "reassignment_reason", "reassigned_from", "error",
    ]
    static let ofTemplate = ["is_embedded", "custom_fields", "named_form_fields"]
    static let ofAccount = ["callback_url", "role_code", "team_id", "locale"]
    static let ofMetadata = ["related_signature_id", "reported_for_app_id", "event_message"]
}

extension Workshop {
    /// An event whose request and first signer have that text as title, subject and name.
    fileprivate mutating func titled(
        _ name: String, _ title: String, encoding: JSONEncoding = .service
    ) throws -> Case {
        try event(name, encoding: encoding) { payload in
            for member in ["title", "original_title", "subject"] {
                payload[path: "signature_request", member] = .string(title)
            }
            payload.signatures = payload.signatures.map { signature in
                var signature = signature
                signature[path: "signer_name"] = .string(title)
                return signature
            }
        }
    }
}

extension JSONValue {
    /// The elements of `signature_request.signatures`.
    fileprivate var signatures: [JSONValue] {
        get { self["signature_request"]?["signatures"]?.array ?? [] }
        set { self[path: "signature_request", "signatures"] = .array(newValue) }
    }
}
