import Callbacks

/// An API app: a `client_id` with its callback URL, OAuth and white labelling.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `ApiAppResponse`.
struct APIApp: Resource, Hashable {
    static let kind = "api_app"

    let id: String
    let ownerID: String
    let createdAt: Int64
    var name: String
    var domains: [String]
    var callbackURL: String?
    var oauthSecret: String
    /// `nil` when the app has no OAuth.
    var oauthCallbackURL: String?
    var scopes: [String] = []
    var canInsertEverywhere = false
    var whiteLabelling: StoredJSON = .init(.object(Self.defaultColours))

    static let defaultColours = JSONObject([
        ("header_background_color", "#1a1a1a"), ("legal_version", "terms1"),
        ("link_color", "#0061FE"), ("page_background_color", "#f7f8f9"),
        ("primary_button_color", "#0061FE"), ("primary_button_color_hover", "#0061FE"),
        ("primary_button_text_color", "#ffffff"),
        ("primary_button_text_color_hover", "#ffffff"), ("secondary_button_color", "#ffffff"),
        ("secondary_button_color_hover", "#ffffff"), ("secondary_button_text_color", "#0061FE"),
        ("secondary_button_text_color_hover", "#0061FE"), ("text_color1", "#808080"),
        ("text_color2", "#ffffff"),
    ])

    /// The object of the answers.
    func json(owner: Account?) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("callback_url", .text(callbackURL)), ("client_id", .string(id)),
            ("created_at", .time(createdAt)), ("domains", .array(domains.map { .string($0) })),
            ("name", .string(name)), ("is_approved", false),
        ]
        if let oauthCallbackURL {
            members.append(
                (
                    "oauth",
                    .members([
                        ("callback_url", .string(oauthCallbackURL)),
                        ("secret", .string(oauthSecret)),
                        ("scopes", .array(scopes.map { .string($0) })),
                        // These two are paid by the app's owner, the others by its users.
                        (
                            "charges_users",
                            .bool(
                                !scopes.allSatisfy {
                                    ["basic_account_info", "request_signature"].contains($0)
                                })
                        ),
                    ])
                ))
        }
        members += [
            ("options", ["can_insert_everywhere": .bool(canInsertEverywhere)]),
            (
                "owner_account",
                .members([
                    ("account_id", .string(ownerID)),
                    ("email_address", .string(owner?.emailAddress ?? "")),
                ])
            ),
            ("white_labeling_options", whiteLabelling.value),
        ]
        return .members(members)
    }
}
