import Fixtures
import Foundation
package import MockAPI
import Yams

/// Where settings come from: a flag is stronger than the environment, which is stronger than the file.
package struct SettingSources: Sendable {
    private let flags: [SettingKey: [String]]
    private let environment: [String: String]
    private let file: [SettingKey: [SettingValue]]
    /// The mock's accounts, which only the file can have.
    package let accounts: [MockSettings.Account]

    /// The file that is read when it is there and no other is named.
    package static let defaultFile = "countersign.yaml"
    /// Octets of the file.
    private static let maximumBytes = 1 << 20

    /// Sources with the values of flags that were given.
    ///
    /// - Parameters:
    ///   - flags: The values of each flag, in their order.
    ///   - environment: The process's environment.
    ///   - file: The file's path; `nil` means ``defaultFile``, which may be missing.
    /// - Throws: ``Problem`` when the file is malformed, or was named and is missing.
    package init(
        flags: [SettingKey: [String]], environment: [String: String], file: String?
    ) throws(Problem) {
        self.flags = flags
        self.environment = environment
        let path = file ?? environment["COUNTERSIGN_CONFIG"]
        (self.file, accounts) = try Self.read(path ?? Self.defaultFile, isRequired: path != nil)
    }

    /// The strongest value of a setting; `nil` when none is set.
    package func value(_ key: SettingKey) -> SettingValue? { values(key).last }

    /// The values of a setting that may have several, from its strongest source.
    package func values(_ key: SettingKey) -> [SettingValue] {
        if let flags = flags[key], !flags.isEmpty {
            return flags.map { SettingValue(text: $0, origin: "--\(key.rawValue)") }
        }
        if let text = environment[key.environmentName], !text.isEmpty {
            return [SettingValue(text: text, origin: key.environmentName)]
        }
        return file[key] ?? []
    }

    private static func read(
        _ path: String, isRequired: Bool
    ) throws(Problem) -> ([SettingKey: [SettingValue]], [MockSettings.Account]) {
        guard let data = FileManager.default.contents(atPath: path) else {
            guard !isRequired, !FileManager.default.fileExists(atPath: path) else {
                throw Problem(.malformedConfiguration, "the file cannot be read", at: path)
            }
            return ([:], [])
        }
        guard data.count <= maximumBytes else {
            throw Problem(.malformedConfiguration, "it is over \(maximumBytes) octets", at: path)
        }
        let root: Node?
        do { root = try Yams.compose(yaml: String(decoding: data, as: UTF8.self)) } catch {
            let words = "\(error)".split(separator: "\n").joined(separator: " ")
            throw Problem(.malformedConfiguration, "no YAML: \(words)", at: path)
        }
        guard let root else { return ([:], []) }
        guard let mapping = root.mapping else {
            throw Problem(.malformedConfiguration, "a mapping of settings is expected", at: path)
        }
        var settings: [SettingKey: [SettingValue]] = [:]
        var accounts: [MockSettings.Account] = []
        for (name, value) in mapping {
            let place = "\(path):\(name.mark?.line ?? 1)"
            if name.scalar?.string == "accounts" {
                accounts = try AccountsReading.read(value, path)
                continue
            }
            let key = try self.key(name.scalar?.string ?? "", at: place)
            let values = try (value.sequence.map(Array.init) ?? [value]).map {
                node throws(Problem) in
                guard let text = node.scalar?.string else {
                    throw Problem(
                        .malformedConfiguration, "'\(key.rawValue)' must be a text", at: place)
                }
                return SettingValue(text: text, origin: place)
            }
            settings[key] = values
        }
        return (settings, accounts)
    }

    private static func key(_ name: String, at place: String) throws(Problem) -> SettingKey {
        if let key = SettingKey(rawValue: name) { return key }
        let known = SettingKey.allCases.map(\.rawValue) + ["accounts"]
        let hint =
            suggestion(for: name, among: known) ?? "known are \(known.joined(separator: ", "))"
        throw Problem(.malformedConfiguration, "unknown setting '\(name)'; \(hint)", at: place)
    }
}
