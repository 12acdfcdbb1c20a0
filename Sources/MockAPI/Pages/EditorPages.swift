import Callbacks

/// The pages of the other embedded flows: a template that is saved, a request that is sent.
enum EditorPages {
    /// The editor of a template.
    static func template(_ template: Template, token: String, query: PageQuery) -> HTMLPage {
        let roles = template.roles.map { "<li>\($0.name.html)</li>" }.joined()
        let files = template.documents.map { "<li>\($0.name.html)</li>" }.joined()
        return page(
            title: template.title, intro: "A template for the roles below.",
            content: """
                <div class="card"><h2>Roles</h2><ul>\(roles)</ul>
                <h2>Documents</h2><ul>\(files)</ul></div>
                """,
            button: query.text("final_button_text") ?? "Save", deed: "save",
            facts: ["kind": "template", "token": .string(token)], query)
    }

    /// The page on which a draft is sent.
    static func request(_ draft: UnclaimedDraft, token: String, query: PageQuery) -> HTMLPage {
        let request = draft.request
        let files = request.documents.map { "<li>\($0.name.html)</li>" }.joined()
        let signers =
            request.signers.isEmpty
            ? """
            <label>Name of the signer <input id="signer-name"></label>
            <label>E-mail of the signer <input id="signer-email" type="email"></label>
            """
            : "<ul>"
                + request.signers.map {
                    "<li>\(($0.name ?? "").html) \($0.emailAddress.html)</li>"
                }.joined() + "</ul>"
        return page(
            title: request.terms.title, intro: "A signature request that is ready to be sent.",
            content: """
                <div class="card"><h2>Signers</h2>\(signers)
                <h2>Documents</h2><ul>\(files)</ul></div>
                """,
            button: query.text("final_button_text") ?? "Send", deed: "send",
            facts: [
                "kind": "request", "token": .string(token),
                "signatureRequestId": .string(request.id),
                "redirectUrl": .text(
                    query.text("redirect_url") ?? draft.requestingRedirectURL),
            ], query)
    }

    private static func page(
        title: String, intro: String, content: String, button: String, deed: String,
        facts: JSONValue, _ query: PageQuery
    ) -> HTMLPage {
        HTMLPage(
            title: title,
            body: """
                <header><div class="mark">Countersign mock</div><h1>\(title.html)</h1>
                <p class="quiet">\(intro)</p></header>
                <main id="work">\(content)</main>
                <div class="actions"><span class="status" id="status" role="status"></span>
                <button data-deed="cancel">Cancel</button>
                <button class="primary" id="\(deed)" data-deed="\(deed)">\(button.html)</button></div>
                """, facts: facts)
    }

    /// The page on which a user lets an app in.
    static func authorize(_ app: APIApp, _ account: Account, scopes: [String]) -> HTMLPage {
        let list = scopes.map { "<li><code>\($0.html)</code></li>" }.joined()
        return HTMLPage(
            title: "Allow \(app.name)?",
            body: """
                <header><div class="mark">Countersign mock</div>
                <h1>Allow \(app.name.html) to use your account?</h1>
                <p class="quiet">You are \(account.emailAddress.html).</p></header>
                <main><div class="card"><p>It asks for:</p><ul>\(list)</ul></div></main>
                <form method="post" class="actions">
                <button name="decision" value="deny">Deny</button>
                <button class="primary" name="decision" value="allow">Allow</button></form>
                """)
    }

    /// What is in the mock, for a person who opens its address.
    static func overview(
        _ requests: [SignatureRequest], base: String, account: Account?
    ) -> HTMLPage {
        let rows = requests.map { request in
            let signers = request.signers.map { signer in
                let link =
                    "/sign/\(request.id)/\(signer.signatureID)"
                let words =
                    "\((signer.name ?? signer.emailAddress).html) (\(signer.status.rawValue))"
                return request.isOpen && signer.status == .awaiting
                    ? "<a href=\"\(link)\">\(words)</a>" : words
            }.joined(separator: "<br>")
            return """
                <tr><td>\(request.terms.title.html)<br><code class="quiet">\(request.id)</code></td>\
                <td>\(request.phase.rawValue)</td><td>\(signers)</td></tr>
                """
        }
        let table =
            rows.isEmpty
            ? """
            <div class="card"><p>Nothing yet. Make a signature request:</p>
            <p><code>curl -u any-key: \(base.html)/v3/signature_request/send \
            -F 'files[]=@contract.pdf' -F 'signers[0][name]=Ann' \
            -F 'signers[0][email_address]=ann@example.com' -F test_mode=1</code></p></div>
            """
            : """
            <table><thead><tr><th>Signature request</th><th>State</th><th>Signers</th></tr></thead>
            <tbody>\(rows.joined())</tbody></table>
            """
        return HTMLPage(
            title: "Countersign",
            body: """
                <header><div class="mark">Countersign</div><h1>A mock of the Dropbox Sign API</h1>
                <p class="quiet">API <code>\(base.html)/v3</code> · account \
                <code>\((account?.emailAddress ?? "").html)</code> ·
                <a href="/openapi.json">openapi.json</a> ·
                <a href="/_countersign/exchanges">exchanges</a> ·
                <a href="/_countersign/deliveries">deliveries</a></p></header>
                <main>\(table)</main>
                <footer>A local tool for tests; not connected to Dropbox Sign.</footer>
                """)
    }
}
