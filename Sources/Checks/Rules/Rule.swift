/// One requirement on a handler: what it is, why, and how it is checked.
package struct Rule: Sendable, Identifiable {
    /// The stable name, such as `refuses-wrong-key`.
    package let id: String
    package let group: Group
    /// One line that says what a good handler does.
    package let title: String
    /// One or two sentences: why it matters.
    package let requirement: String
    /// How a handler comes to break the rule and how to mend it; paragraphs split by empty lines.
    package let explanation: String
    /// The page of the service's documentation.
    package let documentation: String
    /// What the rule cannot do without.
    package let needs: Set<Need>
    package let sending: Sending
    /// The requests that it may send, the same for the same ``Workshop``.
    let cases: @Sendable (inout Workshop) throws -> [Case]
    /// Sends the cases and judges.
    let check: @Sendable (Examination) async -> Verdict

    /// The rules that belong together in a report.
    package enum Group: String, Hashable, Sendable, CaseIterable {
        case answer, events, hash, delivery, payload, wire

        /// What the group's rules are about, for a heading.
        package var title: String {
            switch self {
            case .answer: "The answer"
            case .events: "Event types"
            case .hash: "The event hash"
            case .delivery: "Repeats and order"
            case .payload: "Contents"
            case .wire: "Requests on the wire"
            }
        }
    }

    /// What a rule needs of the handler or of the person who asks.
    package enum Need: Hashable, Sendable, CaseIterable {
        /// The key under which the handler verifies hashes, or proof that it verifies none.
        case signingKey
        /// A handler that acknowledges a plain event.
        case acknowledgingHandler
        /// A handler that keeps the rules about the answer that come before this one.
        case precedingRules
        /// Events that are sent as multipart forms.
        case multipartForm
    }

    /// How the cases belong together.
    package enum Sending: Hashable, Sendable {
        /// Each says something by itself.
        case alone
        /// One after another, on one connection where it is kept.
        case inOrder
        /// All at once.
        case together
    }

    init(
        _ id: String, _ group: Group, _ title: String, requirement: String, explanation: String,
        documentation: String = Documentation.walkthrough,
        needs: Set<Need> = [.signingKey, .acknowledgingHandler], sending: Sending = .alone,
        cases: @escaping @Sendable (inout Workshop) throws -> [Case],
        check: @escaping @Sendable (Examination) async -> Verdict
    ) {
        self.id = id
        self.group = group
        self.title = title
        self.requirement = requirement
        self.explanation = explanation
        self.documentation = documentation
        self.needs = needs
        self.sending = sending
        self.cases = cases
        self.check = check
    }
}

extension Rule {
    /// All rules of the battery, in the order of a report.
    package static let standard: [Rule] =
        answerRules + eventRules + hashRules + deliveryRules + payloadRules + wireRules

    /// The rule with that id; `nil` when there is none.
    package static func named(_ id: String) -> Rule? { standard.first { $0.id == id } }
}

/// One request of a rule.
package struct Case: Hashable, Sendable {
    /// The name within its rule, such as `emoji-raw`; without spaces.
    package var name: String
    package var probe: Probe

    package init(_ name: String, _ probe: Probe) {
        self.name = name
        self.probe = probe
    }
}

/// Pages of the service's documentation.
enum Documentation {
    static let walkthrough = "https://developers.hellosign.com/docs/events/walkthrough"
    static let overview = "https://developers.hellosign.com/docs/events/overview"
    static let accountEvents = "https://developers.hellosign.com/docs/events/account-callbacks"
    static let appEvents = "https://developers.hellosign.com/docs/events/app-callbacks"
}
