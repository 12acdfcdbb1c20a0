import Callbacks

/// The page on which a user lets an app in.
extension MockService {
    /// Shows what the app asks for.
    func authorizationPage(_ query: PageQuery) throws(APIError) -> APIAnswer {
        let (app, account, scopes) = try authorizing(query)
        return EditorPages.authorize(app, account, scopes: scopes).answer
    }

    private func authorizing(_ query: PageQuery) throws(APIError) -> (APIApp, Account, [String]) {
        try read { state throws(APIError) in
            guard query.text("response_type") == "code" else {
                throw APIError(.badRequest, "'response_type' must be code", at: "response_type")
            }
            guard let app = state.apps[query.text("client_id") ?? ""],
                app.oauthCallbackURL != nil
            else { throw APIError(.invalidClient, "There is no such app with OAuth") }
            if let given = query.text("redirect_uri"), given != app.oauthCallbackURL {
                throw APIError(
                    .badRequest, "'redirect_uri' is another one than the app's callback_url",
                    at: "redirect_uri")
            }
            let email = query.text("login_hint") ?? ""
            guard let account = state.account(emailAddress: email) ?? state.defaultAccount else {
                throw APIError(.notFound, "Account not found")
            }
            return (app, account, app.scopes)
        }
    }

    /// Sends the user back to the app, with a code or with a refusal.
    func authorize(
        _ request: APIRequest, _ query: PageQuery
    ) async throws(APIError) -> APIAnswer {
        let (app, account, scopes) = try authorizing(query)
        let target = app.oauthCallbackURL ?? ""
        let form = PageQuery(String(decoding: request.body, as: UTF8.self))
        let now = clock.now / 1000
        let state = query.text("state")
        var fields: [(String, String)] = []
        if form.text("decision") == "allow" {
            let grant = try await change { mock throws(APIError) in
                mock.authorize(app, account, scopes, state: state, now: now)
            }
            fields.append(("code", grant.id))
        } else {
            fields.append(("error", "access_denied"))
        }
        if let state { fields.append(("state", state)) }
        let text = fields.map { name, value in
            "\(name)=\(String(decoding: URLEncoding.encode(Array(value.utf8)), as: UTF8.self))"
        }.joined(separator: "&")
        let separator = target.contains("?") ? "&" : "?"
        return APIAnswer(
            status: 302, headers: [HeaderField("Location", target + separator + text)])
    }
}
