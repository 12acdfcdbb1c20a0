import Testing

@testable import Documents

/// What a shop says of files and what it makes of them, with the machine's programs and without.
@Suite(.timeLimit(.minutes(2))) struct DocumentShopTests {
    /// With programs, and without; the first only where they are.
    static let shops = [true, false]

    private func shop(_ usesPrograms: Bool, pages: Int = 500) -> DocumentShop {
        var limits = DocumentLimits()
        limits.pages = pages
        let shop = DocumentShop(limits, usesPrograms: usesPrograms)
        if usesPrograms, !shop.hasPrograms {
            print("without the programs this tests the shop twice")
        }
        return shop
    }

    // MARK: - Reading

    @Test(arguments: shops) func `a good document has its pages`(_ usesPrograms: Bool) async {
        let inspection = await shop(usesPrograms).inspect(.pdf(["one"], ["two"], ["three"]))
        #expect(inspection == Inspection(pages: [.letter, .letter, .letter]))
    }

    @Test(arguments: shops) func `a damaged or truncated document is told`(
        _ usesPrograms: Bool
    ) async throws {
        let good = DocumentFile.pdf(["one"], ["two"]).bytes
        for bytes in [
            Array("%PDF-1.4\nnothing of it\n".utf8), Array(good.prefix(good.count / 2)),
            Array(good.dropLast(60)), Array("%PDF-".utf8),
        ] {
            let damage = await shop(usesPrograms).inspect(DocumentFile("a.pdf", bytes)).damage
            guard case .damaged(let reason)? = damage else {
                Issue.record("\(bytes.count) octets: \(String(describing: damage))")
                continue
            }
            #expect(!reason.contains("in.pdf") && !reason.contains("\n"))
        }
    }

    @Test(arguments: shops, ["user", ""])
    func `an encrypted document is told, with a password and without`(
        _ usesPrograms: Bool, _ password: String
    ) async throws {
        guard let tools = try Tools() else { return }
        let bytes = try await tools.encrypted(DocumentFile.pdf(["one"]).bytes, password: password)
        let file = DocumentFile("secret.pdf", bytes)
        let shop = shop(usesPrograms)
        #expect(await shop.inspect(file).damage == .encrypted)
        #expect(await shop.picture(of: file, page: 0) == nil)
    }

    @Test(arguments: shops) func `pages have a limit`(_ usesPrograms: Bool) async {
        let shop = shop(usesPrograms, pages: 2)
        #expect(await shop.inspect(.pdf(["1"], ["2"])).damage == nil)
        let damage = await shop.inspect(.pdf(["1"], ["2"], ["3"])).damage
        #expect(damage == .tooManyPages(2))
        #expect(damage?.message == "The document has more than 2 pages")
    }

    @Test func `a page that is turned has its sides swapped`() async throws {
        let shop = shop(true)
        guard shop.hasPrograms, let tools = try Tools() else { return }
        let turned = try await tools.turned(DocumentFile.pdf(["one"], ["two"]).bytes)
        let inspection = await shop.inspect(DocumentFile("a.pdf", turned))
        #expect(inspection.pages == [PageSize(width: 792, height: 612), .letter])
    }

    @Test(arguments: [
        ("a.docx", "PK\u{3}\u{4}", FileKind.converted("Word document")),
        ("A.DOCX", "PK", .converted("Word document")), ("a.docx", "<html>", .unsupported),
        ("a.txt", "", .converted("text file")), ("a.html", "<p>", .converted("web page")),
        ("a.exe", "MZ", .unsupported), ("noextension", "text", .unsupported),
        ("", "", .unsupported),
        ("a.docx", "%PDF-1.7", .pdf), ("a", "some bytes\n%PDF-1.4", .pdf),
        ("a.pdf", "no header", .unsupported),
    ])
    func `a file is what its first bytes and its name say`(
        _ name: String, _ bytes: String, _ kind: FileKind
    ) async {
        let file = DocumentFile(name, Array(bytes.utf8))
        #expect(FileKind(file) == kind)
        guard kind != .pdf else { return }
        let expected =
            kind == .unsupported
            ? Inspection(damage: .unsupported) : Inspection(pages: [.letter])
        #expect(await shop(false).inspect(file) == expected)
    }

    @Test func `a picture must begin like one`() {
        let png: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a]
        #expect(FileKind(DocumentFile("a.png", png)) == .converted("PNG image"))
        #expect(FileKind(DocumentFile("a.jpg", png)) == .unsupported)
        #expect(FileKind(DocumentFile("a.jpeg", [0xff, 0xd8, 0xff])) == .converted("JPEG image"))
    }

    @Test func `tags are found in a document's text, where there are programs`() async throws {
        let file = DocumentFile.pdf(
            ["Signed: [sig|req|signer1|Your Name|s1]"], ["none"], ["[text|noreq|sender"])
        #expect(await shop(false).tags(in: file).isEmpty)
        let shop = shop(true)
        guard shop.hasPrograms else { return }
        let tags = await shop.tags(in: file)
        #expect(tags.map(\.page) == [0, 2])
        #expect(try tags[0].tag.get().label == "Your Name")
        #expect((54..<150).contains(tags[0].x) && (90..<120).contains(tags[0].y))
        #expect(throws: TextTagError.self) { try tags[1].tag.get() }
        #expect(await shop.tags(in: DocumentFile("a.txt", Array("[sig|req|signer1]".utf8))).isEmpty)
        #expect(await shop.tags(in: DocumentFile("a.pdf", Array("%PDF-1.4".utf8))).isEmpty)
    }

    @Test func `a picture of a page is a PNG, and there is none of what is not there`() async {
        let file = DocumentFile.pdf(["one"], ["two"])
        #expect(await shop(false).picture(of: file, page: 0) == nil)
        let shop = shop(true)
        guard shop.hasPrograms else { return }
        let text = DocumentFile("a.txt", Array("text".utf8))
        for (file, page) in [(file, 0), (file, 1), (text, 0)] {
            let picture = await shop.picture(of: file, page: page)
            // The signature and the header with the size: 612 by 792 points at 96 to the inch.
            #expect(
                picture?.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) == true)
            #expect(picture.map { Array($0[16..<24]) } == [0, 0, 3, 48, 0, 0, 4, 32])
        }
        #expect(await shop.picture(of: file, page: 2) == nil)
        #expect(await shop.picture(of: file, page: -1) == nil)
        #expect(await shop.picture(of: DocumentFile("x.exe", []), page: 0) == nil)
    }

    // MARK: - Making

    private func assembly(_ documents: [DocumentFile]) -> Assembly {
        func mark(_ y: Double, _ kind: Assembly.Mark.Kind, document: Int = 0) -> Assembly.Mark {
            Assembly.Mark(
                document: document, page: 0, x: 300, y: y, width: 200, height: 20, kind: kind)
        }
        return Assembly(
            documents: documents,
            marks: [
                mark(300, .text("Filled <in> & so")), mark(340, .signature("Ann Author")),
                mark(380, .check(true)), mark(420, .check(false)), mark(100, .blank),
                mark(300, .text("In the second"), document: 1),
            ], watermark: "TEST & MODE",
            textPages: [Assembly.TextPage(title: "Audit trail", lines: [.entry("SENT", "today")])])
    }

    @Test(arguments: shops) func `a document is made of all its parts`(
        _ usesPrograms: Bool
    ) async throws {
        let shop = shop(usesPrograms)
        let assembly = assembly([
            .pdf(["Its own text"], ["Page two"]), DocumentFile("b.docx", Array("PK".utf8)),
        ])
        let made = try await shop.make(assembly)
        #expect(await shop.inspect(DocumentFile("made.pdf", made)).damage == nil)
        guard let tools = try Tools() else { return }
        let pages = try await tools.text(of: made).split(separator: "\u{c}")
        let hasPrograms = shop.hasPrograms
        #expect(pages.count == (hasPrograms ? 4 : 3))
        for words in ["Filled <in> & so", "Ann Author"] { #expect(pages[0].contains(words)) }
        #expect(pages[0].contains("Its own text") == hasPrograms)
        let second = pages[hasPrograms ? 2 : 1]
        #expect(second.contains("In the second"))
        #expect(
            second.contains(hasPrograms ? "stands for a Word document of 2" : "file of 2 octets"))
        #expect(try #require(pages.last).contains("Audit trail"))
        // With the programs the watermark is turned, and its words stand apart in the text.
        if !hasPrograms { for page in pages { #expect(page.contains("TEST & MODE")) } }
    }

    @Test(arguments: shops) func `equal parts make equal bytes, also in another shop`(
        _ usesPrograms: Bool
    ) async throws {
        let assembly = assembly([.pdf(["one"]), .pdf(["two"])])
        let made = try await shop(usesPrograms).make(assembly)
        #expect(try await shop(usesPrograms).make(assembly) == made)
        var other = assembly
        other.watermark = nil
        #expect(try await shop(usesPrograms).make(other) != made)
    }

    @Test func `without anything to draw the pages are the document's own`() async throws {
        let shop = shop(true)
        guard shop.hasPrograms, let tools = try Tools() else { return }
        let made = try await shop.make(Assembly(documents: [.pdf(["only this"])]))
        #expect(try await tools.isSound(made))
        let words = try await tools.text(of: made).split { $0.isWhitespace }
        #expect(words == ["only", "this"])
    }

    @Test func `a document that cannot be read cannot be made anything of`() async throws {
        let shop = shop(true)
        guard shop.hasPrograms else { return }
        let file = DocumentFile("a.pdf", Array("%PDF-1.4".utf8))
        let error = await #expect(throws: DocumentError.self) {
            try await shop.make(Assembly(documents: [file]))
        }
        #expect(error?.description.hasPrefix("The PDF is damaged: ") == true)
    }
}
