package import Callbacks

/// A refusal, as the API words it.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `ErrorResponse`.
package struct APIError: Error, Hashable, Sendable {
    /// The names of errors, each with its status.
    package struct Name: Hashable, Sendable {
        package let text: String
        package let status: Int

        private init(_ text: String, _ status: Int) {
            self.text = text
            self.status = status
        }

        package static let badRequest = Name("bad_request", 400)
        package static let invalidRecipient = Name("invalid_recipient", 400)
        package static let invalidReminder = Name("invalid_reminder", 400)
        package static let cancelFailed = Name("signature_request_cancel_failed", 400)
        package static let removeFailed = Name("signature_request_remove_failed", 400)
        package static let expired = Name("signature_request_expired", 400)
        package static let invalidGrant = Name("invalid_grant", 400)
        package static let invalidClient = Name("invalid_client", 400)
        package static let unsupportedGrantType = Name("unsupported_grant_type", 400)
        package static let unauthorized = Name("unauthorized", 401)
        package static let paymentRequired = Name("payment_required", 402)
        package static let forbidden = Name("forbidden", 403)
        package static let teamInviteFailed = Name("team_invite_failed", 403)
        package static let notFound = Name("not_found", 404)
        package static let methodNotSupported = Name("method_not_supported", 405)
        package static let conflict = Name("conflict", 409)
        package static let deleted = Name("deleted", 410)
        package static let unprocessable = Name("unprocessable_entity", 422)
        package static let exceededRate = Name("exceeded_rate", 429)
        package static let maximumFaxes = Name("max_faxes", 429)
        package static let unknown = Name("unknown", 500)
        package static let maintenance = Name("maintenance", 503)
        package static let unavailable = Name("unavailable", 503)

        /// All of them.
        package static let all = [
            badRequest, invalidRecipient, invalidReminder, cancelFailed, removeFailed, expired,
            invalidGrant, invalidClient, unsupportedGrantType, unauthorized, paymentRequired,
            forbidden, teamInviteFailed, notFound, methodNotSupported, conflict, deleted,
            unprocessable, exceededRate, maximumFaxes, unknown, maintenance, unavailable,
        ]
    }

    package let name: Name
    package let message: String
    /// The parameter that is wrong, such as `signers[0].email_address`.
    package let path: String?

    package init(_ name: Name, _ message: String, at path: String? = nil) {
        self.name = name
        self.message = message
        self.path = path
    }

    /// The body of the answer.
    package var json: JSONValue {
        var error: [(String, JSONValue)] = [
            ("error_msg", .string(message)), ("error_name", .string(name.text)),
        ]
        if let path { error.append(("error_path", .string(path))) }
        return ["error": .object(JSONObject(error))]
    }
}
