import Callbacks

/// Operations on unclaimed drafts.
extension MockState {
    /// Seconds that a claim address of a plain draft is good for.
    static let claimLifetime = 30 * day

    static let draftHandlers: [String: Handler] = [
        "unclaimedDraftCreate": { (state, call) throws(APIError) in
            try state.draftCreate(call, isEmbedded: false)
        },
        "unclaimedDraftCreateEmbedded": { (state, call) throws(APIError) in
            try state.draftCreate(call, isEmbedded: true)
        },
        "unclaimedDraftCreateEmbeddedWithTemplate": { (state, call) throws(APIError) in
            try state.draftFromTemplate(call)
        },
        "unclaimedDraftEditAndResend": { (state, call) throws(APIError) in
            try state.draftEditAndResend(call)
        },
    ]

    private mutating func draftCreate(_ call: Call, isEmbedded: Bool) throws(APIError) -> Reply {
        try requirePlan(call)
        let app = try namedApp(call)
        let documents = try documents(call, isRequired: true)
        let isSelf = call.arguments.text("type") == "send_document"
        let given = call.arguments.list("signers")
        guard isSelf || isEmbedded || !given.isEmpty else {
            throw APIError(
                .badRequest, "'signers' is required for 'request_signature'", at: "signers")
        }
        let signers = given.isEmpty ? [] : try self.signers(call)
        var terms = try terms(
            call, isEmbedded: call.arguments.flag("is_for_embedded_signing"), documents: documents)
        terms.formFields = try formFields(
            call, documents: documents.count, signers: max(1, signers.count))
        terms.attachments = try attachments(call, signers: max(1, signers.count))
        terms.customFields = Self.customFields(call.arguments.list("custom_fields"))
        let request = draftRequest(call, app, terms, signers, documents)
        return keepDraft(request, call, app, isEmbedded: isEmbedded)
    }

    private mutating func draftFromTemplate(_ call: Call) throws(APIError) -> Reply {
        try requirePlan(call)
        let app = try namedApp(call)
        let mix = try mixedTemplates(call)
        let documents = mix.documents + (try documents(call, isRequired: false))
        var terms = try terms(
            call, isEmbedded: call.arguments.flag("is_for_embedded_signing"), documents: documents)
        terms.fill(from: mix, call.arguments)
        terms.customFields = Self.customFields(
            call.arguments.list("custom_fields"), checkboxes: mix.checkboxes)
        let signers =
            call.arguments.list("signers").isEmpty ? [] : try roleSigners(call, mix)
        let request = draftRequest(call, app, terms, signers, documents)
        return keepDraft(request, call, app, isEmbedded: true)
    }

    private mutating func draftEditAndResend(_ call: Call) throws(APIError) -> Reply {
        let old = try ownRequest(call)
        let app = try namedApp(call)
        if old.phase == .canceled || old.isBeingCanceled {
            throw APIError(.deleted, "This signature request was canceled")
        }
        guard !old.isComplete, !old.signers.contains(where: { $0.status == .signed }) else {
            throw APIError(.conflict, "A request that somebody signed cannot be edited")
        }
        var request = old
        request.clientID = app?.id
        request.phase = .processing
        if let isEmbedded = call.arguments["is_for_embedded_signing"]?.bool {
            request.terms.isEmbedded = isEmbedded
        }
        request.terms.isTestMode = call.arguments.flag("test_mode")
        request.terms.signingRedirectURL =
            call.arguments.text("signing_redirect_url") ?? request.terms.signingRedirectURL
        return keepDraft(request, call, app, isEmbedded: true)
    }

    private mutating func draftRequest(
        _ call: Call, _ app: APIApp?, _ terms: SignatureRequest.Terms,
        _ signers: [SignatureRequest.Signer], _ documents: [DocumentReference]
    ) -> SignatureRequest {
        var terms = terms
        if let email = call.arguments.text("requester_email_address") {
            terms.requesterEmailAddress = email
        }
        return SignatureRequest(
            id: identifier(), accountID: call.account.id, clientID: app?.id ?? call.clientID,
            apiKey: call.apiKey, createdAt: call.now, terms: terms, signers: signers,
            documents: documents)
    }

