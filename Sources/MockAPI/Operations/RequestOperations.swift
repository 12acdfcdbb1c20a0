import Callbacks

/// Operations that make signature requests, and those that make them anew.
extension MockState {
    static let requestHandlers: [String: Handler] = [
        "signatureRequestSend": { (state, call) throws(APIError) in
            try state.create(call, isEmbedded: false, fromTemplate: false)
        },
        "signatureRequestCreateEmbedded": { (state, call) throws(APIError) in
            try state.create(call, isEmbedded: true, fromTemplate: false)
        },
        "signatureRequestSendWithTemplate": { (state, call) throws(APIError) in
            try state.create(call, isEmbedded: false, fromTemplate: true)
        },
        "signatureRequestCreateEmbeddedWithTemplate": { (state, call) throws(APIError) in
            try state.create(call, isEmbedded: true, fromTemplate: true)
        },
        "signatureRequestEdit": { (state, call) throws(APIError) in
            try state.edit(call, isEmbedded: false, fromTemplate: false)
        },
        "signatureRequestEditEmbedded": { (state, call) throws(APIError) in
            try state.edit(call, isEmbedded: true, fromTemplate: false)
        },
        "signatureRequestEditWithTemplate": { (state, call) throws(APIError) in
            try state.edit(call, isEmbedded: false, fromTemplate: true)
        },
        "signatureRequestEditEmbeddedWithTemplate": { (state, call) throws(APIError) in
            try state.edit(call, isEmbedded: true, fromTemplate: true)
        },
    ]

    private mutating func create(
        _ call: Call, isEmbedded: Bool, fromTemplate: Bool
    ) throws(APIError) -> Reply {
        try requirePlan(call)
        let app = try namedApp(call)
        var request = try build(call, isEmbedded: isEmbedded, fromTemplate: fromTemplate)
        request.clientID = app?.id ?? call.clientID
        spend(1, call)
        process(request, call)
        return reply(request, warnings: warnings(call, request.documents))
    }

    private mutating func edit(
        _ call: Call, isEmbedded: Bool, fromTemplate: Bool
    ) throws(APIError) -> Reply {
        try requirePlan(call)
        let old = try ownRequest(call)
        guard !old.isBeingCanceled else {
            throw APIError(.deleted, "This signature request was canceled")
        }
        guard [.processing, .held, .awaiting, .expired, .failed].contains(old.phase),
            !old.signers.contains(where: { $0.status == .signed })
        else {
            throw APIError(
                .conflict,
                "A signature request that somebody signed, or that is over, stays as it is")
        }
        guard old.terms.isEmbedded == isEmbedded else {
            throw APIError(
                .badRequest,
                old.terms.isEmbedded
                    ? "This request is embedded; use an edit_embedded operation"
                    : "This request is not embedded; use another edit operation")
        }
        let app = try namedApp(call)
        var request = try build(
            call, isEmbedded: isEmbedded, fromTemplate: fromTemplate, over: old)
        request.clientID = app?.id ?? old.clientID
        request.bulkSendJobID = old.bulkSendJobID
        spend(1, call)
        process(request, call)
        let kept = Set(request.signers.map(\.signatureID))
        for signer in old.signers where !kept.contains(signer.signatureID) {
            requestsOfSignatures[signer.signatureID] = nil
            emit(
                .signatureRequestSignerRemoved, about: request,
                relatedSignatureID: signer.signatureID, message: nil)
        }
        return reply(request, warnings: warnings(call, request.documents))
    }

