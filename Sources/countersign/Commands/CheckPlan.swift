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
        var addresses: [String] = []
        for target in targets {
            if let found = try Self.suiteFiles(target) {
                files += found
            } else {
                addresses.append(target)
            }
        }
        guard addresses.count < 2 else {
            let words = addresses.prefix(2).map { "'\($0)'" }.joined(separator: " and ")
            throw Problem(
                .wrongUse, "one handler is checked at a time, and \(words) are two addresses")
        }
        if let address = addresses.first {
            destination = try Settings.destination(address, origin: "the address")
        }
        let suites = try files.map(Self.read)
        if suites.isEmpty {
            guard let destination else {
                throw Problem(
                    .missingAddress,
                    "the handler's address is missing, such as localhost:3000/callbacks")
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
            throw Problem(.unusableFile, InputFile.systemWords(error), at: target)
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
        guard let last = diagnostics.last else { return suite }
        // Each wrong line is an error of its own; the last one ends the program.
        for diagnostic in diagnostics.dropLast() {
            let problem = Problem(.malformedSuite, diagnostic.message, at: "\(diagnostic.place)")
            Terminal.standardError("error: \(problem)\n")
        }
        throw Problem(.malformedSuite, last.message, at: "\(last.place)")
    }
}
