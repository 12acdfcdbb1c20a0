import Callbacks

/// A template as a payload carries it.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `TemplateResponse`.
struct Template: Hashable, Sendable {
    var id: String
    var paper: Cast.Paper
    var updatedAt: Int64
    var account: Party
}

extension Template {
    /// The object that a payload carries.
    var json: JSONValue {
        .members([
            ("template_id", .string(id)),
            ("title", .string(paper.title)),
            ("message", .string(paper.message)),
            ("updated_at", .time(updatedAt)),
            ("is_embedded", false),
            ("is_creator", true),
            ("can_edit", true),
            ("is_locked", false),
            ("metadata", .members([])),
            (
                "signer_roles",
                [
                    ["name": "Outside Vendor", "order": 0],
                    ["name": "Internal Manager", "order": 1],
                ]
            ),
            ("cc_roles", [["name": "Corporate Attorney"]]),
            ("documents", .array([document])),
            ("custom_fields", .array([customField])),
            ("named_form_fields", .array([checkbox, text, signature])),
            ("accounts", .array([access])),
            ("attachments", []),
            ("signer_experience", ["form_view": "disabled"]),
        ])
    }

    private var document: JSONValue {
        .members([
            ("name", .string(paper.title + ".pdf")),
            ("index", 0),
            (
                "field_groups",
                [
                    [
                        "name": "group1",
                        "rule": ["requirement": "require_1-ormore", "groupLabel": "Department"],
                    ]
                ]
            ),
            ("form_fields", .array([checkbox, text, signature])),
            ("custom_fields", .array([customField])),
            ("static_fields", .array([staticField])),
        ])
    }

    private func field(
        _ number: Int, _ name: String, _ type: String, signer: String?, y: Int,
        _ more: [(String, JSONValue)]
    ) -> JSONValue {
        .members(
            [
                ("api_id", .string("\(id.prefix(6))_\(number)")), ("name", .string(name)),
                ("type", .string(type)), ("signer", .text(signer)), ("x", 160),
                ("y", JSONValue(y)), ("width", 80), ("height", 30), ("required", true),
            ] + more)
    }

    private static let textFacts: [(String, JSONValue)] = [
        ("avg_text_length", ["num_lines": 1, "num_chars_per_line": 13]), ("isMultiline", false),
        ("originalFontSize", 12), ("fontFamily", "helvetica"),
    ]

    private var checkbox: JSONValue {
        field(1, "Department", "checkbox", signer: "0", y: 19, [("group", "group1")])
    }

    private var text: JSONValue {
        field(
            2, "VendorName", "text", signer: "0", y: 141,
            Self.textFacts + [
                ("validation_type", .null), ("validation_custom_regex", .null),
                ("validation_custom_regex_format_label", .null), ("group", .null),
            ])
    }

    private var signature: JSONValue {
        field(3, "VendorSignature", "signature", signer: "0", y: 181, [("group", .null)])
    }

    private var customField: JSONValue {
        field(4, "EffectiveDate", "text", signer: nil, y: 221, [("group", .null)] + Self.textFacts)
    }

    private var staticField: JSONValue {
        field(5, "Company", "text", signer: "me_now", y: 251, [("group", .null)])
    }

    private var access: JSONValue {
        .members([
            ("account_id", .string(account.accountID)), ("email_address", .string(account.email)),
            ("is_locked", false), ("is_paid_hs", true), ("is_paid_hf", false),
            (
                "quotas",
                [
                    "templates_left": 5, "api_signature_requests_left": 1250, "documents_left": 5,
                    "sms_verifications_left": 0,
                ]
            ),
        ])
    }
}
