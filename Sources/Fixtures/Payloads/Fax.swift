import Callbacks

/// A fax as a payload carries it; that the member is `fax` is inferred, no source shows one.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `FaxResponse`.
struct Fax: Hashable, Sendable {
    var id: String
    var paper: Cast.Paper
    var createdAt: Int64
    var sentAt: Int64
    var status = "transmitting"
}

extension Fax {
    /// The transmission's status that goes with an event.
    static let statuses: [EventType: String] = [
        .faxSent: "success", .faxReceived: "success", .faxOnHold: "transmitting",
        .faxBusy: "error_busy", .faxNoAnswer: "error_no_answer",
        .faxDisconnected: "error_disconnected", .faxBlacklisted: "error_bad_destination",
    ]

    /// The object that a payload carries.
    var json: JSONValue {
        .members([
            ("fax_id", .string(id)), ("title", .string(paper.title)),
            ("original_title", .string(paper.title)), ("subject", .string(paper.subject)),
            ("message", .string(paper.message)), ("metadata", .members([])),
            ("created_at", .time(createdAt)), ("sender", "+14155550100"),
            ("files_url", .string("https://api.hellosign.com/v3/fax/files/\(id)")),
            ("final_copy_uri", .text(status == "success" ? "/v3/fax/final_copy/\(id)" : nil)),
            (
                "transmissions",
                .array([
                    .members([
                        ("recipient", "+14155550199"), ("status_code", .string(status)),
                        ("sent_at", .time(sentAt)),
                    ])
                ])
            ),
        ])
    }
}
