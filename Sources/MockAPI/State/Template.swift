import Callbacks

/// A template: documents with places for roles to sign.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `TemplateResponse`.
struct Template: Resource, Hashable {
    static let kind = "template"

    /// Where it stands.
    enum Phase: String, Codable, Hashable, Sendable {
        /// An embedded draft that nobody saved.
        case draft
        case processing
        case ready
        case failed
        case deleted
    }

    struct Role: Codable, Hashable, Sendable {
        var name: String
        var order: Int?
    }

    var id: String
    let accountID: String
    var clientID: String?
    /// The key that made it and signs its events; never shown.
    var apiKey: String
    var phase: Phase
    var updatedAt: Int64
    var isEmbedded = false
    var isTestMode = false
    var title: String
    var subject: String?
    var message: String?
    var metadata = StoredJSON(.object(JSONObject()))
    var roles: [Role]
    var ccRoles: [String] = []
    var documents: [DocumentReference]
    /// The fields, as the request placed them.
    var formFields: [StoredJSON] = []
    /// Names and types that a sender fills in.
    var mergeFields: [StoredJSON] = []
    var attachments: [StoredJSON] = []
    var fieldGroups: [StoredJSON] = []
    var formView = "disabled"
    /// Pages that it must have: those of the template whose files it replaces.
    var leastPages: Int?
    /// Accounts that may use it beside the owner's.
    var sharedWith: [String] = []

    /// What may happen to a template.
    enum Move: Hashable, Sendable {
        /// The editor was closed with the template saved.
        case save
        case processed
        case refused(String)
        case delete
    }

    struct Happening: Hashable, Sendable {
        var type: EventType
        var message: String?
        var template: Template
    }

    /// Pages of all its documents.
    var pages: Int { documents.reduce(0) { $0 + $1.pages } }

    /// A template of its own with other documents below the same fields; this one stays as it is.
    ///
    /// - Throws: ``APIError`` when this one is not ready.
    func replacingFiles(
        _ documents: [DocumentReference], id: String, now: Int64
    ) throws(APIError) -> Template {
        switch phase {
        case .ready: break
        case .draft, .processing:
            throw APIError(.conflict, "This template is still being prepared")
        case .failed: throw APIError(.unprocessable, "This template could not be processed")
        case .deleted: throw APIError(.notFound, "Template not found")
        }
        var copy = self
        copy.id = id
        copy.documents = documents
        copy.leastPages = pages
        copy.phase = .processing
        copy.updatedAt = now
        return copy
    }

    /// Makes a move; returns the events that it causes.
    ///
    /// - Throws: ``APIError`` when the move is not allowed now; nothing has changed then.
    mutating func apply(_ move: Move, now: Int64) throws(APIError) -> [Happening] {
        switch (move, phase) {
        case (_, .deleted): throw APIError(.notFound, "Template not found")
        case (.save, .draft): phase = .processing
        case (.save, _): throw APIError(.conflict, "This template was saved already")
        case (.processed, .processing):
            phase = .ready
            updatedAt = now
            return [Happening(type: .templateCreated, message: nil, template: self)]
        case (.refused(let message), .processing):
            phase = .failed
            return [Happening(type: .templateError, message: message, template: self)]
        case (.processed, _), (.refused, _):
            throw APIError(.conflict, "This template is not being processed")
        case (.delete, _): phase = .deleted
        }
        return []
    }
}

