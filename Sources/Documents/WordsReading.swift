/// Reads what `pdftotext -bbox` says: pages and words with their places.
enum WordsReading {
    /// Words of a document that are looked at.
    private static let maximumWords = 500_000

    static func words(_ text: String) -> [PageWord] {
        var words: [PageWord] = []
        var page = -1
        for line in text.split(separator: "\n") {
            let line = line.drop { $0 == " " }
            if line.hasPrefix("<page ") {
                page += 1
            } else if line.hasPrefix("<word "), words.count < maximumWords,
                let word = word(line, page)
            {
                words.append(word)
            }
        }
        return words
    }

    private static func word(_ line: Substring, _ page: Int) -> PageWord? {
        guard let end = line.firstIndex(of: ">"), let close = line.range(of: "</word>"),
            let x = number("xMin", line[..<end]), let y = number("yMin", line[..<end]),
            let right = number("xMax", line[..<end]), let bottom = number("yMax", line[..<end])
        else { return nil }
        let text = line[line.index(after: end)..<close.lowerBound]
        return PageWord(
            text: unescaped(text), page: page, x: x, y: y, right: right, bottom: bottom)
    }

    private static func number(_ name: String, _ text: Substring) -> Double? {
        guard let start = text.range(of: name + "=\"") else { return nil }
        let value = text[start.upperBound...].prefix { $0 != "\"" }
        return Double(value).flatMap { $0.isFinite ? $0 : nil }
    }

    private static func unescaped(_ text: Substring) -> String {
        guard text.contains("&") else { return String(text) }
        return String(text).replacing("&lt;", with: "<").replacing("&gt;", with: ">")
            .replacing("&quot;", with: "\"").replacing("&apos;", with: "'")
            .replacing("&amp;", with: "&")
    }
}

extension Substring {
    fileprivate func range(of text: String) -> Range<Index>? { firstRange(of: text) }
}
