import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The folder in which the journal lives.
enum DataFolder {
    static func journalFile(in folder: String) -> String { folder + "/journal.sqlite" }

    /// Makes the folder when it is missing, with a .gitignore of its own: it holds data, not sources.
    static func prepare(_ folder: String) throws(JournalError) {
        let files = FileManager.default
        do {
            var isFolder: ObjCBool = false
            if files.fileExists(atPath: folder, isDirectory: &isFolder), !isFolder.boolValue {
                throw JournalError(
                    code: .unusableFolder,
                    message: "it is a file; choose a folder with --data", path: folder)
            }
            // Payloads name people, so the folder is for its owner alone.
            try files.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            let ignore = folder + "/.gitignore"
            if !files.fileExists(atPath: ignore) {
                try Data("*\n".utf8).write(to: URL(filePath: ignore))
            }
        } catch let error as JournalError {
            throw error
        } catch {
            throw JournalError(unusableFile: folder, error.systemErrorNumber ?? EIO)
        }
        try makeFile(journalFile(in: folder))
    }

    /// Makes an empty file that its owner alone may read; SQLite gives those beside it the same mode.
    private static func makeFile(_ path: String) throws(JournalError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw JournalError(unusableFile: path, errno) }
        close(file)
    }
}

extension Error {
    /// The system's number behind an error of Foundation; `nil` when there is none.
    package var systemErrorNumber: Int32? {
        let error = self as NSError
        if error.domain == NSPOSIXErrorDomain { return Int32(error.code) }
        return (error.userInfo[NSUnderlyingErrorKey] as? NSError)?.systemErrorNumber
    }
}
