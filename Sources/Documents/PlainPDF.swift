/// A PDF with pages of plain text, made without any program.
///
/// In the built-in Helvetica, which has the letters of western Europe alone; others become `?`.
enum PlainPDF {
    /// The pages, each a title and lines.
    static func make(_ pages: [Assembly.TextPage], watermark: String?) -> [UInt8] {
        var writer = Writer()
        let sheets = pages.flatMap { page in
            stride(from: 0, to: max(1, page.lines.count), by: PageDrawing.linesPerPage).map {
                (page.title, page.lines.dropFirst($0).prefix(PageDrawing.linesPerPage))
            }
        }
        let kids = sheets.indices.map { "\(4 + 2 * $0) 0 R" }.joined(separator: " ")
        writer.add("<< /Type /Catalog /Pages 2 0 R >>")
        writer.add("<< /Type /Pages /Kids [\(kids)] /Count \(sheets.count) >>")
        writer.add(
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
        for (index, (title, lines)) in sheets.enumerated() {
            var text = show(title, x: 54, y: 720, size: 20)
            if let watermark { text += show(watermark, x: 54, y: 745, size: 9) }
            var y = 682
            for line in lines {
                text += show(words(line), x: 54, y: y, size: 10)
                y -= 16
            }
            writer.add(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents \(5 + 2 * index) 0 R"
                    + " /Resources << /Font << /F1 3 0 R >> >> >>")
            writer.add("<< /Length \(text.utf8.count) >>\nstream\n\(text)\nendstream")
        }
        return writer.finish()
    }

    private static func words(_ line: Assembly.TextPage.Line) -> String {
        switch line {
        case .heading(let words), .text(let words): words
        case .entry(let label, let value), .signature(let label, let value): "\(label): \(value)"
        case .space: ""
        }
    }

    private static func show(_ words: String, x: Int, y: Int, size: Int) -> String {
        "BT /F1 \(size) Tf \(x) \(y) Td (\(escaped(words))) Tj ET\n"
    }

    /// A literal string (ISO 32000-1, 7.3.4.2); what Latin-1 does not have becomes `?`.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x28, 0x29, 0x5c: escaped += "\\" + String(scalar)
            case 0x20..<0x7f: escaped.unicodeScalars.append(scalar)
            case 0xa0...0xff: escaped += "\\" + octal(scalar.value)
            default: escaped += "?"
            }
        }
        return escaped
    }

    private static func octal(_ value: UInt32) -> String {
        let digits = String(value, radix: 8)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }

    private struct Writer {
        private var bytes = Array("%PDF-1.4\n".utf8)
        private var offsets: [Int] = []

        mutating func add(_ object: String) {
            offsets.append(bytes.count)
            bytes += Array("\(offsets.count) 0 obj\n\(object)\nendobj\n".utf8)
        }

        mutating func finish() -> [UInt8] {
            let start = bytes.count
            var table = "xref\n0 \(offsets.count + 1)\n0000000000 65535 f \n"
            for offset in offsets {
                let digits = String(offset)
                table += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
            }
            table += "trailer\n<< /Size \(offsets.count + 1) /Root 1 0 R >>\nstartxref\n"
            return bytes + Array("\(table)\(start)\n%%EOF\n".utf8)
        }
    }
}
