#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Tells processes that share a folder of each other: each holds the lock shared, and one that gets
/// it exclusively is alone.
///
/// The kernel drops the lock with the process, however that ends.
final class FolderLock: Sendable {
    private let descriptor: Int32

    init(folder: String) throws(JournalError) {
        let path = folder + "/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw JournalError(
                code: .unusableFolder,
                message: "\(String(cString: strerror(errno))); "
                    + "check its permissions, or choose another folder with --data",
                path: path)
        }
        makeShared()
    }

    deinit { close(descriptor) }

    /// Returns whether no other process holds the lock.
    func makeExclusive() -> Bool { flock(descriptor, LOCK_EX | LOCK_NB) == 0 }

    func makeShared() {
        while flock(descriptor, LOCK_SH) != 0, errno == EINTR {}
    }
}
