import Callbacks
import Documents
import Foundation

/// What a copy of a request's documents shows: the documents, what was filled in, and the audit trail.
struct Copy {
    /// Across each page of a request in test mode.
    private static let watermark = "TEST MODE · NOT LEGALLY BINDING"

    private let files: [DocumentFile]
    private let request: SignatureRequest?

    init(_ order: DocumentOrder, _ files: [DocumentFile]) {
        self.files = files
        request = order.request
    }

    /// All of it as one document.
    var assembly: Assembly {
        Assembly(
            documents: files, marks: marks, watermark: watermark, textPages: textPages)
    }

    /// One document by itself.
    func assembly(ofDocument index: Int) -> Assembly {
        let own = marks.filter { $0.document == index }.map { mark in
            var mark = mark
            mark.document = 0
            return mark
        }
        return Assembly(documents: [files[index]], marks: own, watermark: watermark)
    }

    /// The pages behind the documents by themselves; `nil` when there are none.
    var pagesAlone: Assembly? {
        textPages.isEmpty
            ? nil : Assembly(documents: [], watermark: watermark, textPages: textPages)
    }

    private var watermark: String? { request?.terms.isTestMode == true ? Self.watermark : nil }

    private var marks: [Assembly.Mark] {
        guard let request else { return [] }
        return request.terms.formFields.flatMap { marks(of: $0.value, in: request) }
    }

    private func marks(of field: JSONValue, in request: SignatureRequest) -> [Assembly.Mark] {
        var marks: [Assembly.Mark] = []
        if field[TagField.mark]?.bool == true, request.terms.hidesTextTags {
            marks.append(mark(field, .blank))
        }
        let id = field["api_id"]?.string ?? ""
        let type = field["type"]?.string ?? "text"
        if type.hasSuffix("-merge") || field["signer"]?.string == "sender" {
            let name = field["name"]?.string ?? ""
            let custom = request.terms.customFields.map(\.value).first {
                $0["name"]?.string == name || $0["name"]?.string == id
            }
            guard let value = custom?["value"] else { return marks }
            marks.append(mark(field, value.bool.map { .check($0) } ?? .text(value.string ?? "")))
            return marks
        }
        let response = request.responses.map(\.value).first { $0["api_id"]?.string == id }
        guard let value = response?["value"] else { return marks }
        switch type {
        case "signature", "initials": marks.append(mark(field, .signature(value.string ?? "")))
        case "checkbox", "radio": marks.append(mark(field, .check(value.bool ?? false)))
        default: marks.append(mark(field, .text(value.string ?? "")))
        }
        return marks
    }

    private func mark(_ field: JSONValue, _ kind: Assembly.Mark.Kind) -> Assembly.Mark {
        func number(_ name: String, _ fallback: Int) -> Double {
            Double(min(max(field[name]?.integer ?? fallback, -100_000), 100_000))
        }
        return Assembly.Mark(
            document: Int(number("document_index", 0)), page: Int(number("page", 1)) - 1,
            x: number("x", 0), y: number("y", 0), width: max(1, number("width", 100)),
            height: max(1, number("height", 16)), kind: kind)
    }

    private var textPages: [Assembly.TextPage] {
        guard let request else { return [] }
        var pages: [Assembly.TextPage] = []
        // Without a place to sign in the documents, a page for signatures is put behind them.
        if !request.hasSignatureField {
            pages.append(signaturePage(request))
        }
        pages.append(auditTrail(request))
        return pages
    }

    private func signaturePage(_ request: SignatureRequest) -> Assembly.TextPage {
        let lines = request.signers.flatMap { signer -> [Assembly.TextPage.Line] in
            let name = signer.name ?? signer.emailAddress
            return [
                signer.signedAt == nil
                    ? .entry(name, "not signed yet") : .signature(name, name), .space,
            ]
        }
        return Assembly.TextPage(title: "Signatures", lines: lines)
    }

    private func auditTrail(_ request: SignatureRequest) -> Assembly.TextPage {
        var lines: [Assembly.TextPage.Line] = [
            .entry("Title", request.terms.title),
            .entry("Files", request.documents.map(\.name).joined(separator: ", ")),
            .entry("Document ID", request.id), .entry("Audit trail date format", "MM/DD/YYYY"),
            .entry("Status", request.auditStatus), .space, .heading("Document history"),
        ]
        lines.append(entry("SENT", request.createdAt, request.terms.requesterEmailAddress))
        for signer in request.signers {
            let name = "\(signer.name ?? "") \(signer.emailAddress)"
            if let time = signer.lastViewedAt { lines.append(entry("VIEWED", time, name)) }
            if let time = signer.signedAt { lines.append(entry("SIGNED", time, name)) }
            if signer.status == .declined {
                lines.append(.entry("DECLINED", "\(name): \(signer.declineReason ?? "")"))
            }
        }
        if request.isComplete, let time = request.signers.compactMap(\.signedAt).max() {
            lines.append(entry("COMPLETED", time, "The document has been completed."))
        }
        return Assembly.TextPage(title: "Audit trail", lines: lines)
    }

    private func entry(_ label: String, _ time: Int64, _ words: String) -> Assembly.TextPage.Line {
        .entry(
            label, "\(SignatureRequest.date(time)) \(SignatureRequest.clock(time)) UTC  \(words)")
    }
}

extension SignatureRequest {
    /// Whether a field for a signature stands in its documents; otherwise a page for them is appended.
    var hasSignatureField: Bool {
        terms.formFields.contains { $0.value["type"]?.string == "signature" }
    }

    /// Where it stands, in the words of an audit trail.
    fileprivate var auditStatus: String {
        switch phase {
        case .complete: "Completed"
        case .declined: "Declined"
        case .canceled: "Canceled"
        case .expired: "Expired"
        case .failed: "Error"
        case .processing, .held: "Draft"
        case .awaiting: "Out for signature"
        }
    }
}
