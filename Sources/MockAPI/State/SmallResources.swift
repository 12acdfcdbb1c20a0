import Callbacks

/// A draft that its first user claims.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `UnclaimedDraftResponse`.
struct UnclaimedDraft: Resource, Hashable {
    static let kind = "unclaimed_draft"

    let id: String
    let accountID: String
    var clientID: String?
    var apiKey: String
    /// `send_document` or `request_signature`.
    var type: String
    var isForEmbeddedSigning = false
    var requestingRedirectURL: String?
    /// What becomes a signature request when it is claimed.
    var request: SignatureRequest
    var isClaimed = false
}

/// A single-use address of the editor or the signing page.
struct PageLink: Resource, Hashable {
    static let kind = "page_link"

    enum Purpose: String, Codable, Hashable, Sendable {
        case sign, edit, claim, requestFile, templateFile
    }

    /// The token in the address.
    let id: String
    let purpose: Purpose
    /// The id of a signature, a template or a draft.
    let target: String
    let expiresAt: Int64
    var isUsed = false
}

/// A team, or a team within one.
struct Team: Resource, Hashable {
    static let kind = "team"

    let id: String
    var name: String
    var parentID: String?
}

/// An invitation into a team.
struct TeamInvite: Resource, Hashable {
    static let kind = "team_invite"

    let id: String
    let teamID: String
    let emailAddress: String
    let role: String
    let sentAt: Int64
    let expiresAt: Int64
    var redeemedAt: Int64?

    /// The element of `team_invites`.
    var json: JSONValue {
        .members([
            ("email_address", .string(emailAddress)), ("team_id", .string(teamID)),
            ("role", .string(role)), ("sent_at", .time(sentAt)),
            ("redeemed_at", .time(redeemedAt ?? 0)), ("expires_at", .time(expiresAt)),
        ])
    }
}

/// One call that made many signature requests.
struct BulkSendJob: Resource, Hashable {
    static let kind = "bulk_send_job"

    let id: String
    let accountID: String
    let createdAt: Int64
    var requestIDs: [String]

    /// The object of the answers.
    func json(viewer: String) -> JSONValue {
        .members([
            ("bulk_send_job_id", .string(id)), ("total", JSONValue(requestIDs.count)),
            ("is_creator", .bool(viewer == accountID)), ("created_at", .time(createdAt)),
        ])
    }
}

/// A fax that was sent.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `FaxResponse`.
struct Fax: Resource, Hashable {
    static let kind = "fax"

    let id: String
    let accountID: String
    let apiKey: String
    let createdAt: Int64
    var title: String
    var message: String?
    var sender: String
    var recipient: String
    var isTestMode: Bool
    var status = "transmitting"
    var sentAt: Int64
    var documents: [DocumentReference]

    /// The object of the answers.
    func json(base: String) -> JSONValue {
        .members([
            ("fax_id", .string(id)), ("title", .string(title)), ("original_title", .string(title)),
            ("subject", .null), ("message", .text(message)), ("metadata", .object(JSONObject())),
            ("created_at", .time(createdAt)), ("sender", .string(sender)),
            ("files_url", .string("\(base)/v3/fax/files/\(id)")),
            ("final_copy_uri", .string("/v3/fax/final_copy/\(id)")),
            (
                "transmissions",
                [
                    [
                        "recipient": .string(recipient), "status_code": .string(status),
                        "sent_at": .time(sentAt),
                    ]
                ]
            ), ("test_mode", .bool(isTestMode)),
        ])
    }
}

/// A number that faxes are sent from.
struct FaxLine: Resource, Hashable {
    static let kind = "fax_line"

    /// The number.
    let id: String
    let ownerID: String
    let createdAt: Int64
    var updatedAt: Int64
    var accountIDs: [String]
}

/// What OAuth gave out.
struct OAuthGrant: Resource, Hashable {
    static let kind = "oauth_grant"

    /// The code that opens it once.
    let id: String
    let clientID: String
    let accountID: String
    var scopes: [String]
    var state: String?
    let codeExpiresAt: Int64
    var accessToken: String?
    var refreshToken: String?
    var expiresAt: Int64 = 0
}

/// Something that is due later.
struct Job: Resource, Hashable {
    static let kind = "job"

    enum Task: Codable, Hashable, Sendable {
        case processRequest(String)
        case processTemplate(String)
        case cancelRequest(String)
        case expireRequest(String)
        case sendFax(String)

        /// Names the task; the same task has one job at a time.
        var key: String {
            switch self {
            case .processRequest(let id): "process_request \(id)"
            case .processTemplate(let id): "process_template \(id)"
            case .cancelRequest(let id): "cancel_request \(id)"
            case .expireRequest(let id): "expire_request \(id)"
            case .sendFax(let id): "send_fax \(id)"
            }
        }
    }

    var id: String { task.key }
    /// Unix milliseconds on the mock's clock.
    var due: Int64
    let task: Task
    /// The number of the call that scheduled it, in this run of the program.
    var exchange: Int64?

    private enum CodingKeys: CodingKey { case due, task }
}

/// What is not a resource of the API.
struct Ledger: Resource, Hashable {
    static let kind = "ledger"

    var id: String { "ledger" }
    /// Things that were given an id so far.
    var identifiers: UInt64 = 0
    /// Whether the first account was made.
    var isFounded = false
    /// What the mock's clock showed when it was last moved, and the real time then; Unix milliseconds.
    var clock: Reading?

    struct Reading: Codable, Hashable, Sendable {
        var time: Int64
        var realTime: Int64
    }
}
