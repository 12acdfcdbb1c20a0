import Dispatch
import Foundation
import Synchronization
import Toolkit

/// The file of the access log, or standard output.
///
/// No request waits for a log: what comes faster than it can be written is dropped, and counted in the log.
final class AccessLogFile: Sendable {
    private struct Waiting {
        var text = ""
        /// Lines that had no room.
        var dropped = 0
    }

    /// Octets that wait to be written; a line on top is dropped.
    private static let maximumWaitingBytes = 8 << 20

    private let path: String
    private let file: Mutex<FileHandle>
    private let queue = DispatchQueue(label: "countersign.access-log")
    private let waiting = Mutex(Waiting())

    /// `path`: `-` is standard output.
    ///
    /// - Throws: ``Toolkit/Problem`` when it cannot be written.
    init(_ path: String) throws {
        self.path = path
        file = Mutex(try Self.open(path))
    }

    func write(_ line: String) {
        let isFirst = waiting.withLock { waiting in
            guard waiting.text.utf8.count < Self.maximumWaitingBytes else {
                waiting.dropped += 1
                return false
            }
            defer { waiting.text += line }
            return waiting.text.isEmpty
        }
        if isFirst { queue.async { self.writeWaiting() } }
    }

    /// Opens the file anew, for who moves it away.
    func reopen() {
        guard path != "-", let new = try? Self.open(path) else { return }
        file.withLock { $0 = new }
    }

    /// Returns when all lines are written, or nobody has taken any for a while.
    func flush() {
        let written = DispatchSemaphore(value: 0)
        queue.async {
            self.writeWaiting()
            written.signal()
        }
        _ = written.wait(timeout: .now() + .seconds(1))
    }

    private func writeWaiting() {
        let taken = waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return waiting
        }
        let note = taken.dropped == 0 ? "" : "# \(taken.dropped) lines had no room here\n"
        let text = taken.text + note
        guard !text.isEmpty else { return }
        file.withLock { file in try? file.write(contentsOf: Data(text.utf8)) }
    }

    /// For appending, as others may write there, too; what is no file of a disk does as well.
    private static func open(_ path: String) throws -> FileHandle {
        guard path != "-" else { return .standardOutput }
        let descriptor = Foundation.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            throw Problem(
                .unusableFile,
                "the file of --access-log cannot be written: \(String(cString: strerror(errno)))",
                at: path)
        }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
