import Callbacks

/// An account of the service.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `AccountResponse`.
struct Account: Resource, Hashable {
    static let kind = "account"

    let id: String
    var emailAddress: String
    /// Keys that open it; the first is the primary one.
    var apiKeys: [String]
    var callbackURL: String?
    var locale = "en-US"
    var teamID: String?
    var teamRole: String?
    /// Whether it may send without `test_mode`.
    var isPaid: Bool
    var isConfirmed = true
    var signatureRequestsLeft = 1250
    var faxPagesSent = 0

    /// `a` for an admin and so on; `nil` without a team.
    private var roleCode: String? {
        switch teamRole {
        case "Admin": "a"
        case "Team Manager": "t"
        case "Developer": "d"
        case nil: nil
        default: "m"
        }
    }

    /// The object of the answers.
    var json: JSONValue {
        .members([
            ("account_id", .string(id)), ("email_address", .string(emailAddress)),
            ("is_locked", false), ("is_paid_hs", .bool(isPaid)), ("is_paid_hf", .bool(isPaid)),
            (
                "quotas",
                .members([
                    ("api_signature_requests_left", JSONValue(signatureRequestsLeft)),
                    ("documents_left", .null), ("templates_total", .null),
                    ("templates_left", .null), ("sms_verifications_left", 0),
                    ("num_fax_pages_left", .null),
                ])
            ),
            ("callback_url", .text(callbackURL)), ("role_code", .text(roleCode)),
            ("team_id", .text(teamID)), ("locale", .string(locale)),
            ("usage", .members([("fax_pages_sent", JSONValue(faxPagesSent))])),
            (
                "settings",
                ["signer_access_codes": true, "sms_delivery": false, "sms_authentication": false]
            ),
        ])
    }
}