    private mutating func keepDraft(
        _ request: SignatureRequest, _ call: Call, _ app: APIApp?, isEmbedded: Bool
    ) -> Reply {
        var draft = UnclaimedDraft(
            id: identifier(), accountID: call.account.id, clientID: app?.id, apiKey: call.apiKey,
            type: call.arguments.text("type") ?? "request_signature", request: request)
        draft.isForEmbeddedSigning = request.terms.isEmbedded
        draft.requestingRedirectURL = call.arguments.text("requesting_redirect_url")
        drafts.put(draft)
        let link = PageLink(
            id: identifier(64), purpose: .claim, target: draft.id,
            expiresAt: call.now + (isEmbedded ? Self.linkLifetime : Self.claimLifetime))
        links.put(link)
        let page = isEmbedded ? "editor/embeddedRequest" : "editor/claim"
        return Reply(
            "unclaimed_draft",
            .members([
                // The id of a plain draft's request is known once it is claimed.
                ("signature_request_id", isEmbedded ? .string(request.id) : .null),
                (
                    "claim_url",
                    .string("\(settings.baseURL)/\(page)?cached_params_token=\(link.id)")
                ), ("signing_redirect_url", .text(request.terms.signingRedirectURL)),
                ("requesting_redirect_url", .text(draft.requestingRedirectURL)),
                ("expires_at", isEmbedded ? .time(link.expiresAt) : .null),
                ("test_mode", .bool(request.terms.isTestMode)),
            ]), warnings: warnings(call, request.documents))
    }

    /// Turns a draft into a signature request, as its first user does.
    ///
    /// - Parameters:
    ///   - token: That of the claim address.
    ///   - signer: Signs a draft that has no signers.
    ///   - nowMilliseconds: Unix milliseconds.
    /// - Returns: The request.
    /// - Throws: ``APIError`` with `not_found` when it was claimed before.
    mutating func claim(
        _ token: String, signer: (name: String, emailAddress: String)?, nowMilliseconds: Int64
    ) throws(APIError) -> SignatureRequest {
        guard var link = links[token], link.purpose == .claim, !link.isUsed,
            link.expiresAt > nowMilliseconds / 1000, var draft = drafts[link.target],
            !draft.isClaimed
        else { throw APIError(.notFound, "This draft is not known, or was claimed before") }
        var request = draft.request
        // A draft that changes a request must not undo what its signers did meanwhile.
        if let live = requests[request.id] {
            guard [.processing, .held, .awaiting, .expired, .failed].contains(live.phase),
                !live.isBeingCanceled, !live.signers.contains(where: { $0.status == .signed })
            else {
                throw APIError(
                    .conflict, "The request was signed or ended since this draft was made")
            }
        }
        if request.signers.isEmpty {
            guard let signer else {
                throw APIError(.badRequest, "The draft has no signers; name one", at: "signers")
            }
            guard Validation.isEmailAddress(signer.emailAddress) else {
                throw APIError(
                    .badRequest, "'email_address' must be an e-mail address", at: "email_address")
            }
            request.signers = [
                SignatureRequest.Signer(
                    signatureID: identifier(32), emailAddress: signer.emailAddress,
                    name: signer.name)
            ]
        }
        link.isUsed = true
        links.put(link)
        draft.isClaimed = true
        drafts.put(draft)
        put(request)
        withdraw(.expireRequest(request.id))
        schedule(
            .processRequest(request.id), at: nowMilliseconds + settings.processingMilliseconds)
        if let time = request.terms.expiresAt {
            schedule(.expireRequest(request.id), at: time * 1000)
        }
        return request
    }
}
