import Callbacks
import Checks
import Fixtures
import HTTPTransport
import Journal
import OpenSSL
import Relay

/// An error for a person, in one line: a stable code, where, and the way out.
package struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: ProblemCode
    package let message: String
    /// A file, `file:line`, an address or a path into a payload.
    package let place: String?

    package init(_ code: ProblemCode, _ message: String, at place: String? = nil) {
        self.code = code
        self.message = message
        self.place = place
    }

    /// One line: the code, where, and the message.
    package var description: String {
        "\(code.name) " + (place.map { "\($0): " } ?? "") + message
    }

    /// What it means for a person that a server cannot listen; `flags` say where it should.
    init(_ error: ServerError, flags: String) {
        switch error.reason {
        case .addressInUse:
            self.init(
                .addressInUse,
                "another program listens there; choose another port with \(flags), or 0 for a free one",
                at: error.address)
        case .other(let words):
            self.init(
                .cannotListen, "\(words); choose another address with \(flags)", at: error.address)
        }
    }

    /// What any error of the modules means for a person.
    package init(_ error: any Error) {
        switch error {
        case let error as Problem: self = error
        case let error as FixtureError:
            self.init(Self.fixtureCodes[error.code] ?? .unexpected, error.message, at: error.path)
        case let error as JournalError:
            self.init(
                Self.journalCodes[error.code] ?? .journalFailed, error.message, at: error.path)
        case let error as CheckError:
            // The messages of checks name their place themselves where it helps.
            self.init(Self.checkCodes[error.code] ?? .unexpected, error.message)
        case let error as DestinationError: self.init(.malformedAddress, error.description)
        case let error as OpenSSLError: self.init(.tls, error.message)
        case let error as ServerError: self.init(error, flags: "--host or --port")
        case let error as AgentError:
            if case .refused = error.reason {
                self.init(.refusedByRelay, error.message)
            } else {
                self.init(.noRelay, error.message)
            }
        case let error as TokenFileError: self.init(.unusableTokens, error.message, at: error.path)
        case let error as CallbackError:
            self.init(.malformedFixture, error.message, at: error.path)
        default: self.init(.unexpected, "\(error)")
        }
    }

    private static let fixtureCodes: [FixtureError.Code: ProblemCode] = [
        .unknownEventType: .unknownEvent, .wrongKind: .wrongKind, .malformedEdit: .malformedEdit,
        .unknownPath: .unknownPath, .wrongType: .wrongType, .unreadableFile: .unreadableFixture,
        .malformedFile: .malformedFixture, .tooLarge: .tooLarge, .empty: .emptySource,
        .unknownFlow: .unknownFlow, .malformedFlow: .malformedFlow,
    ]

    private static let journalCodes: [JournalError.Code: ProblemCode] = [
        .unusableFolder: .unusableFolder, .notAJournal: .notAJournal, .newerVersion: .newerJournal,
        .full: .diskFull, .tooLarge: .tooLarge, .underWay: .deliveryUnderWay, .inUse: .folderInUse,
        .failed: .journalFailed,
    ]

    private static let checkCodes: [CheckError.Code: ProblemCode] = [
        .unreachable: .unreachable, .unknownRule: .unknownRule, .unknownCase: .unknownRule,
        .malformedSuite: .malformedSuite, .malformedInput: .malformedInput, .noEvent: .unexpected,
    ]
}
