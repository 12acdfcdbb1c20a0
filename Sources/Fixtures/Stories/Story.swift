import Callbacks

/// What happens to requests, a template or a fax over time, told event by event.
///
/// A value without I/O: each event changes the state first, and its payload shows the state at that
/// moment, as the service's do.
struct Story: Sendable {
    let party: Party
    /// Unix seconds; moves with the steps.
    var now: Int64
    private(set) var requests: [SignatureRequest] = []
    private(set) var template: Template
    private(set) var fax: Fax
    private var generator: SeededGenerator

    /// Who signs.
    struct Setting: Hashable, Sendable {
        var requests = 1
        /// Signers of each request.
        var signers = 1
        var isOrdered = false
        var isEmbedded = false
        var isBulk = false
        /// The seconds before `now` at which the requests were made.
        var age: Int64 = 0
    }

    init(_ setting: Setting, now: Int64, generator: SeededGenerator) {
        self.generator = generator
        self.now = now
        party = Party(from: &self.generator)
        let paper = self.generator.pick(Cast.papers)
        let made = now - setting.age
        template = Template(
            id: self.generator.identifier(), paper: paper, updatedAt: made, account: party)
        fax = Fax(
            id: self.generator.identifier(), paper: paper, createdAt: made, sentAt: made)
        let bulkSendJobID = setting.isBulk ? self.generator.identifier() : nil
        for _ in 0..<setting.requests {
            let people = Cast.people(setting.signers, from: &self.generator)
            let signers = people.enumerated().map { index, person in
                SignatureRequest.Signer(
                    signatureID: self.generator.identifier(32), person: person,
                    order: setting.isOrdered ? index : nil)
            }
            requests.append(
                SignatureRequest(
                    id: self.generator.identifier(), requester: party.email, paper: paper,
                    createdAt: made, isEmbedded: setting.isEmbedded, bulkSendJobID: bulkSendJobID,
                    attachmentID: self.generator.identifier(), signers: signers))
        }
    }

    /// The generator after all that was drawn, for the next story.
    var rest: SeededGenerator { generator }
}

/// One thing that happens.
struct Happening: Hashable, Sendable {
    var type: EventType
    /// Which request, from 0.
    var request = 0
    /// Which signer, from 0; `nil` means the first who has not signed.
    var signer: Int?
    /// The reason that the event gives.
    var message: String?

    init(_ type: EventType, request: Int = 0, signer: Int? = nil, message: String? = nil) {
        self.type = type
        self.request = request
        self.signer = signer
        self.message = message
    }
}

extension Story {
    /// Lets it happen, and tells it as a payload without a hash.
    mutating func tell(_ happening: Happening, kind: CallbackKind) -> JSONValue {
        let message = happening.message ?? Self.defaultMessage(of: happening.type)
        let related = happen(happening, message: message)
        let hasSigner = happening.type.known?.signer == .related
        let metadata: JSONValue = .members([
            ("related_signature_id", .text(hasSigner ? related : nil)),
            ("reported_for_account_id", .string(party.accountID)),
            ("reported_for_app_id", .text(kind == .app ? party.clientID : nil)),
            ("event_message", .text(message)),
        ])
        var members: [(String, JSONValue)] = [
            (
                "event",
                .members([
                    ("event_type", .string(happening.type.rawValue)),
                    ("event_time", .string(String(now))), ("event_hash", ""),
                    ("event_metadata", metadata),
                ])
            ),
            ("account_guid", .string(party.accountID)),
            ("client_id", .text(kind == .app ? party.clientID : nil)),
        ]
        if let resource = resource(of: happening) { members.append(resource) }
        return .members(members)
    }

    /// A signer's mail bounced and was put right: a new signature takes the place of the old one.
    mutating func updateEmail(request: Int, signer: Int) {
        guard requests.indices.contains(request),
            requests[request].signers.indices.contains(signer)
        else { return }
        var person = requests[request].signers[signer].person
        person.email = "mail." + person.email
        requests[request].signers[signer] = SignatureRequest.Signer(
            signatureID: generator.identifier(32), person: person,
            order: requests[request].signers[signer].order)
    }