extension Template {
    /// The object of answers and events.
    ///
    /// - Parameters:
    ///   - viewer: The account that asks.
    ///   - accounts: Those that may use it, the owner's first.
    /// - Returns: The object.
    func json(viewer: String, accounts: [Account]) -> JSONValue {
        let fields = formFields.map(\.value)
        let forms = fields.filter { $0["signer"]?.string != "sender" }.map(field)
        let custom =
            fields.filter { $0["signer"]?.string == "sender" }.map(field)
            + mergeFields.enumerated().map { mergeField($0.offset, $0.element.value) }
        return .members([
            ("template_id", .string(id)), ("title", .string(title)),
            ("message", .string(message ?? "")), ("updated_at", .time(updatedAt)),
            ("is_embedded", .bool(isEmbedded)), ("is_creator", .bool(viewer == accountID)),
            ("can_edit", .bool(viewer == accountID)), ("is_locked", false),
            ("metadata", metadata.value),
            (
                "signer_roles",
                .array(
                    roles.map { role in
                        var members: [(String, JSONValue)] = [("name", .string(role.name))]
                        if let order = role.order { members.append(("order", JSONValue(order))) }
                        return .members(members)
                    })
            ),
            ("cc_roles", .array(ccRoles.map { ["name": .string($0)] })),
            (
                "documents",
                .array(
                    documents.enumerated().map { index, document in
                        .members([
                            ("name", .string(document.name)), ("index", JSONValue(index)),
                            ("field_groups", .array(fieldGroups.map(\.value))),
                            ("form_fields", .array(index == 0 ? forms : [])),
                            ("custom_fields", .array(index == 0 ? custom : [])),
                            ("static_fields", []),
                        ])
                    })
            ),
            ("custom_fields", .array(custom)), ("named_form_fields", .array(forms)),
            ("accounts", .array(accounts.map(access))),
            ("attachments", .array(attachments.map(\.value))),
            ("signer_experience", ["form_view": .string(formView)]),
        ])
    }

    private func access(_ account: Account) -> JSONValue {
        .members([
            ("account_id", .string(account.id)),
            ("email_address", .string(account.emailAddress)), ("is_locked", false),
            ("is_paid_hs", .bool(account.isPaid)), ("is_paid_hf", .bool(account.isPaid)),
            (
                "quotas",
                .members([
                    ("templates_left", 5),
                    ("api_signature_requests_left", JSONValue(account.signatureRequestsLeft)),
                    ("documents_left", 5), ("sms_verifications_left", 0),
                ])
            ),
        ])
    }

    /// A field of a request in the form of an answer.
    private func field(_ field: JSONValue) -> JSONValue {
        let isMerge = field["signer"]?.string == "sender"
        let type = field["type"]?.string ?? "text"
        var members: [(String, JSONValue)] = [
            ("api_id", field["api_id"] ?? ""),
            ("name", field["name"] ?? field["api_id"] ?? ""),
            ("type", .string(type.replacing("-merge", with: ""))),
            ("signer", isMerge ? .null : field["signer"] ?? "0"), ("x", field["x"] ?? 0),
            ("y", field["y"] ?? 0), ("width", field["width"] ?? 0),
            ("height", field["height"] ?? 0), ("required", field["required"] ?? false),
            ("group", field["group"] ?? .null),
        ]
        if ["text", "text-merge", "hyperlink"].contains(type) { members += Self.textFacts(field) }
        for name in [
            "validation_type", "validation_custom_regex", "validation_custom_regex_format_label",
        ] {
            if type == "text", let value = field[name] { members.append((name, value)) }
        }
        return .members(members)
    }

    private func mergeField(_ index: Int, _ field: JSONValue) -> JSONValue {
        let type = field["type"]?.string ?? "text"
        var members: [(String, JSONValue)] = [
            ("api_id", .string("\(id.prefix(6))_merge\(index + 1)")),
            ("name", field["name"] ?? ""), ("type", .string(type)), ("signer", .null), ("x", 0),
            ("y", 0), ("width", 0), ("height", 0), ("required", false), ("group", .null),
        ]
        if type == "text" { members += Self.textFacts(field) }
        return .members(members)
    }

    private static func textFacts(_ field: JSONValue) -> [(String, JSONValue)] {
        [
            ("avg_text_length", ["num_lines": 1, "num_chars_per_line": 13]),
            ("isMultiline", false), ("originalFontSize", field["font_size"] ?? 12),
            ("fontFamily", field["font_family"] ?? "helvetica"),
        ]
    }
}
