import Callbacks

/// Operations on faxes.
extension MockState {
    /// Faxes of one account that may be on their way at once.
    static let maximumFaxesInFlight = 50

    static let faxHandlers: [String: Handler] = [
        "faxSend": { (state, call) throws(APIError) in try state.faxSend(call) },
        "faxGet": { (state, call) throws(APIError) in
            Reply("fax", try state.ownFax(call).json(base: state.settings.baseURL))
        },
        "faxDelete": { (state, call) throws(APIError) in
            state.faxes[try state.ownFax(call).id] = nil
            return .empty
        },
        "faxList": { (state, call) throws(APIError) in
            let base = state.settings.baseURL
            return Reply(
                "faxes", state.faxes.newest { $0.accountID == call.account.id },
                page: try Page(call.arguments), json: { $0.json(base: base) })
        },
    ]

    func ownFax(_ call: Call) throws(APIError) -> Fax {
        guard let fax = faxes[try call.arguments.required("fax_id")],
            fax.accountID == call.account.id
        else { throw APIError(.notFound, "Fax not found") }
        return fax
    }

    private mutating func faxSend(_ call: Call) throws(APIError) -> Reply {
        try requirePlan(call)
        let recipient = try call.arguments.required("recipient")
        guard FaxNumber(recipient) != nil || Validation.isEmailAddress(recipient) else {
            throw APIError(
                .invalidRecipient, "'recipient' is neither a fax number nor an e-mail address",
                at: "recipient")
        }
        let documents = try documents(call, isRequired: true)
        let inFlight = faxes.newest {
            $0.accountID == call.account.id && $0.status == "transmitting"
        }
        guard inFlight.count < Self.maximumFaxesInFlight else {
            throw APIError(
                .maximumFaxes, "At most \(Self.maximumFaxesInFlight) faxes may be on their way")
        }
        let fax = Fax(
            id: identifier(), accountID: call.account.id, apiKey: call.apiKey,
            createdAt: call.now,
            title: call.arguments.text("title") ?? documents.first?.name ?? "Fax",
            message: call.arguments.text("cover_page_message"),
            sender: call.arguments.text("sender") ?? call.account.emailAddress,
            recipient: recipient, isTestMode: call.arguments.flag("test_mode"),
            sentAt: call.now, documents: documents)
        faxes.put(fax)
        schedule(.sendFax(fax.id), at: call.nowMilliseconds + settings.processingMilliseconds)
        return Reply("fax", fax.json(base: settings.baseURL))
    }

    /// Ends a fax that is on its way, as its number says.
    mutating func finishFax(_ id: String, now: Int64) {
        guard var fax = faxes[id], fax.status == "transmitting" else { return }
        let fate = FaxNumber(fax.recipient)?.fate ?? .sent
        fax.status = fate.status
        fax.sentAt = now
        faxes.put(fax)
        if var account = accounts[fax.accountID], fate == .sent {
            account.faxPagesSent += fax.documents.reduce(0) { $0 + $1.pages }
            accounts.put(account)
        }
        emit(
            Emission(
                type: fate.event, accountID: fax.accountID, clientID: nil, apiKey: fax.apiKey,
                resource: ("fax", fax.json(base: settings.baseURL)), subject: fax.id))
    }
}

/// A telephone number; some stand for what may go wrong, as card numbers do in other test tools.
struct FaxNumber: Hashable, Sendable {
    /// How a fax ends.
    enum Fate: Hashable, Sendable, CaseIterable {
        case sent, onHold, busy, noAnswer, disconnected, blacklisted

        /// The last four digits of numbers that end so.
        var digits: String {
            switch self {
            case .sent: "0100"
            case .busy: "0101"
            case .noAnswer: "0102"
            case .disconnected: "0103"
            case .blacklisted: "0104"
            case .onHold: "0105"
            }
        }

        var event: EventType {
            switch self {
            case .sent: .faxSent
            case .onHold: .faxOnHold
            case .busy: .faxBusy
            case .noAnswer: .faxNoAnswer
            case .disconnected: .faxDisconnected
            case .blacklisted: .faxBlacklisted
            }
        }

        /// The `status_code` of the transmission.
        var status: String {
            switch self {
            case .sent: "success"
            case .onHold: "transmitting"
            case .busy: "error_busy"
            case .noAnswer: "error_no_answer"
            case .disconnected: "error_disconnected"
            case .blacklisted: "error_bad_destination"
            }
        }
    }

    let digits: String

    /// `nil` when it has fewer than 7 or more than 15 digits, or anything but digits, spaces, dashes,
    /// dots, brackets and a leading plus.
    init?(_ text: String) {
        digits = text.filter { $0.isASCII && $0.isNumber }
        let rest = text.filter { !($0.isASCII && $0.isNumber) && !" -.()".contains($0) }
        guard (7...15).contains(digits.count), rest.isEmpty || (rest == "+" && text.first == "+")
        else { return nil }
    }

    var fate: Fate { Fate.allCases.first { digits.hasSuffix("555\($0.digits)") } ?? .sent }
}
