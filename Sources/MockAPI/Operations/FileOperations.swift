import Callbacks

/// Operations that give documents.
extension MockState {
    /// Seconds that a `file_url` is good for: three days.
    static let fileURLLifetime = 3 * day

    static let fileHandlers: [String: Handler] = [
        "signatureRequestFiles": { (state, call) throws(APIError) in
            let isZIP = call.arguments.text("file_type") == "zip"
            return Reply(body: .document(try state.requestDocument(call, isZIP ? .zip : .pdf)))
        },
        "signatureRequestFilesAsDataUri": { (state, call) throws(APIError) in
            Reply(body: .document(try state.requestDocument(call, .dataURI)))
        },
        "signatureRequestFilesAsFileUrl": { (state, call) throws(APIError) in
            _ = try state.requestDocument(call, .pdf)
            return state.fileURL("signature_request", "signature_request_id", call)
        },
        "templateFiles": { (state, call) throws(APIError) in
            let isZIP = call.arguments.text("file_type") == "zip"
            return Reply(body: .document(try state.templateDocument(call, isZIP ? .zip : .pdf)))
        },
        "templateFilesAsDataUri": { (state, call) throws(APIError) in
            Reply(body: .document(try state.templateDocument(call, .dataURI)))
        },
        "templateFilesAsFileUrl": { (state, call) throws(APIError) in
            _ = try state.templateDocument(call, .pdf)
            return state.fileURL("template", "template_id", call)
        },
        "faxFiles": { (state, call) throws(APIError) in
            let fax = try state.ownFax(call)
            return Reply(body: .document(DocumentOrder(form: .pdf, documents: fax.documents)))
        },
    ]

    private func requestDocument(
        _ call: Call, _ form: DocumentOrder.Form
    ) throws(APIError) -> DocumentOrder {
        let request = try visibleRequest(call)
        switch request.phase {
        case .processing: throw APIError(.conflict, "Files are still being prepared")
        case .failed: throw APIError(.conflict, "The files of this request could not be processed")
        case .canceled: throw APIError(.deleted, "This signature request was canceled")
        case .held, .awaiting, .complete, .declined, .expired:
            return DocumentOrder(form: form, documents: request.documents, request: request)
        }
    }

    private func templateDocument(
        _ call: Call, _ form: DocumentOrder.Form
    ) throws(APIError) -> DocumentOrder {
        let template = try ownTemplate(call)
        switch template.phase {
        case .processing, .draft: throw APIError(.conflict, "Files are still being prepared")
        case .failed:
            throw APIError(.unprocessable, "The files of this template could not be processed")
        case .ready, .deleted: return DocumentOrder(form: form, documents: template.documents)
        }
    }

    /// A link that anybody may follow for three days.
    private mutating func fileURL(_ kind: String, _ parameter: String, _ call: Call) -> Reply {
        let link = PageLink(
            id: identifier(64), purpose: kind == "template" ? .templateFile : .requestFile,
            target: call.arguments.text(parameter) ?? "", expiresAt: call.now + Self.fileURLLifetime
        )
        links.put(link)
        let download = call.arguments.integer("force_download") ?? 1
        return Reply(
            body: .json(
                .members([
                    (
                        "file_url",
                        .string(
                            "\(settings.baseURL)/files/\(link.id)?force_download=\(download)")
                    ), ("expires_at", .time(link.expiresAt)),
                ])))
    }

    /// What the link of a `file_url` leads to.
    func linkedDocument(_ token: String, now: Int64) throws(APIError) -> DocumentOrder {
        guard let link = links[token], link.expiresAt > now else {
            throw APIError(.notFound, "This link is not known, or has expired")
        }
        if link.purpose == .requestFile, let request = requests[link.target] {
            return DocumentOrder(form: .pdf, documents: request.documents, request: request)
        }
        if link.purpose == .templateFile, let template = templates[link.target] {
            return DocumentOrder(form: .pdf, documents: template.documents)
        }
        throw APIError(.notFound, "This link leads to no file")
    }
}
