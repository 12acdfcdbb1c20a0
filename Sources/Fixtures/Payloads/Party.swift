import Callbacks

/// The account that callbacks are reported for, and its app.
struct Party: Hashable, Sendable {
    var accountID: String
    var email: String
    var clientID: String

    init(from generator: inout SeededGenerator) {
        accountID = generator.identifier()
        email = "me@example.com"
        clientID = generator.identifier(32)
    }
}

extension Party {
    /// The object that `account_confirmed` carries.
    ///
    /// - SeeAlso: Dropbox Sign OpenAPI, `AccountResponse`.
    var json: JSONValue {
        .members([
            ("account_id", .string(accountID)), ("email_address", .string(email)),
            ("is_locked", false), ("is_paid_hs", true), ("is_paid_hf", false),
            (
                "quotas",
                [
                    "api_signature_requests_left": 1250, "documents_left": nil,
                    "templates_total": 10, "templates_left": 5, "sms_verifications_left": 0,
                    "num_fax_pages_left": 0,
                ]
            ),
            ("callback_url", .null), ("role_code", .null), ("team_id", .null),
            ("locale", "en-US"), ("usage", ["fax_pages_sent": 0]),
            (
                "settings",
                [
                    "signer_access_codes": false, "sms_delivery": false,
                    "sms_authentication": false,
                ]
            ),
        ])
    }
}