    private func resource(of happening: Happening) -> (String, JSONValue)? {
        // A type that is not known is told of a request, as most are.
        let resource = happening.type.known.map(\.resource) ?? .signatureRequest
        switch resource {
        case .signatureRequest?: return ("signature_request", requests[happening.request].json)
        case .template?: return ("template", template.json)
        case .account?: return ("account", party.json)
        case .fax?: return ("fax", fax.json)
        case nil: return nil
        }
    }

    private static func defaultMessage(of type: EventType) -> String? {
        switch type {
        case .signatureRequestDeclined: "The price in section 2 is not what we agreed on."
        case .signatureRequestInvalid: "A text tag names signer3, and there are 2 signers."
        case .fileError: "The file could not be converted."
        case .unknownError: "An unknown error occurred while the request was processed."
        case .templateError: "The new file has another number of pages."
        case .signURLInvalid: "The URL was used before."
        default: nil
        }
    }
}

extension Story {
    /// Changes the state; returns the signature that it is about.
    private mutating func happen(_ happening: Happening, message: String?) -> String? {
        if let status = Fax.statuses[happening.type] {
            fax.status = status
            fax.sentAt = now
        }
        guard requests.indices.contains(happening.request) else { return nil }
        var request = requests[happening.request]
        defer { requests[happening.request] = request }
        request.happen(happening.type, now: now, message: message)
        guard let index = happening.signer ?? request.nextSigner,
            request.signers.indices.contains(index)
        else { return nil }
        switch happening.type {
        case .signatureRequestReassigned:
            request.reassign(index, to: generator.pick(Cast.people), generator.identifier(32))
        case .signatureRequestSignerRemoved:
            return request.signers.remove(at: index).signatureID
        default: request.signers[index].happen(happening.type, now: now, message: message)
        }
        return request.signers[index].signatureID
    }
}

extension SignatureRequest {
    /// The signer of whom the next event most likely tells.
    fileprivate var nextSigner: Int? {
        signers.firstIndex(where: \.isWaiting) ?? signers.indices.last
    }

    /// What an event changes in the request as a whole.
    fileprivate mutating func happen(_ type: EventType, now: Int64, message: String?) {
        switch type {
        case .signatureRequestPrepared: setStatus("on_hold", message: nil)
        case .signatureRequestSent:
            for index in signers.indices where signers[index].status == "on_hold" {
                signers[index].status = "awaiting_signature"
            }
        case .signatureRequestAllSigned:
            for index in signers.indices where signers[index].isWaiting {
                signers[index].happen(.signatureRequestSigned, now: now, message: nil)
            }
            isComplete = true
        case .signatureRequestDeclined: isDeclined = true
        case .signatureRequestExpired:
            expiresAt = now - now % 3600  // the service rounds it down to the hour
            for index in signers.indices where signers[index].isWaiting {
                signers[index].status = "expired"
            }
        case .fileError: setStatus("error_file", message: message)
        case .signatureRequestInvalid: setStatus("error_text_tag", message: message)
        case .unknownError: setStatus("error_unknown", message: message)
        default: break
        }
    }

    private mutating func setStatus(_ status: String, message: String?) {
        if message != nil { hasError = true }
        for index in signers.indices where signers[index].signedAt == nil {
            signers[index].status = status
            signers[index].error = message
        }
    }

    /// Puts another person in a signer's place, under a new signature.
    fileprivate mutating func reassign(_ index: Int, to person: Cast.Person, _ signatureID: String)
    {
        let old = signers[index]
        var person = person
        if person == old.person { person.email = "deputy." + person.email }
        signers[index] = Signer(
            signatureID: signatureID, person: person, order: old.order,
            reassignedBy: old.person.email, reassignmentReason: "I am on leave.",
            reassignedFrom: old.signatureID)
    }
}

extension SignatureRequest.Signer {
    /// What an event changes in the signature that it is about.
    fileprivate mutating func happen(_ type: EventType, now: Int64, message: String?) {
        switch type {
        case .signatureRequestViewed: lastViewedAt = now
        case .signatureRequestSigned:
            lastViewedAt = lastViewedAt ?? now
            signedAt = now
            status = "signed"
        case .signatureRequestDeclined:
            status = "declined"
            declineReason = message
        case .signatureRequestEmailBounce:
            status = "error_invalid_email"
            error = "The mail to this address came back."
        case .signatureRequestRemind: lastRemindedAt = now
        default: break
        }
    }
}
