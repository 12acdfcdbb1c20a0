/// Markup that is safe by construction: text gets in only through escaping.
struct HTML {
    fileprivate(set) var markup: String

    /// Names, which are literals of ours, and values, which are escaped.
    typealias Attributes = KeyValuePairs<StaticString, String>

    private init(markup: String) {
        self.markup = markup
    }

    /// Text, escaped.
    static func text(_ text: String) -> HTML { HTML(markup: XMLText(text).description) }

    /// An element with attributes and contents; names are literals of ours.
    static func element(
        _ name: StaticString, _ attributes: Attributes = [:], _ contents: [HTML] = []
    ) -> HTML {
        let list = attributes.map { #" \#($0.key)="\#(XMLText(attribute: $0.value))""# }.joined()
        return HTML(
            markup: "<\(name)\(list)>" + contents.map(\.markup).joined() + "</\(name)>")
    }

    /// An element with a class and text.
    static func element(_ name: StaticString, class style: String, _ text: String) -> HTML {
        element(name, ["class": style], [.text(text)])
    }

    /// An element without an end, such as `meta`.
    static func void(_ name: StaticString, _ attributes: Attributes) -> HTML {
        let list = attributes.map { #" \#($0.key)="\#(XMLText(attribute: $0.value))""# }.joined()
        return HTML(markup: "<\(name)\(list)>")
    }

    /// The style sheet, which is a literal of ours and not escaped.
    static func style(_ sheet: StaticString) -> HTML {
        HTML(markup: "<style>\n\(sheet)\n</style>")
    }

    /// A whole document.
    static func document(head: [HTML], body: [HTML]) -> String {
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
            + head.map(\.markup).joined(separator: "\n") + "\n</head>\n<body>\n"
            + body.map(\.markup).joined(separator: "\n") + "\n</body>\n</html>\n"
    }
}
