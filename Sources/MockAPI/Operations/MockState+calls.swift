import Callbacks

extension MockState {
    /// What an operation does.
    typealias Handler = @Sendable (inout MockState, Call) throws(APIError) -> Reply

    /// Performs a call; on an error nothing has changed.
    mutating func perform(_ call: Call) throws(APIError) -> Reply {
        guard let handler = Self.handlers[call.operation.id] else {
            throw APIError(.notFound, "\(call.operation.id) is not there")
        }
        do {
            var reply = try handler(&self, call)
            if let warning = Warning.ignored(call.arguments.ignored) {
                reply.warnings.append(warning)
            }
            return reply
        } catch {
            rollBack()
            throw error
        }
    }

    /// By operation id.
    static let handlers: [String: Handler] = [
        accountHandlers, appHandlers, requestHandlers, bulkHandlers, lifeHandlers, fileHandlers,
        embeddedHandlers, templateHandlers, draftHandlers, teamHandlers, faxHandlers,
        faxLineHandlers, oauthHandlers, otherHandlers,
    ].reduce(into: [:]) { $0.merge($1) { $1 } }
}

// MARK: - What several operations need

extension MockState {
    /// The account's own app that a request names.
    ///
    /// Where any key is taken, any app is too: it is made when it is first named, so that code with
    /// an id of the real service runs unchanged.
    mutating func namedApp(_ call: Call) throws(APIError) -> APIApp? {
        guard let clientID = call.arguments.text("client_id") else { return nil }
        if let own = call.clientID, own != clientID {
            throw APIError(
                .forbidden, "'client_id' is not the app of this token", at: "client_id")
        }
        if let app = apps[clientID] {
            guard app.ownerID == call.account.id else {
                throw APIError(.badRequest, "'client_id' is another account's", at: "client_id")
            }
            return app
        }
        guard settings.takesAnyKey, !clientID.isEmpty, clientID.utf8.count <= 100 else {
            throw APIError(.badRequest, "'client_id' is no API app of yours", at: "client_id")
        }
        let app = APIApp(
            id: clientID, ownerID: call.account.id, createdAt: call.now,
            name: "App \(clientID.prefix(8))", domains: ["localhost"],
            oauthSecret: identifier(32))
        apps.put(app)
        return app
    }

    /// The account's own app of that id.
    func app(
        _ clientID: String, of account: Account, at path: String = "client_id"
    ) throws(APIError)
        -> APIApp
    {
        guard let app = apps[clientID], app.ownerID == account.id else {
            throw APIError(.notFound, "API app not found", at: path)
        }
        return app
    }

    /// An account named by `account_id` or `email_address`; `nil` when neither was given.
    func account(_ arguments: Arguments) -> Account? {
        if let id = arguments.text("account_id") { return accounts[id] }
        guard let email = arguments.text("email_address") else { return nil }
        return account(emailAddress: email)
    }

    /// The member of the account's team whom a call names.
    func teammate(_ call: Call) throws(APIError) -> Account {
        guard
            call.arguments.text("account_id") != nil || call.arguments.text("email_address") != nil
        else {
            throw APIError(
                .badRequest, "'account_id' or 'email_address' is required", at: "account_id")
        }
        guard let account = account(call.arguments), account.isVisible(to: call.account) else {
            throw APIError(.notFound, "The account is not a member of your team")
        }
        return account
    }

    func account(emailAddress: String) -> Account? {
        accounts.all.first { $0.emailAddress.lowercased() == emailAddress.lowercased() }
    }

    /// Checks that a call without `test_mode` is paid for.
    func requirePlan(_ call: Call) throws(APIError) {
        try requireRoom()
        guard call.account.isPaid || call.arguments.flag("test_mode") else {
            throw APIError(
                .paymentRequired,
                "You must upgrade to make additional requests; or set 'test_mode'")
        }
    }
}
