/// Why a request or a payload is not a callback.
public struct CallbackError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure; new ones may come.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case malformedJSON, malformedForm, unsupportedForm, missingField, malformedEvent,
                tooLarge
        }
        private let kind: Kind
        /// The text is not JSON.
        public static let malformedJSON = Code(kind: .malformedJSON)
        /// The body is not what its content type says.
        public static let malformedForm = Code(kind: .malformedForm)
        /// The content type is none that callbacks come in.
        public static let unsupportedForm = Code(kind: .unsupportedForm)
        /// The form has no field `json`.
        public static let missingField = Code(kind: .missingField)
        /// The JSON is no event: a member is missing or has another type.
        public static let malformedEvent = Code(kind: .malformedEvent)
        /// The body or the nesting is over a named limit.
        public static let tooLarge = Code(kind: .tooLarge)
        /// The code's name.
        public var description: String { kind.rawValue }
    }

    /// What kind of failure it is.
    public let code: Code
    /// The reason, for a person; never a key and never a whole payload.
    public let message: String
    /// Where: a JSON path such as `event.event_time`, or an offset such as `byte 17`.
    public let path: String?

    /// Makes an error.
    public init(code: Code, message: String, path: String? = nil) {
        self.code = code
        self.message = message
        self.path = path
    }

    /// One line: the code, where, and the message.
    public var description: String {
        path.map { "\(code) at \($0): \(message)" } ?? "\(code): \(message)"
    }
}
