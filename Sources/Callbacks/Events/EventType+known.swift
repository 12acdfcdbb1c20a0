extension EventType {
    /// `account_confirmed`:
    /// a user account created through the app was confirmed.
    public static let accountConfirmed = EventType(rawValue: "account_confirmed")
    /// `unknown_error`:
    /// processing failed for a reason that is not told.
    public static let unknownError = EventType(rawValue: "unknown_error")
    /// `file_error`:
    /// an uploaded file could not be processed.
    public static let fileError = EventType(rawValue: "file_error")
    /// `sign_url_invalid`:
    /// an embedded signing URL expired or was used before.
    public static let signURLInvalid = EventType(rawValue: "sign_url_invalid")
    /// `signature_request_viewed`:
    /// a signer opened the request.
    public static let signatureRequestViewed = EventType(rawValue: "signature_request_viewed")
    /// `signature_request_signed`:
    /// a signer completed their fields; once for each signer.
    public static let signatureRequestSigned = EventType(rawValue: "signature_request_signed")
    /// `signature_request_sent`:
    /// processing finished and the request is out.
    public static let signatureRequestSent = EventType(rawValue: "signature_request_sent")
    /// `signature_request_all_signed`:
    /// all signers completed; the document is ready.
    public static let signatureRequestAllSigned = EventType(
        rawValue: "signature_request_all_signed")
    /// `signature_request_email_bounce`:
    /// the mail to a signer came back.
    public static let signatureRequestEmailBounce = EventType(
        rawValue: "signature_request_email_bounce")
    /// `signature_request_remind`:
    /// a reminder went out.
    public static let signatureRequestRemind = EventType(rawValue: "signature_request_remind")
    /// `signature_request_incomplete_qes`:
    /// a qualified electronic signature was not completed.
    public static let signatureRequestIncompleteQES = EventType(
        rawValue: "signature_request_incomplete_qes")
    /// `signature_request_destroyed`:
    /// the request's data was destroyed.
    public static let signatureRequestDestroyed = EventType(rawValue: "signature_request_destroyed")
    /// `signature_request_canceled`:
    /// the request was cancelled.
    public static let signatureRequestCanceled = EventType(rawValue: "signature_request_canceled")
    /// `signature_request_downloadable`:
    /// an updated document can be downloaded.
    public static let signatureRequestDownloadable = EventType(
        rawValue: "signature_request_downloadable")
    /// `signature_request_declined`:
    /// a signer declined; the message is the reason.
    public static let signatureRequestDeclined = EventType(rawValue: "signature_request_declined")
    /// `signature_request_reassigned`:
    /// a signer gave the request to another person.
    public static let signatureRequestReassigned = EventType(
        rawValue: "signature_request_reassigned")
    /// `signature_request_invalid`:
    /// text tags, fields or merge data did not validate.
    public static let signatureRequestInvalid = EventType(rawValue: "signature_request_invalid")
    /// `signature_request_prepared`:
    /// the request was prepared and not sent yet.
    public static let signatureRequestPrepared = EventType(rawValue: "signature_request_prepared")
    /// `signature_request_expired`:
    /// the request expired with signatures outstanding.
    public static let signatureRequestExpired = EventType(rawValue: "signature_request_expired")
    /// `template_created`:
    /// a template finished processing.
    public static let templateCreated = EventType(rawValue: "template_created")
    /// `template_error`:
    /// processing of a template failed.
    public static let templateError = EventType(rawValue: "template_error")
    /// `callback_test`:
    /// the Test button beside the callback URL.
    public static let callbackTest = EventType(rawValue: "callback_test")
    /// `signature_request_signer_removed`:
    /// a signer was removed by an edit.
    public static let signatureRequestSignerRemoved = EventType(
        rawValue: "signature_request_signer_removed")
    /// `fax_received`:
    /// a fax came in.
    public static let faxReceived = EventType(rawValue: "fax_received")
    /// `fax_sent`:
    /// a fax was transmitted.
    public static let faxSent = EventType(rawValue: "fax_sent")
    /// `fax_on_hold`:
    /// a fax waits.
    public static let faxOnHold = EventType(rawValue: "fax_on_hold")
    /// `fax_busy`:
    /// the recipient's line was busy.
    public static let faxBusy = EventType(rawValue: "fax_busy")
    /// `fax_no_answer`:
    /// the recipient's line did not answer.
    public static let faxNoAnswer = EventType(rawValue: "fax_no_answer")
    /// `fax_disconnected`:
    /// the line broke.
    public static let faxDisconnected = EventType(rawValue: "fax_disconnected")
    /// `fax_blacklisted`:
    /// the recipient refuses faxes.
    public static let faxBlacklisted = EventType(rawValue: "fax_blacklisted")

    /// Every known type: the 23 of the official schema in its order, then the 7 of fax.
    ///
    /// - SeeAlso: Dropbox Sign OpenAPI, `EventCallbackRequestEvent.event_type`.
    public static let all: [EventType] = table.map(\.type)

    static let byName = Dictionary(uniqueKeysWithValues: table.map { ($0.type, $0) })

    private static let table: [Description] = [
        Description(
            type: .accountConfirmed, resource: .account, signer: .none,
            kinds: [.app],
            trigger: "a user account created through the app was confirmed"),
        Description(
            type: .unknownError, resource: .signatureRequest, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "processing failed for a reason that is not told"),
        Description(
            type: .fileError, resource: .signatureRequest, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "an uploaded file could not be processed"),
        Description(
            type: .signURLInvalid, resource: .signatureRequest, signer: .related,
            kinds: CallbackKind.allCases,
            trigger: "an embedded signing URL expired or was used before"),
        Description(
            type: .signatureRequestViewed, resource: .signatureRequest, signer: .related,
            kinds: CallbackKind.allCases,
            trigger: "a signer opened the request"),
        Description(
            type: .signatureRequestSigned, resource: .signatureRequest, signer: .related,
            kinds: CallbackKind.allCases,
            trigger: "a signer completed their fields; once for each signer"),
        Description(
            type: .signatureRequestSent, resource: .signatureRequest, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "processing finished and the request is out"),
        Description(
            type: .signatureRequestAllSigned, resource: .signatureRequest, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "all signers completed; the document is ready"),
        Description(
            type: .signatureRequestEmailBounce, resource: .signatureRequest, signer: .related,
            kinds: CallbackKind.allCases,
            trigger: "the mail to a signer came back"),
        Description(
            type: .signatureRequestRemind, resource: .signatureRequest, signer: .related,
            kinds: CallbackKind.allCases,
            trigger: "a reminder went out"),
        Description(
            type: .signatureRequestIncompleteQES, resource: .signatureRequest, signer: .related,
            kinds: CallbackKind.allCases,
            trigger: "a qualified electronic signature was not completed"),
        Description(
            type: .signatureRequestDestroyed, resource: .signatureRequest, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "the request's data was destroyed"),
        Description(
            type: .signatureRequestCanceled, resource: .signatureRequest, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "the request was cancelled"),
        Description(
            type: .signatureRequestDownloadable, resource: .signatureRequest, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "an updated document can be downloaded"),
        Description(
            type: .signatureRequestDeclined, resource: .signatureRequest, signer: .related,
            kinds: CallbackKind.allCases,
            trigger: "a signer declined; the message is the reason"),
        Description(
            type: .signatureRequestReassigned, resource: .signatureRequest, signer: .related,
            kinds: CallbackKind.allCases,
            trigger: "a signer gave the request to another person"),
        Description(
            type: .signatureRequestInvalid, resource: .signatureRequest, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "text tags, fields or merge data did not validate"),
        Description(
            type: .signatureRequestPrepared, resource: .signatureRequest, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "the request was prepared and not sent yet"),
        Description(
            type: .signatureRequestExpired, resource: .signatureRequest, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "the request expired with signatures outstanding"),
        Description(
            type: .templateCreated, resource: .template, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "a template finished processing"),
        Description(
            type: .templateError, resource: .template, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "processing of a template failed"),
        Description(
            type: .callbackTest, resource: nil, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "the Test button beside the callback URL"),
        Description(
            type: .signatureRequestSignerRemoved, resource: .signatureRequest, signer: .related,
            kinds: CallbackKind.allCases,
            trigger: "a signer was removed by an edit"),
        Description(
            type: .faxReceived, resource: .fax, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "a fax came in"),
        Description(
            type: .faxSent, resource: .fax, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "a fax was transmitted"),
        Description(
            type: .faxOnHold, resource: .fax, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "a fax waits"),
        Description(
            type: .faxBusy, resource: .fax, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "the recipient's line was busy"),
        Description(
            type: .faxNoAnswer, resource: .fax, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "the recipient's line did not answer"),
        Description(
            type: .faxDisconnected, resource: .fax, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "the line broke"),
        Description(
            type: .faxBlacklisted, resource: .fax, signer: .none,
            kinds: CallbackKind.allCases,
            trigger: "the recipient refuses faxes"),
    ]
}
