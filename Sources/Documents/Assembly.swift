/// A document to be made: sources, what is drawn onto them, and the pages behind them.
package struct Assembly: Hashable, Sendable {
    /// Something that is drawn onto a page.
    package struct Mark: Hashable, Sendable {
        package enum Kind: Hashable, Sendable {
            case text(String)
            /// In a hand's writing.
            case signature(String)
            case check(Bool)
            /// Paints over what is below.
            case blank
        }

        /// From 0, over the documents.
        package var document: Int
        /// From 0.
        package var page: Int
        /// Points from the top left corner.
        package var x: Double
        package var y: Double
        package var width: Double
        package var height: Double
        package var kind: Kind

        package init(
            document: Int, page: Int, x: Double, y: Double, width: Double, height: Double,
            kind: Kind
        ) {
            self.document = document
            self.page = page
            self.x = x
            self.y = y
            self.width = width
            self.height = height
            self.kind = kind
        }
    }

    /// A page of lines that is put behind the documents.
    package struct TextPage: Hashable, Sendable {
        /// A line: a heading, a label with its value, or a signature.
        package enum Line: Hashable, Sendable {
            case heading(String)
            case entry(String, String)
            case signature(String, String)
            case text(String)
            case space
        }

        package var title: String
        package var lines: [Line]

        package init(title: String, lines: [Line]) {
            self.title = title
            self.lines = lines
        }
    }

    package var documents: [DocumentFile]
    package var marks: [Mark]
    /// Across each page; `nil` for none.
    package var watermark: String?
    package var textPages: [TextPage]

    package init(
        documents: [DocumentFile], marks: [Mark] = [], watermark: String? = nil,
        textPages: [TextPage] = []
    ) {
        self.documents = documents
        self.marks = marks
        self.watermark = watermark
        self.textPages = textPages
    }
}
