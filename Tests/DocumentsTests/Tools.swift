@testable import Documents

/// Programs of this machine that judge our documents, with a folder of their own.
struct Tools: ~Copyable {
    private let programs: Programs
    private let folder: WorkFolder

    /// `nil`, and a word about it, where they are missing.
    init?() throws {
        guard let programs = Programs(DocumentLimits()) else {
            print("skipped: \(Programs.needed.joined(separator: ", ")) are not all there")
            return nil
        }
        self.programs = programs
        folder = try WorkFolder()
    }

    /// Runs a program on a file named `in`.
    func run(
        _ name: String, _ arguments: [String], on bytes: [UInt8]
    ) async throws -> Programs.Output {
        try folder.write("in", bytes)
        return try await programs.run(name, arguments, in: folder.path)
    }

    /// The text of a PDF; its pages end in form feeds.
    func text(of pdf: [UInt8]) async throws -> String {
        try await run("pdftotext", ["-layout", "in", "-"], on: pdf).output
    }

    /// Whether a PDF is one without anything odd.
    func isSound(_ pdf: [UInt8]) async throws -> Bool {
        try await run("qpdf", ["--check", "in"], on: pdf).code == 0
    }

    /// A PDF whose first page is turned by a quarter.
    func turned(_ pdf: [UInt8]) async throws -> [UInt8] {
        _ = try await run("qpdf", ["in", "--rotate=+90:1", "out"], on: pdf)
        return try folder.read("out")
    }

    /// A PDF that asks for a password, or that only says what may be done with it.
    func encrypted(_ pdf: [UInt8], password: String) async throws -> [UInt8] {
        _ = try await run(
            "qpdf", ["--encrypt", password, "owner", "256", "--", "in", "out"], on: pdf)
        return try folder.read("out")
    }
}

extension DocumentFile {
    /// A file whose id is its name and its length.
    init(_ name: String, _ bytes: [UInt8]) {
        self.init(id: "\(name) \(bytes.count)", name: name, bytes: bytes)
    }

    /// A PDF with those lines, each list of them on a page.
    static func pdf(_ pages: [String]..., name: String = "a.pdf") -> DocumentFile {
        let pages = pages.map { Assembly.TextPage(title: "", lines: $0.map { .text($0) }) }
        return DocumentFile(name, PlainPDF.make(pages, watermark: nil))
    }
}
