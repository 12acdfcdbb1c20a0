/// A field that stands in a document's own text, such as `[sig|req|signer1|Signature|sig1]`.
///
/// - SeeAlso: developers.hellosign.com, "Text Tags".
package struct TextTag: Hashable, Sendable {
    /// Who fills it in.
    package enum Owner: Hashable, Sendable {
        /// From 1.
        case signer(Int)
        case sender
    }

    package var type: String
    package var isRequired: Bool
    package var owner: Owner
    package var label: String
    package var id: String

    private static let types = [
        "sig": "signature", "signature": "signature", "initial": "initials",
        "initials": "initials", "date": "date_signed", "text": "text", "check": "checkbox",
        "checkbox": "checkbox", "text-merge": "text-merge", "checkbox-merge": "checkbox-merge",
    ]

    /// Reads what stands between the brackets.
    ///
    /// - Throws: ``TextTagError`` that says what is wrong.
    package init(_ text: String) throws(TextTagError) {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3 else {
            throw TextTagError("has \(parts.count) parts; a tag has at least 3")
        }
        guard let type = Self.types[parts[0].lowercased()] else {
            throw TextTagError("has the unknown type '\(parts[0])'")
        }
        self.type = type
        switch parts[1].lowercased() {
        case "req": isRequired = true
        case "noreq": isRequired = false
        default: throw TextTagError("has '\(parts[1])' in the place of 'req' or 'noreq'")
        }
        let owner = parts[2].lowercased()
        if owner == "sender" {
            self.owner = .sender
        } else if owner.hasPrefix("signer"), let number = Int(owner.dropFirst(6)), number > 0 {
            self.owner = .signer(number)
        } else {
            throw TextTagError("has '\(parts[2])' in the place of 'signer1' or 'sender'")
        }
        label = parts.count > 3 ? parts[3] : ""
        id = parts.count > 4 ? parts[4] : ""
    }
}

/// What is wrong with a tag.
package struct TextTagError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, as the rest of a sentence.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// A text that looks like a tag, and where it stands.
package struct FoundTag: Hashable, Sendable {
    /// With its brackets.
    package var text: String
    /// From 0.
    package var page: Int
    /// Points from the top left corner.
    package var x: Double
    package var y: Double
    package var width: Double
    package var height: Double
    package var tag: Result<TextTag, TextTagError>
}

/// A word of a page, as `pdftotext -bbox` tells it.
struct PageWord: Hashable, Sendable {
    var text: String
    var page: Int
    var x: Double
    var y: Double
    var right: Double
    var bottom: Double

    /// Whether no tag is open behind it that was begun in it.
    var closesTag: Bool {
        guard let close = text.lastIndex(of: "]") else { return false }
        return text.lastIndex(of: "[").map { $0 < close } ?? true
    }
}

extension FoundTag {
    /// Words that one tag may have: labels have spaces in them.
    private static let maximumWords = 40

    /// The tags in the words of a document, in their order.
    static func search(_ words: [PageWord]) -> [FoundTag] {
        var tags: [FoundTag] = []
        var index = 0
        while index < words.count {
            guard words[index].text.contains("[") else {
                index += 1
                continue
            }
            let end = words[index...].prefix(maximumWords).firstIndex { word in
                word.page != words[index].page || word.closesTag
            }
            let last = end.flatMap { words[$0].page == words[index].page ? $0 : nil }
            // A tag that is not closed is told of, with the words of its own line.
            let line = words[index...].prefix(maximumWords).prefix { word in
                word.page == words[index].page && abs(word.y - words[index].y) < 2
            }
            let used = last.map { words[index...$0] } ?? words[index..<line.endIndex]
            let text = used.map(\.text).joined(separator: " ")
            tags += pieces(text, isClosed: last != nil).map { made($0, from: used) }
            index = used.endIndex
        }
        return tags
    }

    /// The bracketed pieces of a text that have a bar in them; others are ordinary text.
    private static func pieces(_ text: String, isClosed: Bool) -> [(String, isClosed: Bool)] {
        var pieces: [(String, Bool)] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "[") {
            rest = rest[rest.index(after: open)...]
            guard let close = rest.firstIndex(of: "]") else {
                pieces.append((String(rest), false))
                break
            }
            // Another '[' on the way begins anew: the first one was ordinary text.
            let inner = rest[..<close]
            let start = inner.lastIndex(of: "[").map { inner.index(after: $0) }
            pieces.append((String(inner[(start ?? inner.startIndex)...]), true))
            rest = rest[rest.index(after: close)...]
        }
        return pieces.filter { $0.0.contains("|") }
    }

    private static func made(
        _ piece: (text: String, isClosed: Bool), from words: ArraySlice<PageWord>
    ) -> FoundTag {
        let first = words.first
        let tag: Result<TextTag, TextTagError>
        if piece.isClosed {
            do throws(TextTagError) { tag = .success(try TextTag(piece.text)) } catch {
                tag = .failure(error)
            }
        } else {
            tag = .failure(TextTagError("has no ']'"))
        }
        let left = words.map(\.x).min() ?? 0
        let right = words.map(\.right).max() ?? 0
        let top = first?.y ?? 0
        return FoundTag(
            text: "[" + piece.text + (piece.isClosed ? "]" : ""), page: first?.page ?? 0, x: left,
            y: top, width: right - left, height: (words.map(\.bottom).max() ?? top) - top, tag: tag)
    }
}
