import Testing

@testable import Documents

@Suite(.timeLimit(.minutes(1))) struct PlainPDFTests {
    private let page = Assembly.TextPage(
        title: "Größe (and \\ escapes)",
        lines: [
            .heading("Heading"), .entry("Label", "Value"), .signature("Signed", "Ann é"),
            .text("§ 5 £ ÿ; ends: )( \\"), .space, .text("Łódź 🙂\n\u{1}"),
        ])

    @Test func `is a sound PDF with the words in it`() async throws {
        let pdf = PlainPDF.make([page], watermark: "TEST · MODE")
        guard let tools = try Tools() else { return }
        #expect(try await tools.isSound(pdf))
        let text = try await tools.text(of: pdf)
        for words in [
            "Größe (and \\ escapes)", "Heading", "Label: Value", "Signed: Ann é",
            "§ 5 £ ÿ; ends: )( \\", "?ód? ???", "TEST · MODE",
        ] {
            #expect(text.contains(words), "\(text)")
        }
    }

    @Test func `long pages go on on the next`() async throws {
        let lines = (1...85).map { Assembly.TextPage.Line.text("line \($0) of 85") }
        let pdf = PlainPDF.make(
            [Assembly.TextPage(title: "Long", lines: lines), page], watermark: nil)
        #expect(PlainInspection.inspect(pdf, DocumentLimits()).pages.count == 4)
        guard let tools = try Tools() else { return }
        #expect(try await tools.isSound(pdf))
        let pages = try await tools.text(of: pdf).split(separator: "\u{c}")
        #expect(pages.count == 4)
        #expect(pages[0].contains("line 40 of 85") && !pages[0].contains("line 41 of 85"))
        #expect(pages[2].contains("line 85 of 85") && pages[2].contains("Long"))
    }

    @Test func `equal pages are equal bytes`() {
        let pdf = PlainPDF.make([page], watermark: "w")
        #expect(PlainPDF.make([page], watermark: "w") == pdf)
        #expect(PlainPDF.make([page], watermark: "v") != pdf)
        #expect(pdf.allSatisfy { $0 < 0x80 })
    }
}