    /// A request as the call describes it; `old` is the one that it takes the place of.
    ///
    /// A signer who was asked before keeps the signature's id.
    private mutating func build(
        _ call: Call, isEmbedded: Bool, fromTemplate: Bool, over old: SignatureRequest? = nil
    ) throws(APIError) -> SignatureRequest {
        let mix = fromTemplate ? try mixedTemplates(call) : nil
        let extra = try documents(call, isRequired: !fromTemplate)
        let documents = (mix?.documents ?? []) + extra
        var terms = try terms(call, isEmbedded: isEmbedded, documents: documents)
        var signers: [SignatureRequest.Signer]
        if let mix {
            signers = try roleSigners(call, mix)
            terms.fill(from: mix, call.arguments)
        } else {
            signers = try self.signers(call)
            terms.formFields = try formFields(
                call, documents: documents.count, signers: signers.count)
            terms.attachments = try attachments(call, signers: signers.count)
        }
        terms.customFields = Self.customFields(
            call.arguments.list("custom_fields"),
            checkboxes: (mix?.checkboxes ?? []).union(Self.checkboxes(terms.formFields)))
        var former = old?.signers ?? []
        for index in signers.indices {
            let email = signers[index].emailAddress.lowercased()
            if let same = former.firstIndex(where: { $0.emailAddress.lowercased() == email }) {
                signers[index].signatureID = former.remove(at: same).signatureID
            }
        }
        return SignatureRequest(
            id: old?.id ?? identifier(), accountID: call.account.id, clientID: nil,
            apiKey: call.apiKey, createdAt: old?.createdAt ?? call.now, terms: terms,
            signers: signers, documents: documents)
    }

    /// Keeps the request and sees to what becomes of it later.
    mutating func process(_ request: SignatureRequest, _ call: Call) {
        var request = request
        request.forcedOutcome = call.forcedOutcome
        put(request)
        withdraw(.processRequest(request.id))
        withdraw(.expireRequest(request.id))
        schedule(
            .processRequest(request.id), at: call.nowMilliseconds + settings.processingMilliseconds)
        if let time = request.terms.expiresAt {
            schedule(.expireRequest(request.id), at: time * 1000)
        }
    }

    /// Counts requests against the account's quota, which test mode leaves alone.
    mutating func spend(_ count: Int, _ call: Call) {
        guard !call.arguments.flag("test_mode"), var account = accounts[call.account.id] else {
            return
        }
        account.signatureRequestsLeft = max(0, account.signatureRequestsLeft - count)
        accounts.put(account)
    }

    /// Names and ids of the fields that a sender ticks.
    static func checkboxes(_ fields: [StoredJSON]) -> Set<String> {
        let boxes = fields.map(\.value).filter {
            ["checkbox", "checkbox-merge"].contains($0["type"]?.string ?? "")
        }
        return Set(boxes.flatMap { [$0["name"], $0["api_id"]].compactMap { $0?.string } })
    }

    /// The elements of `custom_fields` in the form of an answer.
    ///
    /// `checkboxes`: Names of the fields of a template that are checkboxes; the value alone does not
    /// tell.
    static func customFields(
        _ fields: [JSONValue], checkboxes: Set<String> = []
    ) -> [StoredJSON] {
        fields.map { field in
            let value = field["value"] ?? ""
            let text = value.string ?? ""
            let isCheckbox = checkboxes.contains(field["name"]?.string ?? "")
            return StoredJSON(
                .members([
                    ("name", field["name"] ?? ""), ("type", isCheckbox ? "checkbox" : "text"),
                    ("value", isCheckbox ? .bool(["true", "1"].contains(text)) : value),
                    ("required", field["required"] ?? false), ("editor", field["editor"] ?? .null),
                ]))
        }
    }

    func reply(_ request: SignatureRequest, warnings: [Warning] = []) -> Reply {
        Reply("signature_request", request.json(base: settings.baseURL), warnings: warnings)
    }
}

// MARK: - Templates

/// What one or several templates give to a request.
struct TemplateMix: Hashable, Sendable {
    var ids: [String] = []
    var documents: [DocumentReference] = []
    var roles: [Template.Role] = []
    var ccRoles: [String] = []
    /// The fields; `signer` is an index of ``roles``, `document_index` one of ``documents``.
    var formFields: [StoredJSON] = []
    var attachments: [StoredJSON] = []
    /// Names of the fields that a sender ticks.
    var checkboxes: Set<String> = []
    var title: String?
    var subject: String?
    var message: String?
}

