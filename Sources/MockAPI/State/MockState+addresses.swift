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

    /// The key among those that the mock knows that signed an event; the published one when none did.
    ///
    /// A payload says by its hash which it was, so that no record has to.
    func key(of event: NewEvent) -> String {
        guard let payload = try? JSONValue(parsing: event.payload),
            let hash = payload["event"]?["event_hash"]?.string
        else { return settings.defaultKey }
        return knownKeys.first { key in
            EventHash.matches(
                hash, eventTime: event.time, eventType: event.type.rawValue, apiKey: key)
        } ?? settings.defaultKey
    }

    /// What an event of an earlier run is about.
    func subject(of event: NewEvent) -> String? {
        if let id = event.signatureRequestID { return id }
        guard let payload = try? JSONValue(parsing: event.payload) else { return nil }
        return payload["template"]?["template_id"]?.string ?? payload["fax"]?["fax_id"]?.string
            ?? payload["account"]?["account_id"]?.string
    }

    private var knownKeys: Set<String> {
        Set(accounts.all.flatMap(\.apiKeys)).union(requests.all.map(\.apiKey))
            .union(templates.all.map(\.apiKey)).union(faxes.all.map(\.apiKey))
            .union(drafts.all.map(\.apiKey))
    }
}
