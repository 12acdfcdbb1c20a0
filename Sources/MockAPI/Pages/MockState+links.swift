import Callbacks

// What the addresses of pages open, and what opening them does.
extension MockState {
    /// Opens a single-use address.
    mutating func open(
        _ purpose: PageLink.Purpose, _ token: String, now: Int64
    ) throws(APIError) -> PageLink {
        guard var link = links[token], link.purpose == purpose else {
            throw APIError(.notFound, "This link is not known")
        }
        guard !link.isUsed else {
            throw APIError(.deleted, "This link was opened before; ask for a new one")
        }
        guard link.expiresAt > now else {
            throw APIError(.deleted, "This link has expired; ask for a new one")
        }
        link.isUsed = true
        links.put(link)
        return link
    }

    /// The address of a page that stands open.
    func opened(
        _ purpose: PageLink.Purpose, _ token: String, now: Int64
    ) throws(APIError) -> PageLink {
        guard let link = links[token], link.purpose == purpose, link.isUsed, link.expiresAt > now
        else { throw APIError(.notFound, "This page is not open any more") }
        return link
    }

    func openDraft(_ token: String, now: Int64) throws(APIError) -> UnclaimedDraft {
        guard let link = links[token], link.purpose == .claim, !link.isUsed, link.expiresAt > now,
            let draft = drafts[link.target], !draft.isClaimed
        else { throw APIError(.notFound, "This draft is not known, or was claimed before") }
        return draft
    }

    /// Opens the page of an embedded signer: the link is used up, and the request is viewed.
    mutating func openSigning(
        _ token: String, _ signatureID: String, _ query: PageQuery, now: Int64
    ) throws(APIError) -> SignatureRequest {
        let link = try open(.sign, token, now: now)
        guard link.target == signatureID else {
            throw APIError(.badRequest, "The token is of another signature", at: "signature_id")
        }
        let (request, _) = try signer(signatureID)
        if let clientID = query.text("client_id"), clientID != request.clientID {
            throw APIError(
                .badRequest, "'client_id' is not the one of this request", at: "client_id")
        }
        try checkDomain(request, query)
        return try act(.view, signatureID, now: now)
    }

    /// Checks that the host page is one of the app's, as the service does outside of tests.
    private func checkDomain(_ request: SignatureRequest, _ query: PageQuery) throws(APIError) {
        if query.text("skip_domain_verification") == "1", request.terms.isTestMode { return }
        // Who opens the page by itself has no page around it.
        guard query.text("parent_url") != nil, let app = request.clientID.flatMap({ apps[$0] }),
            !app.domains.isEmpty
        else { return }
        let host = query.host("parent_url") ?? ""
        let isKnown = app.domains.contains { domain in
            host == domain.lowercased() || host.hasSuffix("." + domain.lowercased())
        }
        guard isKnown else {
            throw APIError(
                .forbidden,
                "This page can only be shown on the app's domains; \(host.prefix(100)) is none. "
                    + "Set skipDomainVerification with a request in test mode")
        }
    }

    /// A session of a signer who came by a mailed address.
    mutating func session(_ signatureID: String, now: Int64) -> String {
        let link = PageLink(
            id: identifier(64), purpose: .sign, target: signatureID,
            expiresAt: now + Self.linkLifetime, isUsed: true)
        links.put(link)
        return link.id
    }

    /// Tells the app that a signing page could not be opened.
    mutating func reportInvalidURL(_ signatureID: String) {
        guard let id = requestsOfSignatures[signatureID], let request = requests[id] else { return }
        emit(
            .signURLInvalid, about: request, relatedSignatureID: signatureID,
            message: "The signing page was opened with a link that is not valid")
    }
}
