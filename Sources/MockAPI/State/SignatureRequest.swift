import Callbacks
import Foundation

/// A signature request: what was asked, and where it stands.
///
/// - SeeAlso: Dropbox Sign OpenAPI, `SignatureRequestResponse`; ``SignatureRequest/apply(_:now:)``.
struct SignatureRequest: Resource, Hashable {
    static let kind = "signature_request"

    /// Where it stands.
    enum Phase: String, Hashable, Sendable, CaseIterable {
        /// Its documents are being read; nothing was sent.
        case processing
        /// It waits for its owner to release it.
        case held
        case awaiting
        case complete
        case declined
        case canceled
        case expired
        /// Its documents or fields were refused.
        case failed
    }

    let id: String
    let accountID: String
    /// The app that it was made with.
    var clientID: String?
    /// The key that made it and signs its events; never shown.
    var apiKey: String
    let createdAt: Int64
    var phase: Phase = .processing
    var terms: Terms
    var signers: [Signer]
    var documents: [DocumentReference]
    var bulkSendJobID: String?
    /// What was filled in, in the order of signing.
    var responses: [StoredJSON] = []
    /// Whether the owner took it out of its list.
    var isRemoved = false
    /// Whether its owner canceled it, which takes effect a little later.
    var isBeingCanceled = false
    /// What its processing ends in, when the call asked for trouble.
    var forcedOutcome: String?

    /// What the owner may change as long as nobody signed.
    struct Terms: Hashable, Sendable {
        var isTestMode = false
        var isEmbedded = false
        var requesterEmailAddress: String
        var title: String
        var originalTitle: String
        var subject: String?
        var message: String?
        var metadata = StoredJSON(.object(JSONObject()))
        var expiresAt: Int64?
        var ccEmailAddresses: [String] = []
        var signingRedirectURL: String?
        var templateIDs: [String]?
        var customFields: [StoredJSON] = []
        var attachments: [StoredJSON] = []
        /// Fields to fill in, as the request or the template placed them.
        var formFields: [StoredJSON] = []
        var usesTextTags = false
        var hidesTextTags = false
        /// Whether a bad text tag is passed over.
        var ignoresTextTagErrors = false
        var allowsDecline = false
        var allowsReassign = false
        /// Whether it waits for `release_hold` once it is processed.
        var isHeld = false
        var formView = "disabled"
    }

    /// One signature that is asked for.
    struct Signer: Hashable, Sendable {
        var signatureID: String
        var groupID: String?
        var emailAddress: String
        var name: String?
        var role: String?
        /// From 0; `nil` when all may sign at once.
        var order: Int?
        var status: Status = .awaiting
        var declineReason: String?
        var signedAt: Int64?
        var lastViewedAt: Int64?
        var lastRemindedAt: Int64?
        var pin: String?
        var phoneNumber: String?
        var phoneNumberType: String?
        var reassignedBy: String?
        var reassignmentReason: String?
        var reassignedFrom: String?
        var error: String?

        /// The status codes that we give.
        enum Status: String, Hashable, Sendable, CaseIterable {
            case awaiting = "awaiting_signature"
            case signed
            case declined
            case expired
            case onHold = "on_hold"
            case fileError = "error_file"
        }
    }

    var isComplete: Bool { phase == .complete }
    var isDeclined: Bool { phase == .declined }
    var hasError: Bool { phase == .failed }
    /// Whether a move of a signer can still come.
    var isOpen: Bool { phase == .awaiting }

    func signerIndex(_ signatureID: String) -> Int? {
        signers.firstIndex { $0.signatureID == signatureID }
    }

    /// Whether it is this signer's turn: all of a lower order have signed.
    func isTurn(of index: Int) -> Bool {
        guard let order = signers[index].order else { return true }
        return signers.allSatisfy { other in
            (other.order ?? order) >= order || other.status == .signed
        }
    }
}

/// A file of a request or a template; its bytes are a row of their own.
struct DocumentReference: Codable, Hashable, Sendable {
    var name: String
    /// The id of a ``StoredFile``.
    var fileID: String
    var pages: Int = 1
}

/// The bytes of an uploaded file, kept once.
struct StoredFile: Resource, Hashable {
    static let kind = "file"

    /// The SHA-256 of the bytes in hexadecimal digits.
    let id: String
    let bytes: [UInt8]

    /// The bytes as they are.
    func body(_ encoder: JSONEncoder) -> Data { Data(bytes) }

    /// The file of these bytes.
    static func read(_ id: String, _ body: Data, _ decoder: JSONDecoder) -> StoredFile {
        StoredFile(id: id, bytes: Array(body))
    }
}
