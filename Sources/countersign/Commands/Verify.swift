import ArgumentParser
import Checks
import Foundation
import Journal
import Synchronization
import Toolkit

/// Tells which hash of an event is right, and why the others are not.
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells whether an event's hashes are right, and if not, why.",
        discussion: """
            countersign verify payload.json --api-key KEY
            pbpaste | countersign verify -

            Takes an event's JSON, a form's body, or a whole HTTP request as text.
            """)

    @Argument(help: ArgumentHelp("A file, or - for standard input.", valueName: "path"))
    var path = "-"

    @OptionGroup(title: "General") var common: CommonOptions

    func run() async throws {
        let settings = try Settings(try common.sources())
        let input = try VerificationInput(try InputFile.read(path))
        let report = VerificationReport(input, apiKey: settings.apiKey)
        Terminal.standardOutput(common.format == .json ? report.json() : report.text())
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }
}

/// Reads what a person names.
enum InputFile {
    /// Octets of a file.
    static let maximumBytes = 64 << 20

    private static let waiting = Mutex(false)

    /// Whether the program waits for standard input, which nothing but its end can interrupt.
    static var isWaiting: Bool { waiting.withLock { $0 } }

    static func read(_ path: String) throws -> [UInt8] {
        waiting.withLock { $0 = path == "-" }
        defer { waiting.withLock { $0 = false } }
        do {
            let handle =
                try path == "-"
                ? FileHandle.standardInput : FileHandle(forReadingFrom: URL(filePath: path))
            var bytes: [UInt8] = []
            while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty {
                bytes += chunk
                guard bytes.count <= maximumBytes else {
                    throw Problem(.tooLarge, "it is over \(maximumBytes >> 20) MiB", at: path)
                }
            }
            return bytes
        } catch let error as Problem {
            throw error
        } catch {
            throw Problem(.unusableFile, systemWords(error), at: path)
        }
    }

    /// Writes a file whole or not at all: a full disk leaves the old one.
    static func write(_ text: String, to path: String) throws {
        do { try Data(text.utf8).write(to: URL(filePath: path), options: .atomic) } catch {
            throw Problem(.unusableFile, "cannot be written: \(systemWords(error))", at: path)
        }
    }

    /// Finds out whether ``write(_:to:)`` could work, before the work whose result it is to write.
    static func requireWritable(_ path: String) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = parts.isEmpty ? "." : parts.joined(separator: "/") + "/"
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
        {
            throw Problem(.unusableFile, "cannot be written: it is a folder", at: path)
        }
        guard access(folder, W_OK) != 0 else { return }
        throw Problem(
            .unusableFile,
            "cannot be written: \(folder): \(String(cString: strerror(errno)).lowercased())",
            at: path)
    }

    /// The system's own words for an error, which are shorter than Foundation's.
    static func systemWords(_ error: any Error) -> String {
        error.systemErrorNumber.map { String(cString: strerror($0)).lowercased() }
            ?? error.localizedDescription
    }
}
