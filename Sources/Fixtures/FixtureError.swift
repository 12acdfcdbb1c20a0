/// Why no event can be made or read.
package struct FixtureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; new ones may come.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case unknownEventType, wrongKind, malformedEdit, unknownPath, wrongType, unreadableFile,
                malformedFile, tooLarge, empty, unknownFlow, malformedFlow
        }
        private let kind: Kind
        /// No event has that name.
        package static let unknownEventType = Code(kind: .unknownEventType)
        /// The event is not reported to that URL.
        package static let wrongKind = Code(kind: .wrongKind)
        /// An edit is not written as `PATH=VALUE`.
        package static let malformedEdit = Code(kind: .malformedEdit)
        /// The payload has no such member, or has it already.
        package static let unknownPath = Code(kind: .unknownPath)
        /// The member has another kind of value.
        package static let wrongType = Code(kind: .wrongType)
        /// A file or folder cannot be read.
        package static let unreadableFile = Code(kind: .unreadableFile)
        /// A file holds no event.
        package static let malformedFile = Code(kind: .malformedFile)
        /// A file is over the limit.
        package static let tooLarge = Code(kind: .tooLarge)
        /// There is no event in a folder or file.
        package static let empty = Code(kind: .empty)
        /// No built-in flow has that name.
        package static let unknownFlow = Code(kind: .unknownFlow)
        /// A flow's file cannot be used.
        package static let malformedFlow = Code(kind: .malformedFlow)
        /// The code's name.
        package var description: String { kind.rawValue }
    }

    package let code: Code
    /// The reason and the way out, for a person.
    package let message: String
    /// Where: `file:line`, a file, or a path into a payload.
    package let path: String?

    package init(code: Code, message: String, path: String? = nil) {
        self.code = code
        self.message = message
        self.path = path
    }

    /// One line: where, and the message.
    package var description: String { path.map { "\($0): \(message)" } ?? message }
}
