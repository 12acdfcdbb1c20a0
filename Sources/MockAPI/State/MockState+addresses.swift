import Callbacks
package import Journal

/// An event on its way to one URL.
package struct OutgoingEvent: Sendable {
    package let delivery: NewDelivery
    /// What it is about: events of one subject go one after another.
    package let subject: String
    /// Signs it.
    package let apiKey: String
    /// The number of the call that caused it.
    let exchange: Int64?
}

extension MockState {
    /// The events of a change, each for every URL that it is reported to.
    ///
    /// - Parameters:
    ///   - emissions: In order.
    ///   - now: Unix milliseconds; the events have its second.
    ///   - form: The form of the bodies.
    ///   - boundary: Gives a boundary of its own to each.
    /// - Returns: In the order of the emissions.
    func outgoing(
        _ emissions: [Emission], now: Int64, form: BodyForm, boundary: () -> String
    ) -> [OutgoingEvent] {
        var events: [OutgoingEvent] = []
        for emission in emissions {
            for (kind, url, emission) in addresses(of: emission) {
                let payload = emission.payload(kind, now: now / 1000)
                let isRequest = emission.resource?.name == "signature_request"
                events.append(
                    OutgoingEvent(
                        delivery: NewDelivery(
                            event: NewEvent(
                                type: emission.type, time: String(now / 1000), kind: kind,
                                signatureRequestID: isRequest ? emission.subject : nil,
                                origin: "mock", payload: payload.encoded()),
                            destination: url, form: form, boundary: boundary()),
                        subject: emission.subject, apiKey: emission.apiKey,
                        exchange: emission.exchange))
            }
        }
        return events
    }

    /// The URLs of an event, each with the event as it is reported there.
    private func addresses(of emission: Emission) -> [(CallbackKind, String, Emission)] {
        var addresses: [(CallbackKind, String, Emission)] = []
        let kinds = emission.type.known?.kinds ?? [.account, .app]
        let appURL = emission.clientID.flatMap { apps[$0]?.callbackURL }
        if kinds.contains(.account), settings.reporting != .app || appURL == nil {
            for account in involvedAccounts(emission) {
                guard let url = account.callbackURL else { continue }
                var own = emission
                if account.id != emission.accountID {
                    own.accountID = account.id
                    own.apiKey = account.apiKeys.first ?? emission.apiKey
                }
                addresses.append((.account, url, own))
            }
        }
        if kinds.contains(.app), settings.reporting != .account, let appURL {
            addresses.append((.app, appURL, emission))
        }
        return addresses
    }

    /// The account that an event is about, and those that receive the request: an account's URL gets
    /// the events of both.
    private func involvedAccounts(_ emission: Emission) -> [Account] {
        let own = accounts[emission.accountID].map { [$0] } ?? []
        guard accounts.count > 1, let request = requests[emission.subject] else { return own }
        let signers = Set(request.signers.map { $0.emailAddress.lowercased() })
        return own
            + accounts.all.filter {
                $0.id != emission.accountID && signers.contains($0.emailAddress.lowercased())
            }
    }

    /// What events of an earlier run are about, and the keys that signed them: the published one where
    /// none did that the mock knows.
    ///
    /// A payload says both, the key by its hash, so that no record has to.
    func origins(of events: [NewEvent]) -> [(subject: String?, apiKey: String)] {
        var keys = Array(knownKeys)
        return events.map { event in
            guard let payload = try? JSONValue(parsing: event.payload) else {
                return (event.signatureRequestID, settings.defaultKey)
            }
            let subject =
                event.signatureRequestID ?? payload["template"]?["template_id"]?.string
                ?? payload["fax"]?["fax_id"]?.string ?? payload["account"]?["account_id"]?.string
            let hash = payload["event"]?["event_hash"]?.string ?? ""
            let found = keys.firstIndex { key in
                EventHash.matches(
                    hash, eventTime: event.time, eventType: event.type.rawValue, apiKey: key)
            }
            guard let found else { return (subject, settings.defaultKey) }
            keys.swapAt(0, found)  // most events have the key of the one before
            return (subject, keys[0])
        }
    }

    private var knownKeys: Set<String> {
        var keys = Set(accounts.all.flatMap(\.apiKeys))
        for request in requests.all { keys.insert(request.apiKey) }
        for template in templates.all { keys.insert(template.apiKey) }
        for fax in faxes.all { keys.insert(fax.apiKey) }
        for draft in drafts.all { keys.insert(draft.apiKey) }
        return keys
    }
}
