import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The sign of life of a process that delivers from a folder: a file of its own that it keeps locked.
///
/// The kernel drops the lock with the process, however that ends, so that others know whose unfinished
/// deliveries they may take over. Safe to share; released once.
final class FolderOwner: Sendable {
    /// Names the process in the journal.
    let token: String
    private let path: String
    private let descriptor: Mutex<Int32?>

    init(folder: String) throws(JournalError) {
        while true {
            let token = String(UInt64.random(in: .min ... .max), radix: 16)
            let path = Self.path(token, in: folder)
            let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard file >= 0 else {
                throw JournalError(unusableFile: path, errno)
            }
            // Between the two calls another process may have taken the file for a dead one's.
            if flock(file, LOCK_EX | LOCK_NB) == 0, Self.isStillThere(file, path) {
                self.token = token
                self.path = path
                descriptor = Mutex(file)
                return
            }
            close(file)
        }
    }

    deinit { release() }

    /// Ends the sign of life.
    func release() {
        descriptor.withLock { descriptor in
            guard let file = descriptor else { return }
            unlink(path)
            close(file)
            descriptor = nil
        }
    }

    /// Whether the process that has this token still lives.
    static func isAlive(_ token: String, in folder: String) -> Bool {
        let path = path(token, in: folder)
        let file = open(path, O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return errno != ENOENT }  // what we may not read may well live
        defer { close(file) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return true }
        unlink(path)
        return false
    }

    private static func path(_ token: String, in folder: String) -> String {
        "\(folder)/owner-\(token)"
    }

    private static func isStillThere(_ file: Int32, _ path: String) -> Bool {
        var ours = stat()
        var there = stat()
        return fstat(file, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino
    }
}

/// Keeps the state of a folder for one process.
///
/// The kernel drops the lock with the process. Safe to share; released once.
package final class StateClaim: Sendable {
    private let descriptor: Int32

    /// Takes the folder's state.
    ///
    /// - Throws: ``JournalError`` with code `inUse` when another process has it.
    init(folder: String) throws(JournalError) {
        let path = folder + "/state.lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw JournalError(unusableFile: path, errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw JournalError(
                code: .inUse,
                message: "another mock keeps its state there; stop it, choose another folder with "
                    + "--data, or keep nothing with --ephemeral",
                path: folder)
        }
    }

    deinit { close(descriptor) }
}

/// Keeps other processes out while a folder is set up.
enum SetUpLock {
    /// Runs `body` alone, waiting for another process to be done with its own.
    static func with<Result>(
        folder: String, _ body: () throws -> Result
    ) throws -> Result {
        let path = folder + "/lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw JournalError(unusableFile: path, errno) }
        defer { close(file) }
        while flock(file, LOCK_EX) != 0 {
            guard errno == EINTR else { throw JournalError(unusableFile: path, errno) }
        }
        return try body()
    }
}

extension JournalError {
    /// A file of the folder cannot be used, for a reason of the system.
    init(unusableFile path: String, _ number: Int32) {
        let words = String(cString: strerror(number))
        if number == ENOSPC || number == EDQUOT {
            self.init(
                code: .full,
                message: "\(words); free some room, or choose another folder with --data",
                path: path)
        } else {
            self.init(
                code: .unusableFolder,
                message: "\(words); check its permissions, or choose another folder with --data",
                path: path)
        }
    }
}
