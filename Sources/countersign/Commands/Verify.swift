import ArgumentParser
import Checks
import Foundation
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

    static func read(_ path: String) throws -> [UInt8] {
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
            throw Problem(.unusableFile, error.localizedDescription, at: path)
        }
    }

    static func write(_ text: String, to path: String) throws {
        do { try Data(text.utf8).write(to: URL(filePath: path)) } catch {
            throw Problem(
                .unusableFile, "cannot be written: \(error.localizedDescription)", at: path)
        }
    }
}
