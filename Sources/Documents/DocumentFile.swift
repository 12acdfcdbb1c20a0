/// A file as it was uploaded.
package struct DocumentFile: Hashable, Sendable {
    /// Equal for equal bytes: what was found out about them is kept under it.
    package let id: String
    package let name: String
    package let bytes: [UInt8]

    package init(id: String, name: String, bytes: [UInt8]) {
        self.id = id
        self.name = name
        self.bytes = bytes
    }
}

/// What a file is, by its first bytes and its name.
package enum FileKind: Hashable, Sendable {
    case pdf
    /// A kind that the service turns into pages, such as `Word document`.
    case converted(String)
    case unsupported

    private static let byExtension = [
        "doc": "Word document", "docx": "Word document", "html": "web page", "htm": "web page",
        "ppsx": "PowerPoint presentation", "ppt": "PowerPoint presentation",
        "pptx": "PowerPoint presentation", "txt": "text file", "xls": "Excel workbook",
        "xlsx": "Excel workbook", "jpg": "JPEG image", "jpeg": "JPEG image", "png": "PNG image",
    ]

    /// Beginnings that files of a kind must have.
    private static let beginnings: [String: [UInt8]] = [
        "docx": Array("PK".utf8), "xlsx": Array("PK".utf8), "pptx": Array("PK".utf8),
        "ppsx": Array("PK".utf8), "png": [0x89, 0x50, 0x4e, 0x47], "jpg": [0xff, 0xd8],
        "jpeg": [0xff, 0xd8], "doc": [0xd0, 0xcf, 0x11, 0xe0], "xls": [0xd0, 0xcf, 0x11, 0xe0],
        "ppt": [0xd0, 0xcf, 0x11, 0xe0],
    ]

    package init(_ file: DocumentFile) {
        // Some programs put a few bytes before the header; readers look that far.
        if file.bytes.prefix(1024).firstRange(of: Array("%PDF-".utf8)) != nil {
            self = .pdf
            return
        }
        let suffix = file.name.split(separator: ".").last.map { $0.lowercased() } ?? ""
        guard let kind = Self.byExtension[suffix],
            file.bytes.starts(with: Self.beginnings[suffix] ?? [])
        else {
            self = .unsupported
            return
        }
        self = .converted(kind)
    }
}

/// A page's size in points, 72 to the inch.
package struct PageSize: Hashable, Sendable {
    package var width: Double
    package var height: Double

    package static let letter = PageSize(width: 612, height: 792)
}

/// What was found out about a file.
package struct Inspection: Hashable, Sendable {
    /// Why a document cannot be used.
    package enum Damage: Hashable, Sendable {
        case damaged(String)
        case encrypted
        case unsupported
        case tooManyPages(Int)
        case tooLarge

        /// One sentence for a person.
        package var message: String {
            switch self {
            case .damaged(let reason): "The PDF is damaged: \(reason)"
            case .encrypted: "The PDF is encrypted"
            case .unsupported: "Files of this kind are not supported"
            case .tooManyPages(let limit): "The document has more than \(limit) pages"
            case .tooLarge: "The document takes too much time or memory to read"
            }
        }
    }

    package var pages: [PageSize] = []
    package var damage: Damage?
}
