import Callbacks
import Foundation
import OpenSSL
import Synchronization

/// The tokens of a relay, by their hashes, and the names that belong to them.
///
/// The file is read again when it has changed, so that a token that is added or removed counts at once.
package final class TokenFile: Sendable {
    package struct Entry: Hashable, Sendable {
        /// A name, or its beginning and `*`.
        package var name: String
        /// SHA-256 of the token, hexadecimal: it has 256 random bits, which nobody guesses from it.
        package var hash: String
        /// Unix seconds.
        package var createdAt: Int
    }

    /// Tokens of a relay.
    static let maximumEntries = 10_000

    private struct Known {
        var entries: [Entry] = []
        var stamp: Stamp?
        /// Whether there has been a file.
        var wasThere = false
    }

    /// What tells that a file has changed.
    private struct Stamp: Equatable { var modified: Date; var size: Int; var inode: Int }

    package let path: String
    private let known = Mutex(Known())

    package init(path: String) { self.path = path }

    /// The file of a data folder.
    package convenience init(folder: String) { self.init(path: folder + "/relay-tokens.json") }

    /// The tokens that there are; none when there is no file.
    ///
    /// - Throws: ``TokenFileError``.
    package func entries() throws(TokenFileError) -> [Entry] {
        let stamp = Self.stamp(path)
        let cached = known.withLock { $0.stamp == stamp ? $0.entries : nil }
        if let cached { return cached }
        let entries = try stamp == nil ? [] : Self.read(path)
        known.withLock { known in
            known.entries = entries
            known.stamp = stamp
            if stamp != nil { known.wasThere = true }
        }
        return entries
    }

    /// The same, but a file that was there and is gone is one that cannot be read: it may be back at once.
    ///
    /// - Throws: ``TokenFileError``.
    func presentEntries() throws(TokenFileError) -> [Entry] {
        let entries = try entries()
        guard known.withLock({ $0.stamp != nil || !$0.wasThere }) else {
            throw TokenFileError(path, "the file with the tokens is gone")
        }
        return entries
    }

    /// Adds a token for a name; returns the token, which is kept nowhere.
    ///
    /// - Throws: ``TokenFileError``.
    package func add(name: String, now: Int) throws(TokenFileError) -> String {
        guard TunnelName.isPattern(name) else {
            throw TokenFileError(path, "'\(name)' is no name: \(TunnelName.rule)")
        }
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let token = "cst_" + String(decoding: hexadecimal(secret), as: UTF8.self)
        try change { entries throws(TokenFileError) in
            guard entries.count < Self.maximumEntries else {
                throw TokenFileError(
                    path, "there are \(entries.count) tokens, the most there may be")
            }
            entries.append(Entry(name: name, hash: Self.hash(token), createdAt: now))
        }
        return token
    }

    /// Removes the tokens of a name; returns how many there were.
    ///
    /// - Throws: ``TokenFileError``.
    package func remove(name: String) throws(TokenFileError) -> Int {
        var count = 0
        try change { entries throws(TokenFileError) in
            count = entries.count { $0.name == name }
            entries.removeAll { $0.name == name }
        }
        return count
    }

    /// The names of a token; empty when it is not known.
    func names(of token: String) throws(TokenFileError) -> [String] {
        let hash = Self.hash(token)
        return try presentEntries().filter { $0.hash == hash }.map(\.name)
    }

    static func hash(_ token: String) -> String {
        String(
            decoding: hexadecimal(HashFunction.sha256.digest(of: token.utf8)), as: UTF8.self)
    }

    private static func stamp(_ path: String) -> Stamp? {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            return nil
        }
        return Stamp(
            modified: attributes[.modificationDate] as? Date ?? .distantPast,
            size: attributes[.size] as? Int ?? 0,
            inode: attributes[.systemFileNumber] as? Int ?? 0)
    }

    private static func read(_ path: String) throws(TokenFileError) -> [Entry] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TokenFileError(path, "the file with the tokens cannot be read")
        }
        guard let list = try? JSONValue(parsing: Array(data))["tokens"]?.array,
            list.count <= maximumEntries
        else { throw TokenFileError(path, "the file with the tokens is not as we wrote it") }
        var entries: [Entry] = []
        for entry in list {
            // Whoever adds a token writes all that were read: one that is passed over would be lost.
            guard let name = entry["name"]?.string, let hash = entry["sha256"]?.string else {
                throw TokenFileError(path, "the file with the tokens has an entry that is none")
            }
            entries.append(
                Entry(name: name, hash: hash, createdAt: entry["created_at"]?.integer ?? 0))
        }
        return entries
    }

    /// Changes the file while no other process does.
    private func change(
        _ body: (inout [Entry]) throws(TokenFileError) -> Void
    ) throws(TokenFileError) {
        let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else { throw notWritable }
        defer { close(lock) }
        keepOwner(of: lock)
        var entries = try entries()
        let old = entries
        try body(&entries)
        if entries != old { try write(entries) }
    }

    private var notWritable: TokenFileError {
        TokenFileError(
            path, "the file with the tokens cannot be written: \(String(cString: strerror(errno)))")
    }

    private func write(_ entries: [Entry]) throws(TokenFileError) {
        let list: [JSONValue] = entries.map {
            [
                "name": .string($0.name), "sha256": .string($0.hash),
                "created_at": JSONValue($0.createdAt),
            ]
        }
        let text = (["tokens": .array(list)] as JSONValue).text(.plain) + "\n"
        // Beside it first: whoever reads at that moment has the old file or the new one.
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw notWritable }
        defer { close(file) }
        var octets = Array(text.utf8)[...]
        while !octets.isEmpty {
            let count = octets.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw notWritable }
            octets = octets.dropFirst(count)
        }
        keepOwner(of: file)
        guard fsync(file) == 0, rename(temporary, path) == 0 else { throw notWritable }
    }

    /// The relay must be able to read what root has written for it.
    private func keepOwner(of file: Int32) {
        let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        var facts = stat()
        guard getuid() == 0, stat(path, &facts) == 0 || stat(folder, &facts) == 0 else { return }
        _ = fchown(file, facts.st_uid, facts.st_gid)
    }
}

/// What is wrong with the file of a relay's tokens.
package struct TokenFileError: Error, Hashable, Sendable {
    package let path: String
    package let message: String

    init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }
}

/// Names of tunnels: labels of a host name (RFC 1123, section 2.1).
package enum TunnelName {
    package static let rule = "letters, digits and hyphens, 63 at the most, no hyphen at the ends"

    package static func isValid(_ name: String) -> Bool {
        (1...maximumCount).contains(name.utf8.count) && name.first != "-" && name.last != "-"
            && name.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-")
            }
    }

    /// Whether it is a name, or the beginning of names and `*`.
    static func isPattern(_ name: String) -> Bool {
        guard name.hasSuffix("*") else { return isValid(name) }
        let start = name.dropLast()
        return start.isEmpty || (isValid(start + "x") && start.first != "-")
    }

    static func matches(_ name: String, pattern: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
    }

    /// A name that nobody guesses: sixty random bits behind a beginning, which is cut where a label ends.
    static func random(beginning: Substring = "") -> String {
        var generator = SystemRandomNumberGenerator()
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
        let end = (0..<randomCount).map { _ in letters.randomElement(using: &generator) ?? "a" }
        return beginning.prefix(maximumCount - randomCount) + String(end)
    }

    private static let maximumCount = 63
    private static let randomCount = 12
}
