import Checks
import Foundation
import HTTPTransport
import Toolkit

/// What a command line asks to be checked: a handler with the standard battery, or suites.
struct CheckPlan {
    struct Part {
        let destination: Destination
        /// `nil` means the standard battery.
        let suite: Suite?
    }

    let parts: [Part]

    init(targets: [String], _ settings: Settings) throws {
        var destination = settings.destination
        var files: [String] = []
        for target in targets {
            if let found = try Self.suiteFiles(target) {
                files += found
            } else {
                destination = try Settings.destination(target, origin: "the address")
            }
        }
        let suites = try files.map(Self.read)
        if suites.isEmpty {
            guard let destination else {
                throw Problem(.missingAddress, "the handler's address is missing")
            }
            parts = [Part(destination: destination, suite: nil)]
            return
        }
        parts = try suites.map { suite in
            // What the command line says is stronger than what a file says.
            if let destination { return Part(destination: destination, suite: suite) }
            guard let target = suite.target else {
                throw Problem(
                    .missingAddress,
                    "the suite has no 'target'; put the handler's address on the command line",
                    at: suite.file)
            }
            return Part(
                destination: try Settings.destination(target, origin: suite.file), suite: suite)
        }
    }

    /// The suites that a word names; `nil` when it is an address.
    private static func suiteFiles(_ target: String) throws -> [String]? {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: target, isDirectory: &isFolder)
        let endings = [".yaml", ".yml"]
        guard exists, isFolder.boolValue else {
            guard endings.contains(where: target.hasSuffix) else { return nil }
            guard exists || target.contains("://") == false else { return nil }
            return [target]
        }
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: target).sorted() } catch {
            throw Problem(.unusableFile, error.localizedDescription, at: target)
        }
        let files = names.filter { name in endings.contains(where: name.hasSuffix) }
        guard !files.isEmpty else {
            throw Problem(.malformedSuite, "the folder has no .yaml file", at: target)
        }
        return files.map { target.hasSuffix("/") ? target + $0 : "\(target)/\($0)" }
    }

    private static func read(_ file: String) throws -> Suite {
        let text = String(decoding: try InputFile.read(file), as: UTF8.self)
        let (suite, diagnostics) = Suite.read(text, file: file)
        guard let first = diagnostics.first else { return suite }
        for diagnostic in diagnostics.dropFirst() {
            Terminal.standardError("\(diagnostic)\n")
        }
        throw Problem(.malformedSuite, first.message, at: "\(first.place)")
    }
}
