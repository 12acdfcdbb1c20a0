/// What can be told of a PDF without any program: its frame alone.
enum PlainInspection {
    static func inspect(_ bytes: [UInt8], _ limits: DocumentLimits) -> Inspection {
        // The end mark stands in the last part of the file (ISO 32000-1, 7.5.5).
        guard bytes.suffix(2048).firstRange(of: Array("%%EOF".utf8)) != nil,
            bytes.suffix(2048).firstRange(of: Array("startxref".utf8)) != nil
        else { return Inspection(damage: .damaged("it has no end")) }
        let tail = bytes.suffix(16 << 10)
        if tail.firstRange(of: Array("/Encrypt".utf8)) != nil {
            return Inspection(damage: .encrypted)
        }
        let count = max(1, pages(bytes))
        guard count <= limits.pages else {
            return Inspection(damage: .tooManyPages(limits.pages))
        }
        return Inspection(pages: [PageSize](repeating: .letter, count: count))
    }

    /// Page objects that stand in the file uncompressed.
    private static func pages(_ bytes: [UInt8]) -> Int {
        let mark = Array("/Type".utf8)
        var count = 0
        var rest = bytes[...]
        while let range = rest.firstRange(of: mark) {
            rest = rest[range.upperBound...]
            let name = rest.drop { $0 == UInt8(ascii: " ") }.prefix(6)
            if name.starts(with: Array("/Page".utf8)), name.last != UInt8(ascii: "s") { count += 1 }
        }
        return count
    }
}
