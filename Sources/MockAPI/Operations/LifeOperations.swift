import Callbacks

/// Operations on signature requests that are there.
extension MockState {
    static let lifeHandlers: [String: Handler] = [
        "signatureRequestGet": { (state, call) throws(APIError) in
            let request = try state.visibleRequest(call)
            guard request.phase != .canceled else {
                throw APIError(.deleted, "This signature request was canceled")
            }
            return state.reply(request)
        },
        "signatureRequestList": { (state, call) throws(APIError) in try state.list(call) },
        "signatureRequestUpdate": { (state, call) throws(APIError) in try state.update(call) },
        "signatureRequestRemind": { (state, call) throws(APIError) in try state.remind(call) },
        "signatureRequestCancel": { (state, call) throws(APIError) in try state.cancel(call) },
        "signatureRequestRemove": { (state, call) throws(APIError) in try state.remove(call) },
        "signatureRequestReleaseHold": { (state, call) throws(APIError) in
            let request = try state.ownRequest(call)
            return state.reply(try state.move(request, .release, now: call.now))
        },
    ]

    /// Makes a move, keeps what comes of it and emits its events.
    @discardableResult
    mutating func move(
        _ request: SignatureRequest, _ move: SignatureRequest.Move, now: Int64
    ) throws(APIError) -> SignatureRequest {
        var moved = request
        let happenings = try moved.apply(move, now: now)
        put(moved)
        for happening in happenings {
            emit(
                happening.type, about: happening.request,
                relatedSignatureID: happening.relatedSignatureID, message: happening.message)
        }
        return moved
    }

    mutating func emit(
        _ type: EventType, about request: SignatureRequest, relatedSignatureID: String?,
        message: String?
    ) {
        emit(
            Emission(
                type: type, accountID: request.accountID, clientID: request.clientID,
                apiKey: request.apiKey, relatedSignatureID: relatedSignatureID, message: message,
                resource: ("signature_request", request.json(base: settings.baseURL)),
                subject: request.id))
    }

    /// The account's own request that the path names.
    func ownRequest(_ call: Call) throws(APIError) -> SignatureRequest {
        let request = try visibleRequest(call)
        guard request.accountID == call.account.id else {
            throw APIError(.forbidden, "Only the requester may do this")
        }
        return request
    }

    /// The request that the path names, when the account sent it, signs it or gets a copy.
    func visibleRequest(_ call: Call) throws(APIError) -> SignatureRequest {
        let id = try call.arguments.required("signature_request_id")
        guard let request = requests[id], !request.isRemoved, isVisible(request, to: call.account)
        else { throw APIError(.notFound, "Signature request not found") }
        if let clientID = call.clientID, request.clientID != clientID {
            throw APIError(.forbidden, "This request was not made with the app of this token")
        }
        return request
    }

    private func isVisible(_ request: SignatureRequest, to account: Account) -> Bool {
        if request.accountID == account.id { return true }
        let email = account.emailAddress.lowercased()
        return request.signers.contains { $0.emailAddress.lowercased() == email }
            || request.terms.ccEmailAddresses.contains { $0.lowercased() == email }
    }

    private func list(_ call: Call) throws(APIError) -> Reply {
        let page = try Page(call.arguments)
        let search = try RequestSearch(call.arguments.text("query") ?? "")
        var accounts = [call.account]
        if let id = call.arguments.text("account_id"), id != call.account.id {
            accounts = try teammates(call, named: id)
        }
        let found = requests.newest { request in
            !request.isRemoved && accounts.contains { isVisible(request, to: $0) }
                && (call.clientID == nil || request.clientID == call.clientID)
                && search.matches(request)
        }
        return Reply(
            "signature_requests", found, page: page,
            json: { $0.json(base: settings.baseURL) })
    }

    /// The members of the account's team: all, or one of them.
    func teammates(_ call: Call, named id: String) throws(APIError) -> [Account] {
        let team = accounts.all.filter { $0.isVisible(to: call.account) }
        if id == "all" { return team }
        guard let account = team.first(where: { $0.id == id }) else {
            throw APIError(
                .badRequest, "'account_id' must be 'all' or a member of your team",
                at: "account_id")
        }
        return [account]
    }

    private mutating func update(_ call: Call) throws(APIError) -> Reply {
        var request = try ownRequest(call)
        let signatureID = try call.arguments.required("signature_id")
        guard let index = request.signerIndex(signatureID) else {
            throw APIError(.badRequest, "There is no such signature", at: "signature_id")
        }
        guard
            call.arguments.text("email_address") != nil || call.arguments.text("name") != nil
                || call.arguments["expires_at"] != nil
        else {
            throw APIError(
                .badRequest, "'email_address', 'name' or 'expires_at' is required",
                at: "email_address")
        }
        guard request.phase == .awaiting || request.phase == .held,
            request.signers[index].status != .signed
        else {
            throw APIError(
                .badRequest,
                "Only a request that is out, and a signature that is awaited, can change")
        }
        if let time = try Self.expiry(call) {
            request.terms.expiresAt = time
            withdraw(.expireRequest(request.id))
            schedule(.expireRequest(request.id), at: time * 1000)
        }
        if let name = call.arguments.text("name") { request.signers[index].name = name }
        if let email = call.arguments.text("email_address"),
            email != request.signers[index].emailAddress
        {
            guard request.hasSignatureField else {
                throw APIError(
                    .badRequest,
                    "The signer of a request with an appended signature page cannot change",
                    at: "email_address")
            }
            // A new address is a new signature: links to the old one must not open it.
            requestsOfSignatures[signatureID] = nil
            request.signers[index].emailAddress = email
            request.signers[index].signatureID = identifier(32)
            request.signers[index].error = nil
        }
        put(request)
        return reply(request)
    }

    private mutating func remind(_ call: Call) throws(APIError) -> Reply {
        let request = try ownRequest(call)
        let email = try call.arguments.required("email_address")
        let name = call.arguments.text("name")
        if request.phase == .canceled {
            throw APIError(.deleted, "This signature request was canceled")
        }
        let index = request.signers.firstIndex {
            $0.emailAddress == email && (name == nil || $0.name == name)
        }
        guard let index else {
            throw APIError(.badRequest, "There is no such signer", at: "email_address")
        }
        return reply(try move(request, .remind(index), now: call.now))
    }

    private mutating func cancel(_ call: Call) throws(APIError) -> Reply {
        var request = try ownRequest(call)
        // What the move would refuse is refused now; the move itself comes later, and nobody can sign
        // in between.
        var trial = request
        _ = try trial.apply(.cancel, now: call.now)
        guard !request.isBeingCanceled else { return .empty }
        request.isBeingCanceled = true
        put(request)
        schedule(
            .cancelRequest(request.id), at: call.nowMilliseconds + settings.processingMilliseconds)
        return .empty
    }

    private mutating func remove(_ call: Call) throws(APIError) -> Reply {
        var request = try ownRequest(call)
        if request.phase == .canceled {
            throw APIError(.deleted, "This signature request was canceled")
        }
        guard request.isComplete else {
            throw APIError(
                .removeFailed, "Only a request that everybody signed can be removed")
        }
        request.isRemoved = true
        put(request)
        return .empty
    }
}
