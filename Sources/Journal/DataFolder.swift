import Foundation

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
            throw JournalError(
                code: .unusableFolder,
                message: "\(error.localizedDescription); choose another folder with --data",
                path: folder)
        }
    }
}
