import Callbacks
import Documents
import Foundation
import Synchronization

/// Pages for people: signing, editing, claiming, allowing an app, and files behind links.
extension MockService {
    /// Answers a request for a page; `nil` when there is none at its path.
    package func page(_ request: APIRequest) async -> APIAnswer? {
        let words = request.path.split(separator: "/").map(String.init)
        let query = PageQuery(request.query)
        do throws(APIError) {
            switch (request.method, words.first, words.count) {
            case ("GET", nil, 0) where request.path == "/": return overview
            case ("GET", "openapi.json", 1): return openAPI
            case ("GET", "sign", 2...3): return try await signPage(words)
            case ("GET", "home", 2): return try details(query)
            case ("GET", "files", 2): return try await linkedFile(words[1], query)
            case ("GET", "editor", 2):
                return try await editorPage(words[1], query)
            case ("GET", "editor", 5) where words[1] == "page":
                return try await picture(words[2], words[3], words[4])
            case ("POST", "editor", 4) where words[1] == "act":
                return APIAnswer(
                    status: 200, json: try await act(words[3], words[2], request))
            case ("GET", "oauth", 2) where words[1] == "authorize":
                return try authorizationPage(query)
            case ("POST", "oauth", 2) where words[1] == "authorize":
                return try await authorize(request, query)
            default: return nil
            }
        } catch {
            guard request.method == "GET" else { return APIAnswer(error) }
            let signature = query.text("signature_id")
            return HTMLPage.refusal(error, signatureID: signature).answer
        }
    }

    private var overview: APIAnswer {
        shared.withLock { shared in
            let requests = Array(shared.state.requests.newest { _ in true }.prefix(50))
            return EditorPages.overview(
                requests, base: shared.state.settings.baseURL,
                account: shared.state.defaultAccount
            ).answer
        }
    }

    private var openAPI: APIAnswer {
        APIAnswer(
            status: 200,
            json: OpenAPIDocument(contract).json(
                base: shared.withLock { $0.state.settings.baseURL }))
    }

    // MARK: - Signing

    private func editorPage(_ name: String, _ query: PageQuery) async throws(APIError) -> APIAnswer
    {
        switch name {
        case "embeddedSign": return try await embeddedSign(query)
        case "embeddedTemplate":
            let token = query.text("token") ?? ""
            let template = try await open(.edit, token, find: { $0.templates[$1] })
            return EditorPages.template(template, token: token, query: query).answer
        case "embeddedRequest", "claim":
            let token = query.text("cached_params_token") ?? ""
            let draft = try read { state throws(APIError) in
                try state.openDraft(token, now: clock.now / 1000)
            }
            return EditorPages.request(draft, token: token, query: query).answer
        default: throw APIError(.notFound, "There is no such page")
        }
    }

    /// Opens a single-use address; it opens nothing a second time.
    private func open<Row: Sendable>(
        _ purpose: PageLink.Purpose, _ token: String,
        find: (MockState, String) -> Row?
    ) async throws(APIError) -> Row {
        let now = clock.now / 1000
        return try await change { state throws(APIError) in
            let link = try state.open(purpose, token, now: now)
            guard let row = find(state, link.target) else {
                throw APIError(.notFound, "What this link leads to is gone")
            }
            return row
        }
    }

    private func embeddedSign(_ query: PageQuery) async throws(APIError) -> APIAnswer {
        let token = query.text("token") ?? ""
        let signatureID = query.text("signature_id") ?? ""
        let now = clock.now / 1000
        do throws(APIError) {
            let request = try await change { state throws(APIError) in
                try state.openSigning(token, signatureID, query, now: now)
            }
            return try await signingPage(request, signatureID, token, query)
        } catch {
            // The app is told when its user could not open the page.
            try await change { state throws(APIError) in state.reportInvalidURL(signatureID) }
            throw error
        }
    }

    /// The page of a request that is not embedded: its signers are mailed its address.
    private func signPage(_ words: [String]) async throws(APIError) -> APIAnswer {
        let now = clock.now / 1000
        guard words.count == 3 else {
            let request = try read { state throws(APIError) in
                guard let request = state.requests[words[1]] else {
                    throw APIError(.notFound, "Signature request not found")
                }
                return request
            }
            return try details(request)
        }
        let (request, token) = try await change { state throws(APIError) in
            guard try state.signer(words[2]).request.id == words[1] else {
                throw APIError(.notFound, "Signature not found")
            }
            let request = try state.act(.view, words[2], now: now)
            return (request, state.session(words[2], now: now))
        }
        return try await signingPage(request, words[2], token, PageQuery(""))
    }

