import Callbacks

/// Operations on templates.
extension MockState {
    static let templateHandlers: [String: Handler] = [
        "templateCreate": { (state, call) throws(APIError) in try state.templateCreate(call) },
        "templateCreateEmbeddedDraft": { (state, call) throws(APIError) in
            try state.templateDraft(call)
        },
        "templateGet": { (state, call) throws(APIError) in
            state.reply(try state.ownTemplate(call), call)
        },
        "templateList": { (state, call) throws(APIError) in try state.templateList(call) },
        "templateDelete": { (state, call) throws(APIError) in
            var template = try state.ownTemplate(call, allowsDraft: true, mustBeOwner: true)
            _ = try template.apply(.delete, now: call.now)
            state.templates.put(template)
            return .empty
        },
        "templateUpdateFiles": { (state, call) throws(APIError) in
            try state.templateUpdateFiles(call)
        },
        "templateAddUser": { (state, call) throws(APIError) in
            try state.shareTemplate(call, isShared: true)
        },
        "templateRemoveUser": { (state, call) throws(APIError) in
            try state.shareTemplate(call, isShared: false)
        },
    ]

    private mutating func templateCreate(_ call: Call) throws(APIError) -> Reply {
        let app = try namedApp(call)
        var template = try build(call, phase: .processing)
        template.clientID = app?.id ?? call.clientID
        guard !template.roles.isEmpty else {
            throw APIError(.badRequest, "'signer_roles' is required", at: "signer_roles")
        }
        templates.put(template)
        processTemplate(template.id, call)
        return Reply(
            "template", ["template_id": .string(template.id)],
            warnings: warnings(call, template.documents))
    }

    private mutating func templateDraft(_ call: Call) throws(APIError) -> Reply {
        let app = try namedApp(call)
        var template = try build(call, phase: .draft)
        template.clientID = app?.id
        template.isEmbedded = true
        templates.put(template)
        let link = editLink(template, call)
        return Reply(
            "template", .members([("template_id", .string(template.id))] + link),
            warnings: warnings(call, template.documents))
    }

    private mutating func build(_ call: Call, phase: Template.Phase) throws(APIError) -> Template {
        let arguments = call.arguments
        try Self.checkMetadata(arguments["metadata"])
        let documents = try documents(call, isRequired: true)
        let roles = try Self.roles(arguments.list("signer_roles"))
        var template = Template(
            id: identifier(), accountID: call.account.id, clientID: nil, apiKey: call.apiKey,
            phase: phase, updatedAt: call.now,
            title: arguments.text("title") ?? documents.first?.name ?? "Untitled", roles: roles,
            documents: documents)
        template.isTestMode = arguments.flag("test_mode")
        template.subject = arguments.text("subject")
        template.message = arguments.text("message")
        template.metadata = StoredJSON(arguments["metadata"] ?? .object(JSONObject()))
        template.ccRoles = arguments.texts("cc_roles")
        template.formFields = try formFields(
            call, documents: documents.count, signers: roles.count)
        template.mergeFields = arguments.list("merge_fields").map { StoredJSON($0) }
        template.attachments = try attachments(call, signers: roles.count)
        template.fieldGroups = arguments.list("form_field_groups").map { group in
            StoredJSON(
                .members([
                    ("name", group["group_id"] ?? ""),
                    (
                        "rule",
                        .members([
                            ("requirement", group["requirement"] ?? ""),
                            ("groupLabel", group["group_label"] ?? ""),
                        ])
                    ),
                ]))
        }
        template.formView =
            arguments["signer_experience"]?["form_view"]?.string ?? template.formView
        return template
    }

    private static func roles(_ given: [JSONValue]) throws(APIError) -> [Template.Role] {
        var names: Set<String> = []
        var roles: [Template.Role] = []
        for (index, role) in given.enumerated() {
            guard let name = role["name"]?.string, !name.isEmpty, names.insert(name).inserted else {
                throw APIError(
                    .badRequest, "Each role needs a name of its own",
                    at: "signer_roles[\(index)].name")
            }
            roles.append(Template.Role(name: name, order: role["order"]?.integer))
        }
        return roles
    }

    /// Has a template's documents read a little later.
    mutating func processTemplate(_ id: String, _ call: Call) {
        schedule(.processTemplate(id), at: call.nowMilliseconds + settings.processingMilliseconds)
    }

    /// The template that the path names.
    func ownTemplate(
        _ call: Call, allowsDraft: Bool = false, mustBeOwner: Bool = false
    ) throws(APIError) -> Template {
        let id = try call.arguments.required("template_id")
        guard let template = templates[id], template.phase != .deleted,
            template.isUsable(by: call.account), allowsDraft || template.phase != .draft
        else { throw APIError(.notFound, "Template not found") }
        guard !mustBeOwner || template.accountID == call.account.id else {
            throw APIError(.forbidden, "Only the template's owner may do this")
        }
        return template
    }

    func reply(_ template: Template, _ call: Call) -> Reply {
        Reply("template", json(template, viewer: call.account.id))
    }

    func json(_ template: Template, viewer: String) -> JSONValue {
        template.json(
            viewer: viewer,
            accounts: ([template.accountID] + template.sharedWith).compactMap { accounts[$0] })
    }

    private func templateList(_ call: Call) throws(APIError) -> Reply {
        let page = try Page(call.arguments)
        let query = (call.arguments.text("query") ?? "").lowercased()
        var users = [call.account]
        if let id = call.arguments.text("account_id"), id != call.account.id {
            users = try teammates(call, named: id)
        }
        let found = templates.newest { template in
            template.phase != .deleted && template.phase != .draft
                && users.contains { template.isUsable(by: $0) }
                && (query.isEmpty || template.title.lowercased().contains(query))
        }
        return Reply("templates", found, page: page, json: { json($0, viewer: call.account.id) })
    }

    private mutating func templateUpdateFiles(_ call: Call) throws(APIError) -> Reply {
        let old = try ownTemplate(call, mustBeOwner: true)
        let documents = try documents(call, isRequired: true)
        var template = try old.replacingFiles(documents, id: identifier(), now: call.now)
        template.message = call.arguments.text("message") ?? template.message
        template.subject = call.arguments.text("subject") ?? template.subject
        template.apiKey = call.apiKey
        templates.put(template)
        processTemplate(template.id, call)
        return Reply("template", ["template_id": .string(template.id)])
    }

    private mutating func shareTemplate(_ call: Call, isShared: Bool) throws(APIError) -> Reply {
        var template = try ownTemplate(call, mustBeOwner: true)
        let other = try teammate(call)
        template.sharedWith.removeAll { $0 == other.id }
        if isShared, other.id != template.accountID { template.sharedWith.append(other.id) }
        templates.put(template)
        return reply(template, call)
    }
}
