package import Callbacks
import Fixtures

/// Makes the requests of one rule; equal settings make equal requests.
package struct Workshop: Sendable {
    /// The key that the handler is taken to have.
    let apiKey: String
    /// A key that it does not have.
    let otherKey: String
    let settings: Settings
    var numbers: SeededNumbers
    private var factory: EventFactory

    /// What requests depend on.
    package struct Settings: Hashable, Sendable {
        package var apiKey: String
        package var seed: UInt64
        /// The time of the events, in Unix seconds.
        package var now: Int64
        package var wire: WireFormat

        package init(apiKey: String, seed: UInt64, now: Int64, wire: WireFormat = WireFormat()) {
            self.apiKey = apiKey
            self.seed = seed
            self.now = now
            self.wire = wire
        }
    }

    /// `name`: The rule's id; each has events of its own.
    init(settings: Settings, name: String) {
        self.settings = settings
        apiKey = settings.apiKey
        numbers = SeededNumbers(seed: settings.seed, name: name)
        otherKey = numbers.hexadecimalDigits(64)
        factory = EventFactory(seed: numbers.next(), now: settings.now, apiKey: settings.apiKey)
    }

    /// The event by which the handler is judged first; the same in every rule.
    func plain(_ name: String = "plain") throws -> Case {
        var workshop = Workshop(settings: settings, name: "plain")
        return try workshop.event(name)
    }

    /// The same event as ``plain(_:)`` as raw JSON.
    func plainAsRawJSON(_ name: String = "raw-json") throws -> Case {
        var workshop = Workshop(settings: settings, name: "plain")
        let payload = try workshop.payload()
        return Case(name, Probe(request: workshop.request(payload, form: .json)))
    }

    /// The same event as ``plain(_:)``, signed with a key that the handler does not have.
    func plainUnderOtherKey(_ name: String = "other-key") throws -> Case {
        var workshop = Workshop(settings: settings, name: "plain")
        let payload = try workshop.payload().signed(apiKey: otherKey)
        return Case(name, Probe(request: workshop.request(payload, apiKey: otherKey)))
    }

    /// The payload of a new event, signed after `edit`.
    mutating func payload(
        _ type: EventType = .signatureRequestSent, kind: CallbackKind = .account,
        edit: (inout JSONValue) throws -> Void = { _ in }
    ) throws -> JSONValue {
        var payload = try factory.event(type, kind: kind).payload
        try edit(&payload)
        return payload.signed(apiKey: apiKey)
    }

    /// A case with a new event.
    mutating func event(
        _ name: String, _ type: EventType = .signatureRequestSent, kind: CallbackKind = .account,
        encoding: JSONEncoding = .service, manner: Probe.Manner = .ordinary,
        edit: (inout JSONValue) throws -> Void = { _ in }
    ) throws -> Case {
        let payload = try payload(type, kind: kind, edit: edit)
        return Case(name, Probe(request: request(payload, encoding: encoding), manner: manner))
    }

    /// The request that carries `payload`, as the service would send it.
    ///
    /// `apiKey`: The key of the header hashes; `nil` means the handler's.
    mutating func request(
        _ payload: JSONValue, encoding: JSONEncoding = .service, form: BodyForm? = nil,
        apiKey: String? = nil
    ) -> CallbackRequest {
        request(json: payload.encoded(encoding), form: form, apiKey: apiKey)
    }

    /// The request that carries any text in place of a payload.
    mutating func request(
        json: [UInt8], form: BodyForm? = nil, apiKey: String? = nil
    )
        -> CallbackRequest
    {
        settings.wire.request(
            json: json, hashes: HeaderHashes(json: json, apiKey: apiKey ?? self.apiKey), form: form,
            boundary: BodyForm.boundary(numbers.next()))
    }
}
