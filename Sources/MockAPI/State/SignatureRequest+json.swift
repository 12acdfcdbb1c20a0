import Callbacks

extension SignatureRequest {
    /// The object of answers and events.
    ///
    /// `base`: Such as `http://127.0.0.1:7446`: where links lead.
    func json(base: String) -> JSONValue {
        .members([
            ("test_mode", .bool(terms.isTestMode)),
            ("signature_request_id", .string(id)),
            ("requester_email_address", .string(terms.requesterEmailAddress)),
            ("title", .string(terms.title)),
            ("original_title", .string(terms.originalTitle)),
            ("subject", .text(terms.subject)),
            ("message", .text(terms.message)),
            ("metadata", terms.metadata.value),
            ("created_at", .time(createdAt)),
            ("expires_at", .time(terms.expiresAt)),
            ("is_complete", .bool(isComplete)),
            ("is_declined", .bool(isDeclined)),
            ("has_error", .bool(hasError)),
            ("files_url", .string("\(base)/v3/signature_request/files/\(id)")),
            ("signing_url", terms.isEmbedded ? .null : .string("\(base)/sign/\(id)")),
            ("details_url", .string("\(base)/home/manage?guid=\(id)")),
            ("cc_email_addresses", .array(terms.ccEmailAddresses.map { .string($0) })),
            ("signing_redirect_url", .text(terms.signingRedirectURL)),
            ("final_copy_uri", .string("/v3/signature_request/final_copy/\(id)")),
            (
                "template_ids",
                terms.templateIDs.map { .array($0.map { .string($0) }) } ?? .null
            ),
            ("custom_fields", .array(terms.customFields.map(\.value))),
            ("attachments", .array(terms.attachments.map(\.value))),
            ("response_data", .array(responses.map(\.value))),
            ("signatures", .array(signers.map(\.json))),
            ("bulk_send_job_id", .text(bulkSendJobID)),
            ("signer_experience", ["form_view": .string(terms.formView)]),
        ])
    }
}

extension SignatureRequest.Signer {
    /// The element of `signatures`.
    var json: JSONValue {
        .members([
            ("signature_id", .string(signatureID)),
            ("signer_group_guid", .text(groupID)),
            ("signer_email_address", .string(emailAddress)),
            ("signer_name", .text(name)),
            ("signer_role", .text(role)),
            ("order", .count(order)),
            ("status_code", .string(status.rawValue)),
            ("decline_reason", .text(declineReason)),
            ("signed_at", .time(signedAt)),
            ("last_viewed_at", .time(lastViewedAt)),
            ("last_reminded_at", .time(lastRemindedAt)),
            ("has_pin", .bool(pin != nil)),
            ("has_sms_auth", .bool(phoneNumber != nil && phoneNumberType != "delivery")),
            ("has_sms_delivery", .bool(phoneNumber != nil && phoneNumberType == "delivery")),
            ("sms_phone_number", .text(phoneNumber)),
            ("reassigned_by", .text(reassignedBy)),
            ("reassignment_reason", .text(reassignmentReason)),
            ("reassigned_from", .text(reassignedFrom)),
            ("error", .text(error)),
        ])
    }
}
