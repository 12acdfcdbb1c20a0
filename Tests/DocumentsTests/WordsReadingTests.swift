import Testing

@testable import Documents

@Suite struct WordsReadingTests {
    private func word(_ text: String, _ numbers: String = "1.5 2 30 12") -> String {
        let numbers = numbers.split(separator: " ")
        return "    <word xMin=\"\(numbers[0])\" yMin=\"\(numbers[1])\" xMax=\"\(numbers[2])\" "
            + "yMax=\"\(numbers[3])\">\(text)</word>"
    }

    @Test func `reads words with their pages and places`() {
        let text = """
            <!DOCTYPE html><html><body>
            <doc>
              <page width="612.000000" height="792.000000">
            \(word("first"))
              </page>
              <page width="612.000000" height="792.000000">
              </page>
              <page width="612.000000" height="792.000000">
            \(word("third", "3 4 5 6"))
              </page>
            </doc>
            """
        #expect(
            WordsReading.words(text) == [
                PageWord(text: "first", page: 0, x: 1.5, y: 2, right: 30, bottom: 12),
                PageWord(text: "third", page: 2, x: 3, y: 4, right: 5, bottom: 6),
            ])
    }

    @Test(arguments: [
        ("a&amp;b", "a&b"), ("&lt;i&gt;", "<i>"), ("&quot;&apos;", "\"'"), ("&amp;lt;", "&lt;"),
        ("[sig|req|signer1|&#228;]", "[sig|req|signer1|&#228;]"), ("größe", "größe"),
        ("a&b", "a&b"), ("", ""),
    ])
    func `entities are their characters`(_ text: String, _ expected: String) {
        #expect(WordsReading.words(word(text)).map(\.text) == [expected])
    }

    @Test func `what is no word is passed over`() {
        let lines = [
            "<word", "<word >x</word>", word("x", "a 2 3 4"), word("x", "1 2 inf 4"),
            word("x", "1 2 nan 4"), "<word xMin=\"1\" yMin=\"2\" xMax=\"3\" yMax=\"4\">no end",
            "<word xMin=\"1\" yMin=\"2\" xMax=\"3\">x</word>", "garbage \u{0} > < \" </word>",
            "</word><word xMin=\"1\" yMin=\"2\" xMax=\"3\" yMax=\"4\">x</word>",
        ]
        #expect(WordsReading.words(lines.joined(separator: "\n")).isEmpty)
        #expect(WordsReading.words("").isEmpty)
    }
}
