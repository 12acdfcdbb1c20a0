import Testing

@testable import Documents

@Suite struct TextTagTests {
    @Test func `reads the parts of a tag`() throws {
        let tag = try TextTag("sig|req|signer2|Customer Signature|cust1")
        #expect(tag.type == "signature")
        #expect(tag.isRequired)
        #expect(tag.owner == .signer(2))
        #expect(tag.label == "Customer Signature")
        #expect(tag.id == "cust1")
        #expect(try TextTag("text-merge|noreq|sender|Name|n").owner == .sender)
        #expect(try TextTag("SIG|Req|Signer1").label == "")
    }

    @Test(arguments: [
        "sig", "sig|req", "sgi|req|signer1", "sig|maybe|signer1", "sig|req|signer0",
        "sig|req|bob", "|||", "sig|req|signer99999999999999999999",
    ])
    func `refuses what is malformed`(_ text: String) {
        #expect(throws: TextTagError.self) { try TextTag(text) }
    }

    /// The tags in lines of words.
    private func search(_ lines: String...) -> [FoundTag] {
        FoundTag.search(
            lines.enumerated().flatMap { row, line in
                line.split(separator: " ").enumerated().map { column, word in
                    PageWord(
                        text: String(word), page: 0, x: Double(column) * 50, y: Double(row) * 16,
                        right: Double(column) * 50 + 45, bottom: Double(row) * 16 + 10)
                }
            })
    }

    @Test func `a tag of several words has the box of all`() throws {
        let found = search("here [sig|req|signer1|The customer signs|s1] and", "no more")
        #expect(found.map(\.text) == ["[sig|req|signer1|The customer signs|s1]"])
        let tag = try #require(found.first)
        #expect(try tag.tag.get().label == "The customer signs")
        #expect(tag.x == 50 && tag.width == 145)
        #expect(tag.y == 0 && tag.height == 10)
        let broken = search("over [sig|req|signer1|The customer", "signs|s1] two lines")
        #expect(try broken.first?.tag.get().id == "s1")
        #expect(broken.first?.height == 26)
    }

    @Test func `two tags on a line are two, with and without a space`() throws {
        for line in [
            "[sig|req|signer1] [text|noreq|sender]", "[sig|req|signer1][text|noreq|sender]",
        ] {
            let types = try search(line).map { try $0.tag.get().type }
            #expect(types == ["signature", "text"])
        }
    }

    @Test func `brackets without bars are ordinary text`() {
        #expect(search("see [1] and [the appendix] and a[i] and ] alone [").isEmpty)
        #expect(search("a|b without", "brackets | at all").isEmpty)
    }

    @Test func `a tag that is not closed is told of, with the words of its line`() throws {
        let found = search("before [sig|req|signer1 and so on", "another line")
        #expect(found.map(\.text) == ["[sig|req|signer1 and so on"])
        #expect(found.first?.tag == .failure(TextTagError("has no ']'")))
    }

    @Test func `a tag does not go on on the next page`() throws {
        var words = [PageWord(text: "[sig|req", page: 0, x: 0, y: 0, right: 9, bottom: 9)]
        words.append(PageWord(text: "signer1]", page: 1, x: 0, y: 0, right: 9, bottom: 9))
        words.append(PageWord(text: "[sig|req|signer1]", page: 1, x: 0, y: 0, right: 9, bottom: 9))
        let found = FoundTag.search(words)
        #expect(found.map(\.text) == ["[sig|req", "[sig|req|signer1]"])
        #expect(found.map(\.page) == [0, 1])
    }

    @Test func `ten thousand opened brackets take no time to speak of`() {
        let words = [PageWord](
            repeating: PageWord(text: "[a|[b", page: 0, x: 0, y: 0, right: 9, bottom: 9),
            count: 10_000)
        #expect(!FoundTag.search(words).isEmpty)
    }

    @Test func `brackets of ordinary text, and tags that touch, do not spoil a tag`() {
        let open = search("half open [0, 1) then [sig|req|signer1|S|s]")
        #expect(open.map(\.text) == ["[sig|req|signer1|S|s]"])
        let touching = search("[sig|req|signer1|A B][text|req|signer1|C D|x]")
        #expect(
            touching.map(\.text) == ["[sig|req|signer1|A B]", "[text|req|signer1|C D|x]"])
    }
}
