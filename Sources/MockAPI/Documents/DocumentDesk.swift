import Callbacks
package import Documents
import Foundation
import OpenSSL

/// Documents to be read before a request or a template can go on.
struct ReadingOrder: Sendable {
    var files: [DocumentFile]
    var usesTextTags: Bool
    /// How many signers text tags may name.
    var signers: Int
    var passesOverTagErrors: Bool
    /// What a bad text tag leads to.
    var tagError: MockSettings.BadTextTag
}

/// What the documents hold.
struct Reading: Hashable, Sendable {
    /// Why they are refused.
    struct Refusal: Hashable, Sendable {
        var type: EventType
        var message: String
    }

    /// Pages of each document.
    var pages: [Int] = []
    /// Fields that text tags place, in the form of `form_fields_per_document`.
    var fields: [JSONValue] = []
    var refusal: Refusal?
}

/// Reads and makes documents for the mock.
package struct DocumentDesk: Sendable {
    private let shop: DocumentShop

    package init(_ shop: DocumentShop) { self.shop = shop }

    /// What the documents hold, and whether they can be used.
    func read(_ order: ReadingOrder) async -> Reading {
        var reading = Reading()
        for (index, file) in order.files.enumerated() {
            let inspection = await shop.inspect(file)
            reading.pages.append(max(1, inspection.pages.count))
            if let damage = inspection.damage {
                reading.refusal = Reading.Refusal(
                    type: .fileError, message: "\(file.name): \(damage.message)")
                return reading
            }
            guard order.usesTextTags else { continue }
            for found in await shop.tags(in: file) {
                do throws(TextTagError) {
                    let tag = try found.tag.get()
                    try tag.check(signers: order.signers)
                    reading.fields.append(
                        TagField.json(
                            found, tag, document: index, number: reading.fields.count + 1))
                } catch {
                    guard !order.passesOverTagErrors else { continue }
                    reading.refusal = Reading.Refusal(
                        type: EventType(rawValue: order.tagError.rawValue),
                        message: "The text tag '\(found.text.prefix(100))' on page "
                            + "\(found.page + 1) of \(file.name) \(error)")
                    return reading
                }
            }
        }
        return reading
    }

    /// Whether pictures of pages can be had.
    var hasPictures: Bool { shop.hasPrograms }

    /// The sizes of the pages of each document.
    func sheets(of files: [DocumentFile]) async -> [[PageSize]] {
        var sheets: [[PageSize]] = []
        for file in files { sheets.append(await shop.inspect(file).pages) }
        return sheets
    }

    /// A picture of a page, counted from 0, as PNG.
    func picture(of file: DocumentFile, page: Int) async -> [UInt8]? {
        await shop.picture(of: file, page: page)
    }

    /// The bytes of a document.
    func make(_ order: DocumentOrder, from files: [DocumentFile]) async throws(APIError) -> [UInt8]
    {
        do throws(DocumentError) {
            switch order.form {
            case .pdf, .dataURI: return try await shop.make(Copy(order, files).assembly)
            case .zip: return try await archive(order, files)
            }
        } catch {
            throw APIError(.unknown, error.description)
        }
    }

    private func archive(
        _ order: DocumentOrder, _ files: [DocumentFile]
    ) async throws(DocumentError) -> [UInt8] {
        var entries: [(name: String, bytes: [UInt8])] = []
        let copy = Copy(order, files)
        for index in files.indices {
            let name = files[index].name.split(separator: "/").last.map(String.init) ?? "document"
            let base = name.hasSuffix(".pdf") ? String(name.dropLast(4)) : name
            let isTaken = entries.contains { $0.name == "\(base).pdf" }
            entries.append(
                (
                    isTaken ? "\(base)-\(index + 1).pdf" : "\(base).pdf",
                    try await shop.make(copy.assembly(ofDocument: index))
                ))
        }
        if let pages = copy.pagesAlone {
            entries.append(("audit_trail.pdf", try await shop.make(pages)))
        }
        return StoredZIP.make(entries)
    }

    /// The fields of a document, as the answer to a search for them.
    func detect(_ order: DetectionOrder, now: Int64) async throws(APIError) -> JSONValue {
        let hash = String(
            decoding: hexadecimal(HashFunction.sha256.digest(of: order.file.bytes)),
            as: UTF8.self)
        let file = DocumentFile(id: hash, name: order.file.name, bytes: order.file.bytes)
        let inspection = await shop.inspect(file)
        if let damage = inspection.damage {
            throw APIError(.badRequest, damage.message, at: "file")
        }
        var fields: [JSONValue] = []
        var errors: [JSONValue] = []
        for found in await shop.tags(in: file) where order.includes(page: found.page) {
            switch found.tag {
            case .success(let tag):
                fields.append(
                    TagField.json(found, tag, document: 0, number: fields.count + 1))
            case .failure(let error):
                errors.append([
                    "error_msg": .string("The text tag '\(found.text.prefix(100))' \(error)"),
                    "error_name": "bad_request",
                ])
            }
        }
        return [
            "detection_result": [
                "document_hash": .string(hash), "detection_mode": .string(order.mode),
                "page_count": JSONValue(inspection.pages.count),
                "pages_analyzed": .string(order.pages), "detected_at": .time(now / 1000),
                "form_fields_per_document": .array(
                    order.mode == "text_tags" ? fields.map(TagField.withoutMark) : []),
                "form_field_groups": [], "warnings": [],
                "errors": .array(order.mode == "text_tags" ? errors : []), "suggestions": [],
            ]
        ]
    }
}

/// A field that a text tag places.
enum TagField {
    /// Marks it among the fields that the call placed.
    static let mark = "is_text_tag"

    /// The field in the form of `form_fields_per_document`.
    static func json(
        _ found: FoundTag, _ tag: TextTag, document: Int, number: Int
    ) -> JSONValue {
        let owner: String =
            switch tag.owner {
            case .sender: "sender"
            case .signer(let number): "\(number - 1)"
            }
        return [
            "document_index": JSONValue(document),
            "api_id": .string(tag.id.isEmpty ? "tag_\(number)" : tag.id),
            "name": .string(tag.label), "type": .string(tag.type), "signer": .string(owner),
            "required": .bool(tag.isRequired), "page": JSONValue(found.page + 1),
            "x": JSONValue(Int(found.x)), "y": JSONValue(Int(found.y)),
            "width": JSONValue(max(1, Int(found.width))),
            "height": JSONValue(max(1, Int(found.height))), mark: true,
        ]
    }

    static func withoutMark(_ field: JSONValue) -> JSONValue {
        var object = field.object ?? JSONObject()
        object[mark] = nil
        return .object(object)
    }
}

extension TextTag {
    /// Checks that the tag's signer is there.
    func check(signers: Int) throws(TextTagError) {
        if case .signer(let number) = owner, number > signers {
            throw TextTagError("names signer \(number); the request has \(signers)")
        }
    }
}
