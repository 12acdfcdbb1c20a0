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

    /// The host of a web address in a field; `nil` for all that a browser could read in another way.
    func host(_ name: String) -> String? {
        guard let text = text(name)?.lowercased() else { return nil }
        guard let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return nil }
        let authority = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let (host, rest) = Self.split(authority)
        let isPort = rest.isEmpty || (rest.first == ":" && rest.dropFirst().isDigits)
        guard !host.isEmpty, isPort else { return nil }
        return String(host)
    }

    /// The host, without the brackets of an address, and what stands behind it.
    private static func split(_ authority: Substring) -> (host: Substring, rest: Substring) {
        if authority.first == "[" {
            let host = authority.dropFirst().prefix { "0123456789abcdef:.".contains($0) }
            let rest = authority[host.endIndex...]
            return rest.first == "]" ? (host, rest.dropFirst()) : ("", rest)
        }
        let host = authority.prefix {
            $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0))
        }
        return (host, authority[host.endIndex...])
    }
}
