import Callbacks

/// How often an account may call, counted in windows of a minute.
///
/// - SeeAlso: help.dropbox.com, "API requests that count against limit".
struct RateLimits: Hashable, Sendable {
    /// A class of calls with a limit of its own.
    enum Tier: Hashable, Sendable {
        case standard, high, test

        /// Calls in a minute.
        var limit: Int {
            switch self {
            case .standard: 100
            case .high: 25
            case .test: 10
            }
        }
    }

    /// What the headers of an answer say.
    struct Standing: Hashable, Sendable {
        var limit: Int
        var remaining: Int
        /// Unix seconds.
        var reset: Int64

        /// The three fields, in the service's own letter case.
        var headers: [HeaderField] {
            [
                HeaderField("X-RateLimit-Limit", String(limit)),
                HeaderField("X-RateLimit-Remaining", String(remaining)),
                HeaderField("X-Ratelimit-Reset", String(reset)),
            ]
        }
    }

    private struct Key: Hashable {
        let accountID: String
        let tier: Tier
    }

    /// Milliseconds of a window.
    private static let window: Int64 = 60_000

    private var start: Int64 = 0
    private var calls: [Key: Int] = [:]

    /// Counts a call.
    ///
    /// - Returns: Where the account stands; with a negative rest when the call is one too many.
    mutating func count(_ tier: Tier, _ accountID: String, now: Int64) -> Standing {
        let current = now - now % Self.window
        if current != start {
            start = current
            calls = [:]
        }
        let count = calls[Key(accountID: accountID, tier: tier), default: 0] + 1
        calls[Key(accountID: accountID, tier: tier)] = count
        return Standing(
            limit: tier.limit, remaining: tier.limit - count,
            reset: (current + Self.window) / 1000)
    }

    /// What the headers say where nothing is counted.
    static func untouched(_ tier: Tier, now: Int64) -> Standing {
        Standing(
            limit: tier.limit, remaining: tier.limit - 1,
            reset: (now - now % window + window) / 1000)
    }
}

extension APIOperation {
    /// The operations with the lower limit.
    private static let highTier: Set = [
        "signatureRequestSend", "signatureRequestSendWithTemplate",
        "signatureRequestBulkSendWithTemplate", "signatureRequestCreateEmbedded",
        "signatureRequestCreateEmbeddedWithTemplate",
        "signatureRequestBulkCreateEmbeddedWithTemplate", "signatureRequestFiles",
        "signatureRequestFilesAsDataUri", "signatureRequestFilesAsFileUrl", "templateFiles",
        "templateFilesAsDataUri", "templateFilesAsFileUrl", "templateCreateEmbeddedDraft",
        "unclaimedDraftCreate", "unclaimedDraftCreateEmbedded",
        "unclaimedDraftCreateEmbeddedWithTemplate",
    ]

    func tier(isTestMode: Bool) -> RateLimits.Tier {
        if isTestMode { return .test }
        return Self.highTier.contains(id) ? .high : .standard
    }
}
