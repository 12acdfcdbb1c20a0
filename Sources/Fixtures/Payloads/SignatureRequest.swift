import Callbacks

/// A signature request as it stands at one moment.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `SignatureRequestResponse`.
struct SignatureRequest: Hashable, Sendable {
    var id: String
    var requester: String
    var paper: Cast.Paper
    var createdAt: Int64
    var expiresAt: Int64?
    var isComplete = false
    var isDeclined = false
    var hasError = false
    var isEmbedded: Bool
    var bulkSendJobID: String?
    var attachmentID: String
    var signers: [Signer]

    /// One signature that is asked for.
    struct Signer: Hashable, Sendable {
        var signatureID: String
        var person: Cast.Person
        /// From 0; `nil` when all may sign at once.
        var order: Int?
        var status = "awaiting_signature"
        var declineReason: String?
        var signedAt: Int64?
        var lastViewedAt: Int64?
        var lastRemindedAt: Int64?
        var reassignedBy: String?
        var reassignmentReason: String?
        var reassignedFrom: String?
        var error: String?

        var isWaiting: Bool { status == "awaiting_signature" }
    }
}

extension SignatureRequest {
    /// The object that a payload carries.
    var json: JSONValue {
        .members([
            ("test_mode", true),
            ("signature_request_id", .string(id)),
            ("requester_email_address", .string(requester)),
            ("title", .string(paper.title)),
            ("original_title", .string(paper.title)),
            ("subject", .string(paper.subject)),
            ("message", .string(paper.message)),
            ("metadata", .members([("order", .string("A-" + String(id.prefix(6))))])),
            ("created_at", .time(createdAt)),
            ("expires_at", .time(expiresAt)),
            ("is_complete", .bool(isComplete)),
            ("is_declined", .bool(isDeclined)),
            ("has_error", .bool(hasError)),
            ("files_url", .string("https://api.hellosign.com/v3/signature_request/files/\(id)")),
            (
                "signing_url",
                isEmbedded ? .null : .string("https://app.hellosign.com/sign/\(id)")
            ),
            ("details_url", .string("https://app.hellosign.com/home/manage?guid=\(id)")),
            ("cc_email_addresses", .array([.string("archive@example.com")])),
            ("signing_redirect_url", .null),
            ("final_copy_uri", .text(isComplete ? "/v3/signature_request/final_copy/\(id)" : nil)),
            ("template_ids", .null),
            ("custom_fields", .array(customFields)),
            ("attachments", .array([attachment])),
            ("response_data", .array(signers.flatMap(responses))),
            ("signatures", .array(signers.map(\.json))),
            ("bulk_send_job_id", .text(bulkSendJobID)),
            ("signer_experience", .members([("form_view", "disabled")])),
        ])
    }

    private var customFields: [JSONValue] {
        [
            .members([
                ("type", "text"), ("name", "Reference"), ("required", false),
                ("api_id", .string("field_" + String(id.suffix(6)))), ("editor", .null),
                ("value", .string("R-" + String(id.suffix(4)))),
            ])
        ]
    }

    private var attachment: JSONValue {
        .members([
            ("id", .string(attachmentID)), ("signer", "1"), ("name", "Proof of identity"),
            ("required", false), ("instructions", "A scan or a photograph."),
            ("uploaded_at", .null),
        ])
    }

    /// What a signer filled in; nothing before the signature.
    private func responses(_ signer: Signer) -> [JSONValue] {
        guard signer.signedAt != nil else { return [] }
        let fields: [(type: String, name: String, value: JSONValue)] = [
            ("text", "Full name", .string(signer.person.name)),
            ("checkbox", "I agree", true),
            ("signature", "Signature", .string(signer.person.name)),
        ]
        return fields.enumerated().map { index, field in
            var members: [(String, JSONValue)] = [
                ("type", .string(field.type)), ("value", field.value),
                ("api_id", .string("\(signer.signatureID.prefix(6))_\(index + 1)")),
                ("signature_id", .string(signer.signatureID)), ("name", .string(field.name)),
                ("required", true),
            ]
            if field.type == "signature" { members.append(("is_signed", true)) }
            return .members(members)
        }
    }
}

extension SignatureRequest.Signer {
    /// The element of `signatures`.
    var json: JSONValue {
        .members([
            ("signature_id", .string(signatureID)),
            ("signer_group_guid", .null),
            ("signer_email_address", .string(person.email)),
            ("signer_name", .string(person.name)),
            ("signer_role", .null),
            ("order", order.map { JSONValue($0) } ?? .null),
            ("status_code", .string(status)),
            ("decline_reason", .text(declineReason)),
            ("signed_at", .time(signedAt)),
            ("last_viewed_at", .time(lastViewedAt)),
            ("last_reminded_at", .time(lastRemindedAt)),
            ("has_pin", false),
            ("has_sms_auth", false),
            ("has_sms_delivery", false),
            ("sms_phone_number", .null),
            ("reassigned_by", .text(reassignedBy)),
            ("reassignment_reason", .text(reassignmentReason)),
            ("reassigned_from", .text(reassignedFrom)),
            ("error", .text(error)),
        ])
    }
}
