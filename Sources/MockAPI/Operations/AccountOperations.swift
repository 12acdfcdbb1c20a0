import Callbacks
import HTTPTransport

extension MockState {
    static let accountHandlers: [String: Handler] = [
        "accountGet": { (state, call) throws(APIError) in try state.accountGet(call) },
        "accountCreate": { (state, call) throws(APIError) in try state.accountCreate(call) },
        "accountUpdate": { (state, call) throws(APIError) in try state.accountUpdate(call) },
        "accountVerify": { (state, call) throws(APIError) in try state.accountVerify(call) },
    ]

    private func accountGet(_ call: Call) throws(APIError) -> Reply {
        let isNamed =
            call.arguments.text("account_id") != nil || call.arguments.text("email_address") != nil
        guard isNamed else { return Reply("account", call.account.json) }
        guard let account = account(call.arguments), account.isVisible(to: call.account) else {
            throw APIError(.notFound, "Account not found")
        }
        return Reply("account", account.json)
    }

    private mutating func accountCreate(_ call: Call) throws(APIError) -> Reply {
        let email = try call.arguments.required("email_address")
        guard account(emailAddress: email) == nil else {
            throw APIError(
                .badRequest, "There is an account with this e-mail address", at: "email_address")
        }
        var account = Account(
            id: identifier(), emailAddress: email, apiKeys: [identifier(64)], isPaid: false)
        account.locale = call.arguments.text("locale") ?? account.locale
        var reply: [(String, JSONValue)] = [("account", account.json)]
        if let clientID = call.arguments.text("client_id") {
            let app = try app(clientID, of: call.account)
            guard call.arguments.text("client_secret") == app.oauthSecret else {
                throw APIError(.badRequest, "The client secret is wrong", at: "client_secret")
            }
            let grant = grantAccess(app, account, app.scopes, state: nil, call)
            reply.append(("oauth_data", Self.tokenJSON(grant, now: call.now)))
            // A user who was made through an app confirms the address, which the app is told.
            emit(
                Emission(
                    type: .accountConfirmed, accountID: account.id, clientID: clientID,
                    apiKey: call.apiKey, resource: ("account", account.json), subject: account.id))
        }
        put(account)
        return Reply(body: .json(.members(reply)))
    }

    private mutating func accountUpdate(_ call: Call) throws(APIError) -> Reply {
        var account = call.account
        if let id = call.arguments.text("account_id") {
            guard let other = accounts[id], other.isVisible(to: account) else {
                throw APIError(.notFound, "Account not found", at: "account_id")
            }
            account = other
        }
        if let url = call.arguments.text("callback_url") {
            account.callbackURL = try Self.callbackURL(url)
        }
        if let locale = call.arguments.text("locale") { account.locale = locale }
        put(account)
        return Reply("account", account.json)
    }

    private func accountVerify(_ call: Call) throws(APIError) -> Reply {
        let email = try call.arguments.required("email_address")
        guard let account = account(emailAddress: email) else {
            return Reply(body: .json(.object(JSONObject())))
        }
        return Reply("account", ["email_address": .string(account.emailAddress)])
    }

    /// A callback URL, or `nil` for an empty text, which takes it away.
    static func callbackURL(_ text: String) throws(APIError) -> String? {
        guard !text.isEmpty else { return nil }
        let hasScheme = text.hasPrefix("http://") || text.hasPrefix("https://")
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        // The service was seen to refuse URLs with '&'.
        guard hasScheme, isPlain, text.utf8.count <= 2000, !text.contains("&") else {
            throw APIError(
                .badRequest, "'callback_url' must be an http or https URL without '&'",
                at: "callback_url")
        }
        do { _ = try Destination(parsing: text) } catch {
            throw APIError(.badRequest, "'callback_url': \(error)", at: "callback_url")
        }
        return text
    }
}

extension Account {
    /// Whether `other` may see it: itself, and the members of its team.
    func isVisible(to other: Account) -> Bool {
        id == other.id || (teamID != nil && teamID == other.teamID)
    }
}