extension MockState {
    /// The templates that the call names, as one.
    func mixedTemplates(_ call: Call) throws(APIError) -> TemplateMix {
        let ids = call.arguments.texts("template_ids")
        guard !ids.isEmpty else {
            throw APIError(.badRequest, "'template_ids' is required", at: "template_ids")
        }
        var mix = TemplateMix(ids: ids)
        for (index, id) in ids.enumerated() {
            let place = "template_ids[\(index)]"
            guard let template = templates[id], template.isUsable(by: call.account),
                template.phase != .deleted, template.phase != .draft
            else { throw APIError(.badRequest, "Template not found", at: place) }
            switch template.phase {
            case .processing:
                throw APIError(.conflict, "This template is still being prepared", at: place)
            case .failed:
                throw APIError(.badRequest, "This template could not be processed", at: place)
            case .ready, .draft, .deleted: mix.add(template)
            }
        }
        return mix
    }

    /// The signers of the call, one for each role, in the order of the roles.
    mutating func roleSigners(
        _ call: Call, _ mix: TemplateMix
    ) throws(APIError) -> [SignatureRequest.Signer] {
        var byRole: [String: SignatureRequest.Signer] = [:]
        for (index, json) in call.arguments.list("signers").enumerated() {
            let place = "signers[\(index)]"
            let signer = try signer(json, at: place, call)
            guard let role = signer.role, mix.roles.contains(where: { $0.name == role }) else {
                let known = mix.roles.map(\.name).joined(separator: ", ")
                throw APIError(
                    .badRequest, "'\(place).role' must be one of \(known)", at: "\(place).role")
            }
            guard byRole.updateValue(signer, forKey: role) == nil else {
                throw APIError(.badRequest, "The role is given twice", at: "\(place).role")
            }
        }
        for (index, cc) in call.arguments.list("ccs").enumerated() {
            guard mix.ccRoles.isEmpty || mix.ccRoles.contains(cc["role"]?.string ?? "") else {
                throw APIError(
                    .badRequest, "The template has no such role", at: "ccs[\(index)].role")
            }
        }
        var signers: [SignatureRequest.Signer] = []
        for role in mix.roles {
            guard var signer = byRole[role.name] else {
                throw APIError(
                    .badRequest, "The role '\(role.name)' has no signer", at: "signers")
            }
            signer.order = role.order
            signers.append(signer)
        }
        return signers
    }
}

extension TemplateMix {
    fileprivate mutating func add(_ template: Template) {
        let firstDocument = documents.count
        let indices = template.roles.map { role in
            if let known = roles.firstIndex(where: { $0.name == role.name }) { return known }
            roles.append(role)
            return roles.count - 1
        }
        for field in template.formFields {
            guard var members = field.value.object else { continue }
            if let old = members["signer"]?.string.flatMap({ Int($0) }),
                indices.indices.contains(old)
            {
                members["signer"] = .string("\(indices[old])")
            }
            members["document_index"] = JSONValue(
                firstDocument + (members["document_index"]?.integer ?? 0))
            formFields.append(StoredJSON(.object(members)))
        }
        checkboxes.formUnion(MockState.checkboxes(template.mergeFields + template.formFields))
        documents += template.documents
        ccRoles += template.ccRoles
        attachments += template.attachments
        title = title ?? template.title
        subject = subject ?? template.subject
        message = message ?? template.message
    }
}

extension SignatureRequest.Terms {
    /// Takes from the templates what the call leaves open.
    mutating func fill(from mix: TemplateMix, _ arguments: Arguments) {
        templateIDs = mix.ids
        formFields = mix.formFields
        attachments = mix.attachments
        subject = subject ?? mix.subject
        message = message ?? mix.message
        if let name = mix.title, arguments.text("title") == nil, arguments.text("subject") == nil {
            title = name
            originalTitle = name
        }
        ccEmailAddresses += arguments.list("ccs").compactMap { $0["email_address"]?.string }
    }
}

extension Template {
    /// Whether an account may send with it.
    func isUsable(by account: Account) -> Bool {
        accountID == account.id || sharedWith.contains(account.id)
    }
}
