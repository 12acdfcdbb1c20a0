import GRDB

/// Why the journal cannot do what was asked.
package struct JournalError: Error, Equatable, Sendable, CustomStringConvertible {
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case unusableFolder, notAJournal, newerVersion, full, tooLarge, underWay, inUse, failed
        }
        private let kind: Kind
        /// The folder cannot be made, read or written.
        package static let unusableFolder = Code(kind: .unusableFolder)
        /// The file is no database, a damaged one, or one of another program.
        package static let notAJournal = Code(kind: .notAJournal)
        /// A newer version of this program wrote it.
        package static let newerVersion = Code(kind: .newerVersion)
        /// The disk is full.
        package static let full = Code(kind: .full)
        /// A payload is over the limit.
        package static let tooLarge = Code(kind: .tooLarge)
        /// Another process sees to the delivery.
        package static let underWay = Code(kind: .underWay)
        /// Another process keeps its state in the folder.
        package static let inUse = Code(kind: .inUse)
        /// Another failure of the database; its own words are in the message.
        package static let failed = Code(kind: .failed)
        /// The code's name.
        package var description: String { kind.rawValue }
    }

    package let code: Code
    package let message: String
    /// The folder or file.
    package let path: String

    package init(code: Code, message: String, path: String) {
        self.code = code
        self.message = message
        self.path = path
    }

    /// One line: the code, where, and the message.
    package var description: String { "\(code) at \(path): \(message)" }

    /// What a failure of the database means.
    package init(_ error: any Error, path: String) {
        if let error = error as? JournalError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(code: .failed, message: "\(error)", path: path)
            return
        }
        let words = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_FULL, .SQLITE_IOERR:
            self.init(
                code: .full,
                message: "\(words); free some room, or choose another folder with --data",
                path: path)
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            self.init(
                code: .notAJournal,
                message: "\(words); move it away, or choose another folder with --data",
                path: path)
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            self.init(
                code: .unusableFolder,
                message: "\(words); check its permissions, or choose another with --data",
                path: path)
        default: self.init(code: .failed, message: words, path: path)
        }
    }
}
