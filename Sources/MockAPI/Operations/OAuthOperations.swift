import Callbacks

/// OAuth: codes, tokens and who they open the API for.
extension MockState {
    /// Seconds that an access token is good for.
    static let tokenLifetime: Int64 = 86_400
    /// Seconds that a code is good for.
    static let codeLifetime: Int64 = 600

    static let oauthHandlers: [String: Handler] = [
        "oauthTokenGenerate": { (state, call) throws(APIError) in
            try state.generateToken(call)
        },
        "oauthTokenRefresh": { (state, call) throws(APIError) in try state.refreshToken(call) },
    ]

    private mutating func generateToken(_ call: Call) throws(APIError) -> Reply {
        let arguments = call.arguments
        guard let app = apps[try arguments.required("client_id")],
            arguments.text("client_secret") == app.oauthSecret
        else { throw APIError(.invalidClient, "The client id or secret is wrong") }
        guard var grant = grants[try arguments.required("code")], grant.clientID == app.id,
            grant.accessToken == nil, grant.codeExpiresAt > call.now
        else { throw APIError(.invalidGrant, "The code is not known, or was used before") }
        guard grant.state == nil || grant.state == arguments.text("state") else {
            throw APIError(.invalidGrant, "The state is another one than the page was opened with")
        }
        open(&grant, now: call.now)
        return Reply(body: .json(Self.tokenJSON(grant, now: call.now)))
    }

    private mutating func refreshToken(_ call: Call) throws(APIError) -> Reply {
        let token = try call.arguments.required("refresh_token")
        guard let id = grantsOfTokens[token], var grant = grants[id], grant.refreshToken == token,
            apps[grant.clientID] != nil
        else { throw APIError(.invalidGrant, "The refresh token is not known") }
        if let clientID = call.arguments.text("client_id") {
            guard clientID == grant.clientID,
                call.arguments.text("client_secret").map({ $0 == apps[clientID]?.oauthSecret })
                    ?? true
            else { throw APIError(.invalidClient, "The client id or secret is wrong") }
        }
        open(&grant, now: call.now)
        return Reply(body: .json(Self.tokenJSON(grant, now: call.now)))
    }

    /// Gives a grant new tokens; older ones open nothing any more.
    private mutating func open(_ grant: inout OAuthGrant, now: Int64) {
        for token in [grant.accessToken, grant.refreshToken].compactMap({ $0 }) {
            grantsOfTokens[token] = nil
        }
        grant.accessToken = identifier(64)
        grant.refreshToken = identifier(64)
        grant.expiresAt = now + Self.tokenLifetime
        put(grant)
    }

    /// A grant that is open at once, as for a user whom an app makes.
    mutating func grantAccess(
        _ app: APIApp, _ account: Account, _ scopes: [String], state: String?, _ call: Call
    ) -> OAuthGrant {
        var grant = authorize(app, account, scopes, state: state, now: call.now)
        open(&grant, now: call.now)
        return grant
    }

    /// What the user allows on the authorisation page: a code that opens the rest.
    mutating func authorize(
        _ app: APIApp, _ account: Account, _ scopes: [String], state: String?, now: Int64
    ) -> OAuthGrant {
        let grant = OAuthGrant(
            id: identifier(32), clientID: app.id, accountID: account.id, scopes: scopes,
            state: state, codeExpiresAt: now + Self.codeLifetime)
        put(grant)
        return grant
    }

    static func tokenJSON(_ grant: OAuthGrant, now: Int64) -> JSONValue {
        .members([
            ("access_token", .text(grant.accessToken)), ("token_type", "Bearer"),
            ("refresh_token", .text(grant.refreshToken)),
            ("expires_in", .number(String(grant.expiresAt - now))), ("state", .text(grant.state)),
        ])
    }
}
