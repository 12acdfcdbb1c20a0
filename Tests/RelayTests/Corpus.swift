import Foundation
import TestSupport
import Testing

/// A file of the corpus: octets, and whether they must be taken.
///
/// The first line is `# taken` or `# refused`, and perhaps why. The others are octets, with `\r`, `\n`, `\t`,
/// `\\` and `\xNN` for those that a text cannot show; the ends of the file's own lines are not among them.
struct Sample: Sendable, CustomTestStringConvertible {
    enum Kind: String, Sendable, CaseIterable { case requests, answers, bodies, messages }

    let name: String
    let isTaken: Bool
    let bytes: [UInt8]

    var testDescription: String { name }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Corpus")

    /// Those of a kind, by name; none is an issue.
    static func all(_ kind: Kind) -> [Sample] {
        do {
            let folder = folder.appending(path: kind.rawValue)
            let samples = try FileManager.default.contentsOfDirectory(atPath: folder.path())
                .filter { $0.hasSuffix(".txt") }.sorted()
                .map { try Sample(folder.appending(path: $0)) }
            #expect(samples.count >= 8, "the corpus has too few \(kind.rawValue)")
            return samples
        } catch {
            Issue.record("the corpus cannot be read: \(error)")
            return []
        }
    }

    private init(_ file: URL) throws {
        let name = file.lastPathComponent
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let first = try #require(lines.first?.prefixMatch(of: /# (taken|refused)/), "\(name)")
        self.name = name
        isTaken = first.1 == "taken"
        var octets: [UInt8] = []
        for line in lines.dropFirst() { octets += try Self.octets(String(line), in: name) }
        bytes = octets
    }

    private static func octets(_ line: String, in name: String) throws -> [UInt8] {
        var octets: [UInt8] = []
        var rest = Array(line.utf8)[...]
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "\\") else {
                octets.append(octet)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "r"): octets.append(13)
            case UInt8(ascii: "n"): octets.append(10)
            case UInt8(ascii: "t"): octets.append(9)
            case UInt8(ascii: "\\"): octets.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                octets.append(try #require(UInt8(digits, radix: 16), "\(name): \(line)"))
                rest = rest.dropFirst(2)
            default: Issue.record("\(name): an escape that is none in '\(line)'")
            }
        }
        return octets
    }
}

/// Edits of good and of bad octets.
struct Mutation {
    var numbers: SeededNumbers
    let samples: [[UInt8]]
    /// What is put in: what tells messages, and readers, apart.
    let pieces: [[UInt8]]

    static let octets = Array("\r\n :;,\"\\\t/09afAZ-+{}[]".utf8) + [0, 0x1f, 0x7f, 0x80, 0xff]

    /// One to four octets or pieces changed, put in, taken out, or doubled; now and then nothing.
    mutating func next() -> [UInt8] {
        var bytes = samples.randomElement(using: &numbers) ?? []
        for _ in 0..<numbers.number(in: 0...4) {
            let place = numbers.number(in: 0...max(0, bytes.count - 1))
            switch numbers.number(in: 0...6) {
            case 0 where !bytes.isEmpty: bytes[place] = octet()
            case 1 where !bytes.isEmpty: bytes.remove(at: place)
            case 2 where !bytes.isEmpty && bytes.count < 4000:
                bytes.insert(contentsOf: bytes[place...].prefix(20), at: place)
            case 3 where numbers.isOnce(in: 4): bytes = Array(bytes.prefix(place))
            case 4 where !bytes.isEmpty:
                // A piece of another sample, from a line's start where there is one.
                let other = samples.randomElement(using: &numbers) ?? []
                bytes.insert(
                    contentsOf: other.dropFirst(numbers.number(in: 0...80)).prefix(30), at: place)
            case 5:
                let piece = pieces.randomElement(using: &numbers) ?? []
                let ends = bytes.indices.filter { bytes[$0] == 10 }
                let end = ends.randomElement(using: &numbers).map { $0 + 1 } ?? place
                bytes.insert(contentsOf: piece, at: min(end, bytes.count))
            default: bytes.insert(octet(), at: min(place, bytes.count))
            }
        }
        return bytes
    }

    private mutating func octet() -> UInt8 {
        Bool.random(using: &numbers)
            ? Self.octets.randomElement(using: &numbers) ?? 0
            : UInt8.random(in: 0...255, using: &numbers)
    }
}
