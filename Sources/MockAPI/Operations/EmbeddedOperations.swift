import Callbacks

/// Operations that give addresses for an iframe.
extension MockState {
    /// Seconds that such an address is good for: an hour.
    static let linkLifetime: Int64 = 3600

    static let embeddedHandlers: [String: Handler] = [
        "embeddedSignUrl": { (state, call) throws(APIError) in try state.signURL(call) },
        "embeddedEditUrl": { (state, call) throws(APIError) in try state.editURL(call) },
    ]

    private mutating func signURL(_ call: Call) throws(APIError) -> Reply {
        let signatureID = try call.arguments.required("signature_id")
        guard let id = requestsOfSignatures[signatureID], let request = requests[id],
            let index = request.signerIndex(signatureID), request.accountID == call.account.id
        else { throw APIError(.notFound, "Signature not found") }
        if let clientID = call.clientID, request.clientID != clientID {
            throw APIError(.forbidden, "This request was not made with the app of this token")
        }
        guard request.terms.isEmbedded else {
            throw APIError(.badRequest, "This request is not embedded: its signers get mails")
        }
        // Whether the signer could open it now is what the move says.
        var trial = request
        _ = try trial.apply(.view(index), now: call.now)
        let link = link(.sign, to: signatureID, call)
        return Reply(
            "embedded",
            .members([
                (
                    "sign_url",
                    .string(
                        "\(settings.baseURL)/editor/embeddedSign?signature_id=\(signatureID)"
                            + "&token=\(link.id)")
                ), ("expires_at", .time(link.expiresAt)),
            ]))
    }

    private mutating func editURL(_ call: Call) throws(APIError) -> Reply {
        let template = try ownTemplate(call, allowsDraft: true)
        guard template.isEmbedded else {
            throw APIError(.badRequest, "This template was not made for embedded editing")
        }
        if template.phase == .processing {
            throw APIError(.conflict, "This template is still being prepared")
        }
        return Reply("embedded", .members(editLink(template, call)))
    }

    /// `edit_url` and `expires_at`.
    mutating func editLink(_ template: Template, _ call: Call) -> [(String, JSONValue)] {
        let link = link(.edit, to: template.id, call)
        return [
            ("edit_url", .string("\(settings.baseURL)/editor/embeddedTemplate?token=\(link.id)")),
            ("expires_at", .time(link.expiresAt)),
        ]
    }

    /// Links after which it is looked for expired ones.
    private static let linksBetweenCleanings = 1000

    /// Lets go of links that open nothing any more.
    private mutating func dropOldLinks(now: Int64) {
        guard links.count % Self.linksBetweenCleanings == Self.linksBetweenCleanings - 1 else {
            return
        }
        for link in links.all where link.expiresAt <= now { links[link.id] = nil }
    }

    /// A new single-use address.
    mutating func link(_ purpose: PageLink.Purpose, to target: String, _ call: Call) -> PageLink {
        dropOldLinks(now: call.now)
        let link = PageLink(
            id: identifier(64), purpose: purpose, target: target,
            expiresAt: call.now + Self.linkLifetime)
        links.put(link)
        return link
    }
}
