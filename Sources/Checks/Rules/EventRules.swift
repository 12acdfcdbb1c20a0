import Callbacks

extension Rule {
    static let eventRules: [Rule] = [
        types("acknowledges-account-events", .account, Documentation.accountEvents),
        types("acknowledges-app-events", .app, Documentation.appEvents),
        acknowledgesCallbackTest, acknowledgesUnknownType, acknowledgesWithoutMetadata,
    ]

    /// Every known type as a callback of one kind; the test callback has a rule of its own.
    private static func types(_ id: String, _ kind: CallbackKind, _ page: String) -> Rule {
        Rule(
            id, .events, "acknowledges every type of event on the \(kind.rawValue)'s URL",
            requirement: "All types come to one URL and none can be unsubscribed from.",
            explanation: """
                Some types of event are not acknowledged, often because a switch over the type ends in \
                an error, or because the payload has no 'signature_request': account, template and fax \
                events carry an object of their own.

                Acknowledge what the handler has no use for, too. An event that is never acknowledged \
                comes seven times in 30 hours, and in the end the service disables the callback.
                """,
            documentation: page,
            cases: { workshop in
                try EventType.all.filter { $0 != .callbackTest && $0.isReported(to: kind) }
                    .map { try workshop.event($0.rawValue, $0, kind: kind) }
            },
            check: { await $0.allAcknowledged("event type") })
    }

    private static let acknowledgesCallbackTest = Rule(
        "acknowledges-callback-test", .events, "acknowledges the test callback",
        requirement: "The Test button of the API settings sends it before a URL is saved.",
        explanation: """
            The test callback has the type 'callback_test' and no object beside 'event': no \
            'signature_request', no 'template', no 'account'.

            Check the hash and answer before you look at the object that the event carries.
            """,
        cases: { [try $0.event("callback-test", .callbackTest)] },
        check: { await $0.allAcknowledged() })

    private static let acknowledgesUnknownType = Rule(
        "acknowledges-unknown-type", .events, "acknowledges types that it does not know",
        requirement:
            "The service adds types without notice; existing handlers must not refuse them.",
        explanation: """
            An event of a type that is in no list was not acknowledged. An enumeration, a switch \
            without default or a strict schema refuses it; several of the official SDKs did so.

            Treat the type as text, log what you do not know and acknowledge it.
            """,
        cases: { workshop in
            let type = EventType(rawValue: "signature_request_countersigned")
            let sameResource = try workshop.event("unknown-type") { payload in
                payload[path: "event", "event_type"] = .string(type.rawValue)
            }
            let otherResource = try workshop.event("unknown-object") { payload in
                payload[path: "event", "event_type"] = "agreement_archived"
                payload[path: "signature_request"] = nil
                payload[path: "agreement"] = ["agreement_id": "a1", "title": "Terms"]
            }
            return [sameResource, otherResource]
        },
        check: { await $0.allAcknowledged() })

    private static let acknowledgesWithoutMetadata = Rule(
        "acknowledges-without-metadata", .events, "acknowledges an event without metadata",
        requirement: "The member 'event_metadata' is optional in the service's schema.",
        explanation: """
            The event had no 'event_metadata', as the service's own fixtures sometimes have none.

            Look for 'reported_for_app_id' and 'related_signature_id' in a way that gives nothing \
            where there is nothing: optional chaining, get(), dig().
            """,
        cases: { workshop in
            let missing = try workshop.event("no-metadata") { payload in
                payload[path: "event", "event_metadata"] = nil
            }
            let null = try workshop.event("null-metadata") { payload in
                payload[path: "event", "event_metadata"] = .null
            }
            return [missing, null]
        },
        check: { await $0.allAcknowledged() })
}

extension EventType {
    fileprivate func isReported(to kind: CallbackKind) -> Bool {
        known?.kinds.contains(kind) ?? true
    }
}
