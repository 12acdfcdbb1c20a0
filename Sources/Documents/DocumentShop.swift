import Foundation
import Synchronization

/// Reads uploaded documents and makes new ones.
///
/// Safe to share. What was found out about a file, and the last documents that were made, are kept.
package final class DocumentShop: Sendable {
    fileprivate struct Cache {
        /// Also of what is still being found out: a file that many ask about is read once.
        var inspections: [String: Task<Inspection, Never>] = [:]
        var tags: [String: Task<[FoundTag], Never>] = [:]
        var made: [(assembly: Assembly, bytes: [UInt8])] = []
        var madeBytes = 0
        var pictures: [String: [UInt8]] = [:]
        var pictureBytes = 0
    }

    /// Files whose inspection is kept.
    private static let maximumInspections = 10_000

    private let limits: DocumentLimits
    private let programs: Programs?
    private let cache = Mutex(Cache())

    /// A shop with the programs of this machine, or without.
    package init(_ limits: DocumentLimits = .init(), usesPrograms: Bool = true) {
        self.limits = limits
        programs = usesPrograms ? Programs(limits) : nil
    }

    /// Whether the programs are there; without them no tags are found, and copies are plain pages.
    package var hasPrograms: Bool { programs != nil }

    /// What a file is worth as a document.
    package func inspect(_ file: DocumentFile) async -> Inspection {
        let task = cache.withLock { cache in
            if let known = cache.inspections[file.id + file.name] { return known }
            if cache.inspections.count >= Self.maximumInspections { cache.inspections = [:] }
            let task = Task { await look(at: file) }
            cache.inspections[file.id + file.name] = task
            return task
        }
        return await task.value
    }

    private func look(at file: DocumentFile) async -> Inspection {
        switch FileKind(file) {
        case .unsupported: return Inspection(damage: .unsupported)
        case .converted: return Inspection(pages: [.letter])
        case .pdf:
            do { return try await inspectPDF(file) } catch { return Inspection(damage: .tooLarge) }
        }
    }

    /// The tags in a document's text, well-formed or not; none where the programs are missing.
    package func tags(in file: DocumentFile) async -> [FoundTag] {
        guard let programs, FileKind(file) == .pdf else { return [] }
        let task = cache.withLock { cache in
            if let known = cache.tags[file.id] { return known }
            if cache.tags.count >= Self.maximumInspections { cache.tags = [:] }
            let task = Task { await search(file, programs) }
            cache.tags[file.id] = task
            return task
        }
        return await task.value
    }

    private func search(_ file: DocumentFile, _ programs: Programs) async -> [FoundTag] {
        do {
            let folder = try WorkFolder()
            try folder.write("in.pdf", file.bytes)
            let output = try await programs.run(
                "pdftotext", ["-bbox", "in.pdf", "-"], in: folder.path)
            return FoundTag.search(WordsReading.words(output.output))
        } catch {
            return []  // whether it is damaged is for the inspection to say
        }
    }

    /// A picture of a page as PNG, 96 pixels to the inch; `nil` when there is none.
    ///
    /// `number`: From 0.
    package func picture(of file: DocumentFile, page number: Int) async -> [UInt8]? {
        let inspection = await inspect(file)
        guard let programs, inspection.damage == nil, inspection.pages.indices.contains(number)
        else { return nil }
        let key = "\(file.id) \(file.name) \(number)"
        if let known = cache.withLock({ $0.pictures[key] }) { return known }
        do {
            let folder = try WorkFolder()
            if case .converted(let kind) = FileKind(file) {
                let page = Self.standIn(for: file, kind)
                try await draw(
                    PageDrawing.pages(page, watermark: nil), "in.pdf", programs, folder.path)
            } else {
                try folder.write("in.pdf", file.bytes)
            }
            let page = String(number + 1)
            try await check(
                programs.run(
                    "pdftocairo",
                    ["-png", "-r", "96", "-f", page, "-l", page, "-singlefile", "in.pdf", "out"],
                    in: folder.path))
            let bytes = try folder.read("out.png")
            cache.withLock { $0.keep(picture: bytes, key, limit: limits.cacheBytes) }
            return bytes
        } catch {
            return nil  // the page says by its words what the picture would show
        }
    }

    /// Makes a document.
    ///
    /// - Throws: ``DocumentError`` when a program fails.
    package func make(_ assembly: Assembly) async throws(DocumentError) -> [UInt8] {
        let known = cache.withLock { cache in
            cache.made.first { $0.assembly == assembly }?.bytes
        }
        if let known { return known }
        let bytes: [UInt8]
        if let programs {
            do { bytes = try await make(assembly, programs) } catch let error as DocumentError {
                throw error
            } catch {
                throw DocumentError("The document cannot be made: \(error)")
            }
        } else {
            bytes = await makePlain(assembly)
        }
        cache.withLock { $0.keep(assembly, bytes, limit: limits.cacheBytes) }
        return bytes
    }

    // MARK: - Reading

    private func inspectPDF(_ file: DocumentFile) async throws -> Inspection {
        guard let programs else { return PlainInspection.inspect(file.bytes, limits) }
        let folder = try WorkFolder()
        try folder.write("in.pdf", file.bytes)
        let check = try await programs.run("qpdf", ["--check", "in.pdf"], in: folder.path)
        if check.errors.contains("password") { return Inspection(damage: .encrypted) }
        // 3 says that something is odd which readers put up with.
        guard check.code == 0 || check.code == 3 else {
            guard check.code != nil else { return Inspection(damage: .tooLarge) }
            return Inspection(damage: .damaged(Self.reason(check.errors)))
        }
        let info = try await programs.run(
            "pdfinfo", ["-f", "1", "-l", "\(limits.pages)", "in.pdf"], in: folder.path)
        guard info.code == 0 else {
            return Inspection(damage: .damaged(Self.reason(info.errors)))
        }
        return Self.read(info.output, limits)
    }

    /// The first thing that a program has to say, without the file's name.
    private static func reason(_ errors: String) -> String {
        let line = errors.split(separator: "\n").first.map(String.init) ?? "no reason is given"
        return String(line.replacing("in.pdf", with: "it").prefix(200))
    }

    private static func read(_ info: String, _ limits: DocumentLimits) -> Inspection {
        var inspection = Inspection()
        for line in info.split(separator: "\n") {
            if line.hasPrefix("Encrypted:"), line.contains("yes") { inspection.damage = .encrypted }
            if line.hasPrefix("Pages:"), let count = Int(line.dropFirst(6).trimmed),
                count > limits.pages
            {
                inspection.damage = .tooManyPages(limits.pages)
            }
            if line.hasPrefix("Page "), let size = line.firstRange(of: "size:") {
                let numbers = line[size.upperBound...].split(separator: " ").compactMap {
                    Double($0)
                }
                guard numbers.count >= 2 else { continue }
                inspection.pages.append(PageSize(width: numbers[0], height: numbers[1]))
            }
            // A page that is turned is seen, and drawn upon, with its sides swapped.
            if line.hasPrefix("Page "), let rotation = line.firstRange(of: "rot:"),
                let angle = Int(line[rotation.upperBound...].trimmed), angle % 180 != 0,
                let last = inspection.pages.last
            {
                inspection.pages[inspection.pages.count - 1] = PageSize(
                    width: last.height, height: last.width)
            }
        }
        if inspection.pages.isEmpty, inspection.damage == nil {
            inspection.damage = .damaged("it has no pages")
        }
        return inspection
    }

    // MARK: - Making

    private func make(_ assembly: Assembly, _ programs: Programs) async throws -> [UInt8] {
        let folder = try WorkFolder()
        var sources: [String] = []
        var overlays: [String] = []
        for (index, document) in assembly.documents.enumerated() {
            let inspection = await inspect(document)
            let name = "source-\(index).pdf"
            if case .converted(let kind) = FileKind(document) {
                let page = Self.standIn(for: document, kind)
                try await draw(PageDrawing.pages(page, watermark: nil), name, programs, folder.path)
            } else {
                guard inspection.damage == nil else {
                    throw DocumentError(inspection.damage?.message ?? "")
                }
                try folder.write(name, document.bytes)
            }
            sources.append(name)
            let marks = assembly.marks.filter { $0.document == index }
            overlays += inspection.pages.enumerated().map { page, size in
                PageDrawing.overlay(
                    size, marks.filter { $0.page == page }, watermark: assembly.watermark)
            }
        }
        let hasOverlay = !assembly.marks.isEmpty || assembly.watermark != nil
        var result = sources
        if hasOverlay, !sources.isEmpty {
            try await join(sources, as: "joined.pdf", programs, folder.path)
            try await draw(overlays, "overlay.pdf", programs, folder.path)
            try await check(
                programs.run(
                    "qpdf",
                    [
                        "--deterministic-id", "joined.pdf", "--overlay", "overlay.pdf", "--",
                        "marked.pdf",
                    ], in: folder.path))
            result = ["marked.pdf"]
        }
        let pages = assembly.textPages.flatMap {
            PageDrawing.pages($0, watermark: assembly.watermark)
        }
        if !pages.isEmpty {
            try await draw(pages, "text.pdf", programs, folder.path)
            result.append("text.pdf")
        }
        try await join(result, as: "out.pdf", programs, folder.path)
        return try folder.read("out.pdf")
    }

    private func draw(
        _ pages: [String], _ name: String, _ programs: Programs, _ folder: String
    ) async throws {
        let names = pages.indices.map { "\(name)-\($0).svg" }
        for (page, file) in zip(pages, names) {
            try Data(page.utf8).write(to: URL(filePath: "\(folder)/\(file)"))
        }
        try await check(
            programs.run("rsvg-convert", ["-f", "pdf", "-o", name] + names, in: folder))
    }

    private func join(
        _ names: [String], as result: String, _ programs: Programs, _ folder: String
    ) async throws {
        try await check(
            programs.run(
                "qpdf",
                ["--deterministic-id", "--empty", "--pages"] + names + ["--", result], in: folder))
    }

    private func check(_ output: Programs.Output) throws(DocumentError) {
        guard output.code == 0 || output.code == 3 else {
            throw DocumentError("The document cannot be made: \(Self.reason(output.errors))")
        }
    }

    private static func standIn(for file: DocumentFile, _ kind: String) -> Assembly.TextPage {
        Assembly.TextPage(
            title: file.name,
            lines: [
                .text("This page stands for a \(kind) of \(file.bytes.count) octets."),
                .text("The mock keeps the file; it does not convert it."),
            ])
    }

    /// A copy without the programs: pages that say what would be there.
    private func makePlain(_ assembly: Assembly) async -> [UInt8] {
        var pages = assembly.documents.enumerated().map { index, document in
            var lines: [Assembly.TextPage.Line] = [
                .text("This page stands for a file of \(document.bytes.count) octets."),
                .text("Install poppler-utils, qpdf and librsvg2-bin to have the file itself here."),
                .space,
            ]
            for mark in assembly.marks where mark.document == index {
                switch mark.kind {
                case .text(let words): lines.append(.entry("text", words))
                case .signature(let name): lines.append(.signature("signature", name))
                case .check(let isSet): lines.append(.entry("checkbox", isSet ? "yes" : "no"))
                case .blank: break
                }
            }
            return Assembly.TextPage(title: document.name, lines: lines)
        }
        pages += assembly.textPages
        return PlainPDF.make(pages, watermark: assembly.watermark)
    }
}

extension DocumentShop.Cache {
    fileprivate mutating func keep(_ assembly: Assembly, _ bytes: [UInt8], limit: Int) {
        guard bytes.count <= limit / 4 else { return }
        made.append((assembly, bytes))
        madeBytes += bytes.count
        while madeBytes > limit || made.count > 256 { madeBytes -= made.removeFirst().bytes.count }
    }

    fileprivate mutating func keep(picture bytes: [UInt8], _ key: String, limit: Int) {
        if pictureBytes + bytes.count > limit {
            pictures = [:]
            pictureBytes = 0
        }
        pictures[key] = bytes
        pictureBytes += bytes.count
    }
}

/// Why a document cannot be made.
package struct DocumentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence.
    package let description: String

    init(_ description: String) { self.description = description }
}

extension Substring {
    var trimmed: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
