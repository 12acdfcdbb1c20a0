import Callbacks

extension SignatureRequest {
    /// What may happen to a request.
    enum Move: Hashable, Sendable {
        /// Its documents were read and its fields are laid on them.
        case processed
        /// Its documents or fields were refused; the event is one of the error events.
        case refused(EventType, String)
        case release
        case view(Int)
        case sign(Int, [StoredJSON])
        case decline(Int, String?)
        /// A new signature takes the old one's place.
        case reassign(Int, name: String?, emailAddress: String, reason: String?, newID: String)
        case bounce(Int)
        case remind(Int)
        case cancel
        case expire
    }

    /// An event, and the request as it stood at that moment.
    struct Happening: Hashable, Sendable {
        var type: EventType
        var relatedSignatureID: String?
        var message: String?
        var request: SignatureRequest
    }

    /// Seconds between two reminders to one signer.
    static let reminderPause: Int64 = 3600

    /// Makes a move; returns the events that it causes, in order.
    ///
    /// - Parameters:
    ///   - move: What happens.
    ///   - now: Unix seconds.
    /// - Returns: The events, each with the request as it stood then.
    /// - Throws: ``APIError`` when the move is not allowed now; nothing has changed then.
    mutating func apply(_ move: Move, now: Int64) throws(APIError) -> [Happening] {
        switch move {
        case .processed: return try processed()
        case .refused(let type, let message): return try refused(type, message)
        case .release:
            guard phase == .held else {
                throw APIError(.badRequest, "This signature request is not on hold")
            }
            phase = .awaiting
            setAll(.onHold, to: .awaiting)
            return [happening(.signatureRequestSent)]
        case .view(let index):
            try requireTurn(index)
            signers[index].lastViewedAt = now
            return [happening(.signatureRequestViewed, index)]
        case .sign(let index, let responses): return try sign(index, responses, now)
        case .decline(let index, let reason): return try decline(index, reason)
        case .reassign(let index, let name, let emailAddress, let reason, let newID):
            return try reassign(index, name, emailAddress, reason, newID)
        case .bounce(let index):
            try requireOpen(index)
            signers[index].error = "error_invalid_email"
            return [happening(.signatureRequestEmailBounce, index)]
        case .remind(let index): return try remind(index, now)
        case .cancel: return try cancel()
        case .expire: return try expire(now)
        }
    }

    private func happening(
        _ type: EventType, _ index: Int? = nil, message: String? = nil
    ) -> Happening {
        Happening(
            type: type, relatedSignatureID: index.map { signers[$0].signatureID },
            message: message, request: self)
    }

    private mutating func setAll(_ old: Signer.Status, to new: Signer.Status) {
        for index in signers.indices where signers[index].status == old {
            signers[index].status = new
        }
    }

    private mutating func processed() throws(APIError) -> [Happening] {
        guard phase == .processing else {
            throw APIError(.conflict, "This signature request was processed already")
        }
        guard !terms.isHeld else {
            phase = .held
            setAll(.awaiting, to: .onHold)
            return [happening(.signatureRequestPrepared)]
        }
        phase = .awaiting
        return [happening(.signatureRequestSent)]
    }

    private mutating func refused(
        _ type: EventType, _ message: String
    ) throws(APIError) -> [Happening] {
        guard phase == .processing || phase == .awaiting || phase == .held else {
            throw APIError(.conflict, "This signature request is \(phase.rawValue)")
        }
        phase = .failed
        setAll(.onHold, to: .awaiting)
        for index in signers.indices where signers[index].status == .awaiting {
            signers[index].status = .fileError
            signers[index].error = message
        }
        return [happening(type, message: message)]
    }

    /// Checks that a signer can still do something.
    private func requireOpen(_ index: Int) throws(APIError) {
        guard !isBeingCanceled else {
            throw APIError(.deleted, "This signature request was canceled")
        }
        switch phase {
        case .awaiting: break
        case .processing, .held:
            throw APIError(.conflict, "This request cannot be signed yet")
        case .canceled: throw APIError(.deleted, "This signature request was canceled")
        case .expired: throw APIError(.expired, "This signature request has expired")
        case .complete, .declined, .failed:
            throw APIError(.badRequest, "This signature request is \(phase.rawValue)")
        }
        guard signers.indices.contains(index), signers[index].status == .awaiting else {
            throw APIError(.badRequest, "This signature is not awaited any more")
        }
    }

