/// Why a check could not run.
package struct CheckError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; new ones may come.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case unreachable, unknownRule, unknownCase, malformedSuite, malformedInput, noEvent
        }
        private let kind: Kind
        /// Nobody listens where the handler should be.
        package static let unreachable = Code(kind: .unreachable)
        /// No rule and no group has that name.
        package static let unknownRule = Code(kind: .unknownRule)
        /// The rule has no case of that name.
        package static let unknownCase = Code(kind: .unknownCase)
        /// A suite's file cannot be used.
        package static let malformedSuite = Code(kind: .malformedSuite)
        /// What is to be verified is neither a payload nor a request.
        package static let malformedInput = Code(kind: .malformedInput)
        /// An event could not be made.
        package static let noEvent = Code(kind: .noEvent)
        /// The code's name.
        package var description: String { kind.rawValue }
    }

    package let code: Code
    /// The reason and the way out, for a person.
    package let message: String
    /// Where: an address, `file:line`, or the name that is wrong.
    package let path: String?

    package init(code: Code, message: String, path: String? = nil) {
        self.code = code
        self.message = message
        self.path = path
    }

    /// One line: where, and the message.
    package var description: String { path.map { "\($0): \(message)" } ?? message }
}