    private func signingPage(
        _ request: SignatureRequest, _ signatureID: String, _ token: String, _ query: PageQuery
    ) async throws(APIError) -> APIAnswer {
        guard let index = request.signerIndex(signatureID) else {
            throw APIError(.notFound, "Signature not found")
        }
        let files = try read { state throws(APIError) in state.files(of: request.documents) }
        let isUnverified = query.text("skip_domain_verification") == "1" && request.terms.isTestMode
        return SigningPage(
            request: request, index: index, token: token, sheets: await desk.sheets(of: files),
            hasPictures: desk.hasPictures,
            redirectURL: query.text("redirect_url") ?? request.terms.signingRedirectURL,
            domainToken: query.text("parent_url") == nil || isUnverified
                ? nil : String(token.prefix(16))
        ).page.answer
    }

    private func details(_ query: PageQuery) throws(APIError) -> APIAnswer {
        let id = query.text("guid") ?? ""
        let request = try read { state throws(APIError) in
            guard let request = state.requests[id] else {
                throw APIError(.notFound, "Signature request not found")
            }
            return request
        }
        return try details(request)
    }

    private func details(_ request: SignatureRequest) throws(APIError) -> APIAnswer {
        try read { state throws(APIError) in
            EditorPages.overview(
                [request], base: state.settings.baseURL, account: state.defaultAccount
            ).answer
        }
    }

    private func picture(
        _ token: String, _ document: String, _ page: String
    ) async throws(APIError) -> APIAnswer {
        let file = try read { state throws(APIError) in
            guard let link = state.links[token], link.purpose == .sign, link.isUsed,
                let id = state.requestsOfSignatures[link.target], let request = state.requests[id],
                let index = Int(document), request.documents.indices.contains(index)
            else { throw APIError(.notFound, "There is no such page") }
            return state.files(of: [request.documents[index]])[0]
        }
        guard page.hasSuffix(".png"), let number = Int(page.dropLast(4)),
            let bytes = await desk.picture(of: file, page: number)
        else { throw APIError(.notFound, "There is no such page") }
        return APIAnswer(
            status: 200,
            headers: [
                HeaderField("Content-Type", "image/png"),
                HeaderField("Cache-Control", "private, max-age=3600"),
            ], body: bytes)
    }

    // MARK: - What the pages do

    private func act(
        _ action: String, _ token: String, _ request: APIRequest
    ) async throws(APIError) -> JSONValue {
        let input: JSONValue
        do { input = try request.body.isEmpty ? [:] : JSONValue(parsing: request.body) } catch {
            throw APIError(.badRequest, "The body cannot be read: \(error)")
        }
        let now = clock.now
        switch action {
        case "save":
            return try await change { state throws(APIError) in
                let link = try state.opened(.edit, token, now: now / 1000)
                let template = try state.saveTemplate(link.target, nowMilliseconds: now)
                return ["template": state.json(template, viewer: template.accountID)]
            }
        case "send":
            let signer = input["email_address"]?.string.map {
                (name: input["name"]?.string ?? $0, emailAddress: $0)
            }
            return ["signature_request": try await claimDraft(token, signer: signer)]
        case "sign", "decline", "reassign":
            return try await change { state throws(APIError) in
                let link = try state.opened(.sign, token, now: now / 1000)
                let (request, index) = try state.signer(link.target)
                guard
                    action == "reassign" || request.signers[index].pin == nil
                        || request.signers[index].pin == input["pin"]?.string
                else { throw APIError(.forbidden, "The access code is wrong", at: "pin") }
                let made: SignerAction =
                    switch action {
                    case "sign": .sign(values: input["values"]?.object ?? JSONObject())
                    case "decline": .decline(reason: input["reason"]?.string)
                    default:
                        .reassign(
                            name: input["name"]?.string,
                            emailAddress: input["email_address"]?.string ?? "",
                            reason: input["reason"]?.string)
                    }
                try state.act(made, link.target, now: now / 1000)
                return [:]
            }
        default: throw APIError(.notFound, "There is no such action")
        }
    }

    // MARK: - Files

    private func linkedFile(_ token: String, _ query: PageQuery) async throws(APIError) -> APIAnswer
    {
        let order = try read { state throws(APIError) in
            try state.linkedDocument(token, now: clock.now / 1000)
        }
        var answer = try await document(order, status: 200)
        let name = order.documents.first?.name.filter {
            $0.isASCII && !$0.isNewline && !"\"\\".contains($0)
        }
        let manner = query.text("force_download") == "0" ? "inline" : "attachment"
        answer.headers.append(
            HeaderField(
                "Content-Disposition", "\(manner); filename=\"\(name ?? "document").pdf\""))
        return answer
    }
}
