/// Draws pages as SVG, which `rsvg-convert` turns into PDF.
enum PageDrawing {
    /// Lines of a text page.
    static let linesPerPage = 40

    /// What is drawn onto a page of a document.
    static func overlay(_ size: PageSize, _ marks: [Assembly.Mark], watermark: String?) -> String {
        var body = ""
        if let watermark { body += Self.watermark(watermark, size) }
        for mark in marks { body += draw(mark) }
        return svg(size, body)
    }

    /// Pages of text; long ones go on on the next.
    static func pages(_ page: Assembly.TextPage, watermark: String?) -> [String] {
        let size = PageSize.letter
        return stride(from: 0, to: max(1, page.lines.count), by: linesPerPage).map { start in
            let lines = page.lines[start..<min(start + linesPerPage, page.lines.count)]
            var body = watermark.map { Self.watermark($0, size) } ?? ""
            body += text(page.title, x: 54, y: 72, size: 20, weight: "bold")
            body += "<path d=\"M54 84H558\" stroke=\"#1e1919\" stroke-width=\"1\"/>"
            var y = 110.0
            for line in lines {
                body += draw(line, y: y)
                y += 16
            }
            return svg(size, body)
        }
    }

    private static func draw(_ line: Assembly.TextPage.Line, y: Double) -> String {
        switch line {
        case .heading(let words): text(words, x: 54, y: y, size: 12, weight: "bold")
        case .entry(let label, let value):
            text(label, x: 54, y: y, size: 10, colour: "#666666")
                + text(value, x: 190, y: y, size: 10)
        case .signature(let label, let value):
            text(label, x: 54, y: y, size: 10, colour: "#666666")
                + text(value, x: 190, y: y, size: 15, style: "italic", family: hand)
        case .text(let words): text(words, x: 54, y: y, size: 10)
        case .space: ""
        }
    }

    private static let hand = "'Dancing Script','URW Chancery L','DejaVu Serif',cursive"

    private static func draw(_ mark: Assembly.Mark) -> String {
        let base = mark.y + mark.height * 0.75
        switch mark.kind {
        case .text(let words):
            return text(words, x: mark.x + 2, y: base, size: min(12, max(6, mark.height * 0.75)))
        case .signature(let name):
            // A long name is drawn smaller, so that it stays in its box.
            let fitting = mark.width / max(1, Double(name.count) * 0.6)
            let size = max(6, min(26, mark.height * 0.8, fitting))
            return text(
                name, x: mark.x + 2, y: base, size: size, style: "italic", family: hand,
                colour: "#1a2c66")
        case .check(let isSet):
            guard isSet else { return "" }
            let side = min(mark.width, mark.height)
            return "<path d=\"M\(mark.x + side * 0.2) \(mark.y + side * 0.5)"
                + "l\(side * 0.2) \(side * 0.25)l\(side * 0.4) \(-side * 0.5)\""
                + " fill=\"none\" stroke=\"#1a2c66\" stroke-width=\"\(max(1, side * 0.1))\"/>"
        case .blank:
            // A little more than the box of the words, whose letters reach out of it.
            return "<rect x=\"\(mark.x - 1)\" y=\"\(mark.y - 1)\" width=\"\(mark.width + 4)\""
                + " height=\"\(mark.height + 4)\" fill=\"#ffffff\"/>"
        }
    }

    private static func watermark(_ words: String, _ size: PageSize) -> String {
        let (x, y) = (size.width / 2, size.height / 2)
        return "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"middle\" font-family=\"sans-serif\""
            + " font-size=\"\(size.width / 20)\" fill=\"#cc0000\" fill-opacity=\"0.16\""
            + " transform=\"rotate(-35 \(x) \(y))\">\(escaped(words))</text>"
    }

    private static func text(
        _ words: String, x: Double, y: Double, size: Double, weight: String = "normal",
        style: String = "normal", family: String = "sans-serif", colour: String = "#1e1919"
    ) -> String {
        "<text x=\"\(x)\" y=\"\(y)\" font-family=\"\(family)\" font-size=\"\(size)\""
            + " font-weight=\"\(weight)\" font-style=\"\(style)\" fill=\"\(colour)\">"
            + escaped(words) + "</text>"
    }

    private static func svg(_ size: PageSize, _ body: String) -> String {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(size.width)pt\""
            + " height=\"\(size.height)pt\" viewBox=\"0 0 \(size.width) \(size.height)\">"
            + body + "</svg>"
    }

    /// Text as XML has it, without characters that XML cannot have.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff:
                escaped += " "
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
