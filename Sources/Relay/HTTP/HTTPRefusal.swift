/// Why a message is refused: something that two readers could take for different things, or too much.
///
/// What is allowed is RFC 9110 and RFC 9112 where they leave no choice; where they let a reader repair a
/// message, we refuse it.
enum HTTPRefusal: Error, Hashable {
    /// Malformed, with what is wrong.
    case malformed(StaticText)
    case headTooLarge
    case versionNotSupported

    /// A text that is a constant, so that an error costs nothing.
    struct StaticText: Hashable, ExpressibleByStringLiteral {
        let text: String
        init(stringLiteral value: StaticString) { text = "\(value)" }
    }
}
