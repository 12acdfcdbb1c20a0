import Callbacks

/// What a plain event, sent before all rules, told about the handler.
package struct Baseline: Hashable, Sendable {
    /// What became of the plain event.
    package var plain: Observation
    /// What became of the same event as raw JSON; only asked when the plain one was not acknowledged.
    package var asRawJSON: Observation?
    package var key: Key

    /// Under which key events are signed.
    package enum Key: String, Hashable, Sendable {
        /// The one that was given.
        case given
        /// The published one, which the handler was found to have.
        case development
        /// The published one, but the handler takes any: it does not verify.
        case any
        /// None is known under which the handler acknowledges.
        case unknown
    }

    package init(plain: Observation, asRawJSON: Observation? = nil, key: Key) {
        self.plain = plain
        self.asRawJSON = asRawJSON
        self.key = key
    }
}

extension Baseline {
    /// The rules about the answer to a plain event; each is judged when those before it hold.
    static let chain = [
        "answers-every-request", "answers-in-time", "answers-without-redirect", "accepts-multipart",
        "answers-status-200", "answers-with-text",
    ]

    /// The rule that says why a plain event is not acknowledged; `nil` when it is.
    var culprit: String? {
        if plain.isAcknowledged || key == .unknown { return nil }
        if asRawJSON?.isAcknowledged == true { return "accepts-multipart" }
        switch plain.outcome {
        case .acknowledged, .acknowledgedNotExactly: return nil
        case .timeout: return "answers-in-time"
        case .redirect: return "answers-without-redirect"
        case .wrongStatus: return "answers-status-200"
        case .wrongBody, .emptyBody: return "answers-with-text"
        case .refused, .unreachable, .reset, .tlsFailure, .tooLarge, .notHTTP, .interrupted:
            return "answers-every-request"
        }
    }

    /// Why a rule with that need cannot be judged; `nil` when it can.
    func obstacle(to need: Rule.Need, of ruleID: String) -> String? {
        switch need {
        case .signingKey where key == .unknown:
            return "needs the handler's API key: --api-key or COUNTERSIGN_API_KEY"
        case .acknowledgingHandler:
            return culprit.map {
                "the handler does not acknowledge a plain event (\(plain.mismatch)), see \($0)"
            }
        case .precedingRules:
            guard let culprit, let place = Self.chain.firstIndex(of: culprit),
                place < Self.chain.firstIndex(of: ruleID) ?? Self.chain.count
            else { return nil }
            return "the answer to a plain event cannot be judged further, see \(culprit)"
        default: return nil
        }
    }
}
