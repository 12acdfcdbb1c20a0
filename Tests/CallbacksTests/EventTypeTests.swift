import Callbacks
import Testing

@Suite struct EventTypeTests {
    /// The official schema's enumeration, in its order.
    static let official = [
        "account_confirmed", "unknown_error", "file_error", "sign_url_invalid",
        "signature_request_viewed", "signature_request_signed", "signature_request_sent",
        "signature_request_all_signed", "signature_request_email_bounce",
        "signature_request_remind", "signature_request_incomplete_qes",
        "signature_request_destroyed", "signature_request_canceled",
        "signature_request_downloadable", "signature_request_declined",
        "signature_request_reassigned", "signature_request_invalid", "signature_request_prepared",
        "signature_request_expired", "template_created", "template_error", "callback_test",
        "signature_request_signer_removed",
    ]
    static let fax = [
        "fax_received", "fax_sent", "fax_on_hold", "fax_busy", "fax_no_answer",
        "fax_disconnected", "fax_blacklisted",
    ]

    @Test func `all are the 23 of the schema and then the 7 of fax`() {
        #expect(EventType.all.map(\.rawValue) == Self.official + Self.fax)
        #expect(EventType.all.count == 30)
    }

    @Test(arguments: EventType.all)
    func `the name tells the resource`(type: EventType) throws {
        let known = try #require(type.known)
        let expected: EventType.Resource? =
            switch type.rawValue.split(separator: "_")[0] {
            case "callback": nil
            case "account": .account
            case "template": .template
            case "fax": .fax
            default: .signatureRequest
            }
        #expect(known.type == type)
        #expect(known.resource == expected)
        #expect(known.kinds.contains(.app))
        #expect(known.kinds.contains(.account) == (type != .accountConfirmed))
        #expect(!known.trigger.isEmpty)
    }

    @Test func `events about one signer name the signature`() {
        let types = EventType.all.filter { $0.known?.signer == .related }
        #expect(
            types == [
                .signURLInvalid, .signatureRequestViewed, .signatureRequestSigned,
                .signatureRequestEmailBounce, .signatureRequestRemind,
                .signatureRequestIncompleteQES, .signatureRequestDeclined,
                .signatureRequestReassigned, .signatureRequestSignerRemoved,
            ])
    }

    @Test(arguments: ["", "signature_request", "Callback_test", "callback_test ", "brand_new"])
    func `another text is a type that is not known`(name: String) {
        #expect(EventType(rawValue: name).known == nil)
        #expect(EventType(rawValue: name).description == name)
    }
}
