import Foundation
import Testing
import Yamux

/// A file of the corpus: what one side sends, as hexadecimal digits with comments.
///
/// The first line says `# to server: fine`, or the violation in place of `fine`. A line that is not
/// indented begins a frame, or what takes its place.
struct Recording: Sendable, CustomTestStringConvertible {
    let name: String
    let receiver: YamuxSession.Role
    /// What the session ends with; `nil` when it goes on.
    let violation: String?
    let pieces: [[UInt8]]

    var bytes: [UInt8] { pieces.flatMap { $0 } }
    var testDescription: String { name }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Corpus")

    /// Those of the corpus, by name; none is an issue.
    static let all: [Recording] = {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasSuffix(".hex") }.sorted().map(Recording.init(named:))
        } catch {
            Issue.record("the corpus cannot be read: \(error)")
            return []
        }
    }()

    private init(named name: String) throws {
        self.name = name
        let text = try String(contentsOf: Self.folder.appendingPathComponent(name), encoding: .utf8)
        let lines = text.split(separator: "\n")
        let first = try #require(
            lines.first?.wholeMatch(of: /# to (server|client): (.+)/), "\(name)")
        receiver = first.1 == "client" ? .client : .server
        violation = first.2 == "fine" ? nil : String(first.2)
        var pieces: [[UInt8]] = []
        for line in lines {
            let digits = line.prefix { $0 != "#" }.filter { $0 != " " }
            guard !digits.isEmpty else { continue }
            let octets = try #require(Self.octets(of: digits), "\(name): \(line)")
            if pieces.isEmpty || !line.hasPrefix(" ") { pieces.append([]) }
            pieces[pieces.count - 1] += octets
        }
        self.pieces = pieces
    }

    private static func octets(of digits: String) -> [UInt8]? {
        guard digits.count.isMultiple(of: 2) else { return nil }
        var octets: [UInt8] = []
        var rest = digits[...]
        while !rest.isEmpty {
            guard let octet = UInt8(rest.prefix(2), radix: 16) else { return nil }
            octets.append(octet)
            rest = rest.dropFirst(2)
        }
        return octets
    }
}