    private func requireTurn(_ index: Int) throws(APIError) {
        try requireOpen(index)
        guard isTurn(of: index) else {
            throw APIError(.conflict, "Signers before this one have not signed yet")
        }
    }

    private mutating func sign(
        _ index: Int, _ responses: [StoredJSON], _ now: Int64
    ) throws(APIError) -> [Happening] {
        try requireTurn(index)
        signers[index].status = .signed
        signers[index].signedAt = now
        if signers[index].lastViewedAt == nil { signers[index].lastViewedAt = now }
        self.responses += responses
        // One signature of a group is enough; the others are not asked for any more.
        let id = signers[index].signatureID
        if let group = signers[index].groupID {
            signers.removeAll { $0.groupID == group && $0.signatureID != id }
        }
        var happenings = [
            happening(.signatureRequestSigned, signerIndex(id)),
            happening(.signatureRequestDownloadable),
        ]
        if signers.allSatisfy({ $0.status == .signed }) {
            phase = .complete
            happenings.append(happening(.signatureRequestAllSigned))
        }
        return happenings
    }

    private mutating func decline(
        _ index: Int, _ reason: String?
    ) throws(APIError) -> [Happening] {
        guard terms.allowsDecline else {
            throw APIError(.forbidden, "This signature request was sent without 'allow_decline'")
        }
        try requireTurn(index)
        signers[index].status = .declined
        signers[index].declineReason = reason
        phase = .declined
        return [happening(.signatureRequestDeclined, index, message: reason)]
    }

    private mutating func reassign(
        _ index: Int, _ name: String?, _ emailAddress: String, _ reason: String?, _ newID: String
    ) throws(APIError) -> [Happening] {
        guard terms.allowsReassign else {
            throw APIError(.forbidden, "This signature request was sent without 'allow_reassign'")
        }
        try requireTurn(index)
        var signer = signers[index]
        signer.reassignedBy = signer.emailAddress
        signer.reassignedFrom = signer.signatureID
        signer.reassignmentReason = reason
        signer.signatureID = newID
        signer.emailAddress = emailAddress
        signer.name = name ?? signer.name
        signer.lastViewedAt = nil
        signer.error = nil
        signers[index] = signer
        return [happening(.signatureRequestReassigned, index)]
    }

    private mutating func remind(_ index: Int, _ now: Int64) throws(APIError) -> [Happening] {
        guard !terms.isEmbedded else {
            throw APIError(.invalidReminder, "Signers of embedded requests get no reminders")
        }
        guard isOpen, signers.indices.contains(index), signers[index].status == .awaiting else {
            throw APIError(.invalidReminder, "This signature is not awaited")
        }
        if let last = signers[index].lastRemindedAt, now - last < Self.reminderPause {
            throw APIError(.invalidReminder, "The last reminder was less than an hour ago")
        }
        signers[index].lastRemindedAt = now
        return [happening(.signatureRequestRemind, index)]
    }

    private mutating func cancel() throws(APIError) -> [Happening] {
        switch phase {
        case .processing, .held, .awaiting, .failed, .expired: break
        case .canceled: throw APIError(.deleted, "This signature request was canceled")
        case .complete, .declined:
            throw APIError(.cancelFailed, "This signature request is \(phase.rawValue)")
        }
        phase = .canceled
        isBeingCanceled = false
        return [happening(.signatureRequestCanceled)]
    }

    private mutating func expire(_ now: Int64) throws(APIError) -> [Happening] {
        guard isOpen || phase == .held else {
            throw APIError(.badRequest, "This signature request is \(phase.rawValue)")
        }
        phase = .expired
        setAll(.onHold, to: .awaiting)
        setAll(.awaiting, to: .expired)
        return [happening(.signatureRequestExpired)]
    }
}
