import Callbacks

/// The fields of a page's address.
struct PageQuery: Hashable, Sendable {
    private let fields: [FormField]

    init(_ query: String) {
        fields = (try? FormFields.urlencoded(Array(query.utf8))) ?? []
    }

    func text(_ name: String) -> String? {
        fields.first { $0.name == name }.flatMap { String(validating: $0.content, as: UTF8.self) }
    }

    /// The origin of a URL in a field, such as `https://app.example.com`.
    func host(_ name: String) -> String? {
        guard let text = text(name), let scheme = text.firstRange(of: "://") else { return nil }
        let authority = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
        return authority.split(separator: ":").first.map { $0.lowercased() }
    }
}
