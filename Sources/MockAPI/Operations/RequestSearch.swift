import Callbacks

/// The `query` of a list: words and `field:value` terms that must all hold.
///
/// ```
/// title:"Non-disclosure" -from:me@example.com complete:false
/// ```
struct RequestSearch: Hashable, Sendable {
    /// Terms of one query.
    static let maximumTerms = 32
    /// The fields of signature requests that can be named.
    static let fields = [
        "title", "subject", "message", "from", "to", "cc", "test_mode", "complete", "declined",
        "status", "metadata", "signature_request_id",
    ]

    private struct Term: Hashable {
        var isExcluded: Bool
        var field: String?
        var text: String
    }

    private let terms: [Term]

    /// Reads a query.
    ///
    /// - Throws: ``APIError`` when a field is not known, or when it has too many terms.
    init(_ query: String) throws(APIError) {
        var terms: [Term] = []
        for word in Self.words(query) {
            if word.uppercased() == "AND" { continue }
            var rest = word[...]
            let isExcluded = rest.first == "-"
            if isExcluded { rest.removeFirst() }
            var field: String?
            if let colon = rest.firstIndex(of: ":") {
                let name = rest[..<colon].lowercased()
                guard Self.fields.contains(name) else {
                    throw APIError(
                        .badRequest,
                        "'query' knows \(Self.fields.joined(separator: ", ")), not '\(name.prefix(60))'",
                        at: "query")
                }
                field = name
                rest = rest[rest.index(after: colon)...]
            }
            guard !rest.isEmpty else { continue }
            terms.append(Term(isExcluded: isExcluded, field: field, text: rest.lowercased()))
        }
        guard terms.count <= Self.maximumTerms else {
            throw APIError(
                .badRequest, "'query' may have \(Self.maximumTerms) terms", at: "query")
        }
        self.terms = terms
    }

    /// The words, where quotes hold several together; the quotes themselves go.
    private static func words(_ query: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in query {
            switch character {
            case "\"": isQuoted.toggle()
            case _ where character.isWhitespace && !isQuoted:
                if !word.isEmpty { words.append(word) }
                word = ""
            default: word.append(character)
            }
        }
        return word.isEmpty ? words : words + [word]
    }

    func matches(_ request: SignatureRequest) -> Bool {
        terms.allSatisfy { term in
            let texts = Self.texts(of: request, term.field)
            return texts.contains { $0.lowercased().contains(term.text) } != term.isExcluded
        }
    }

    private static func texts(of request: SignatureRequest, _ field: String?) -> [String] {
        let terms = request.terms
        let signers = request.signers.flatMap { [$0.emailAddress, $0.name ?? ""] }
        switch field {
        case nil:
            return [terms.title, terms.subject ?? "", terms.message ?? "", request.id] + signers
        case "title": return [terms.title]
        case "subject": return [terms.subject ?? ""]
        case "message": return [terms.message ?? ""]
        case "from": return [terms.requesterEmailAddress]
        case "to": return signers
        case "cc": return terms.ccEmailAddresses
        case "test_mode": return ["\(terms.isTestMode)"]
        case "complete": return ["\(request.isComplete)"]
        case "declined": return ["\(request.isDeclined)"]
        case "status": return [request.phase.rawValue]
        case "metadata": return [terms.metadata.value.text(.plain)]
        default: return [request.id]
        }
    }
}
