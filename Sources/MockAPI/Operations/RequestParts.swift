import Callbacks

/// The parts of a signature request as a call gives them.
extension MockState {
    /// Seconds of a day.
    static let day: Int64 = 86_400
    /// Octets of one file.
    static let maximumFileBytes = 40 << 20
    /// Octets of one value of `metadata`, as JSON.
    private static let maximumMetadataBytes = 64 << 10
    /// Fields of `form_fields_per_document`.
    private static let maximumFields = 2000
    /// Fields up to which it is looked for such that overlap: the time grows with their square.
    private static let maximumComparedFields = 300

    /// What the request says beside its signers and documents.
    func terms(
        _ call: Call, isEmbedded: Bool, documents: [DocumentReference]
    ) throws(APIError)
        -> SignatureRequest.Terms
    {
        let arguments = call.arguments
        try Self.checkMetadata(arguments["metadata"])
        let title =
            arguments.text("title") ?? arguments.text("subject") ?? documents.first?.name
            ?? "Untitled"
        var terms = SignatureRequest.Terms(
            requesterEmailAddress: call.account.emailAddress, title: title, originalTitle: title)
        terms.isTestMode = arguments.flag("test_mode")
        terms.isEmbedded = isEmbedded
        terms.subject = arguments.text("subject")
        terms.message = arguments.text("message")
        terms.metadata = StoredJSON(arguments["metadata"] ?? .object(JSONObject()))
        terms.expiresAt = try Self.expiry(call)
        terms.ccEmailAddresses = arguments.texts("cc_email_addresses")
        terms.signingRedirectURL = arguments.text("signing_redirect_url")
        terms.usesTextTags = arguments.flag("use_text_tags")
        terms.hidesTextTags = arguments.flag("hide_text_tags")
        terms.ignoresTextTagErrors = arguments.flag("ignore_text_tags_extraction_errors")
        terms.allowsDecline = arguments.flag("allow_decline")
        terms.allowsReassign = arguments.flag("allow_reassign")
        terms.isHeld = arguments.flag("hold_request")
        terms.formView = arguments["signer_experience"]?["form_view"]?.string ?? "disabled"
        return terms
    }

    /// `expires_at`: 1 to 90 days ahead, rounded down to the hour.
    static func expiry(_ call: Call) throws(APIError) -> Int64? {
        guard let seconds = call.arguments.integer("expires_at").map(Int64.init) else { return nil }
        guard seconds >= call.now + day - 3600, seconds <= call.now + 90 * day else {
            throw APIError(.badRequest, "'expires_at' must be 1 to 90 days ahead", at: "expires_at")
        }
        return seconds - seconds % 3600
    }

    /// At most 10 keys of 40 characters, values of 1,000; 50 keys in an object within.
    static func checkMetadata(_ metadata: JSONValue?) throws(APIError) {
        guard let members = metadata?.object?.members else { return }
        guard members.count <= 10 else {
            throw APIError(.badRequest, "'metadata' may have 10 keys", at: "metadata")
        }
        for member in members {
            let place = "metadata.\(member.name.prefix(40))"
            guard member.name.count <= 40 else {
                throw APIError(.badRequest, "A key of 'metadata' is over 40 characters", at: place)
            }
            guard (member.value.string?.count ?? 0) <= 1000 else {
                throw APIError(.badRequest, "'\(place)' is over 1000 characters", at: place)
            }
            guard (member.value.object?.members.count ?? 0) <= 50 else {
                throw APIError(.badRequest, "'\(place)' has over 50 keys", at: place)
            }
            // What is nested deeper has no documented bound; ours keeps every answer short.
            guard member.value.text(.plain).utf8.count <= maximumMetadataBytes else {
                throw APIError(
                    .badRequest, "'\(place)' is over \(maximumMetadataBytes) octets", at: place)
            }
        }
    }

    /// The documents of a call, kept.
    ///
    /// `file_urls` were fetched before, and stand among the files.
    mutating func documents(_ call: Call, isRequired: Bool) throws(APIError) -> [DocumentReference]
    {
        let files = call.arguments.files["files"] ?? []
        let urls = call.arguments.texts("file_urls")
        guard files.isEmpty || urls.isEmpty else {
            throw APIError(.badRequest, "Give 'files' or 'file_urls', not both", at: "file_urls")
        }
        let all = files + call.fetchedFiles
        guard !all.isEmpty || !isRequired else {
            throw APIError(.badRequest, "'files' or 'file_urls' is required", at: "files")
        }
        for (index, file) in all.enumerated() {
            let place = "files[\(index)]"
            guard !file.bytes.isEmpty else {
                throw APIError(.badRequest, "'\(place)' is empty", at: place)
            }
            guard file.bytes.count <= Self.maximumFileBytes else {
                throw APIError(
                    .badRequest, "'\(place)' is over \(Self.maximumFileBytes >> 20) MB", at: place)
            }
        }
        var documents: [DocumentReference] = []
        for file in all { documents.append(try keep(file)) }
        return documents
    }

    /// The signers of `signers` or `grouped_signers`.
    mutating func signers(_ call: Call) throws(APIError) -> [SignatureRequest.Signer] {
        let single = call.arguments.list("signers")
        let groups = call.arguments.list("grouped_signers")
        guard single.isEmpty || groups.isEmpty else {
            throw APIError(
                .badRequest, "Give 'signers' or 'grouped_signers', not both", at: "grouped_signers")
        }
        var signers: [SignatureRequest.Signer] = []
        for (index, signer) in single.enumerated() {
            signers.append(try self.signer(signer, at: "signers[\(index)]", call))
        }
        for (index, group) in groups.enumerated() {
            let id = identifier(40)
            for (inner, signer) in (group["signers"]?.array ?? []).enumerated() {
                let place = "grouped_signers[\(index)].signers[\(inner)]"
                var signer = try self.signer(signer, at: place, call)
                signer.groupID = id
                signer.role = group["group"]?.string
                signer.order = group["order"]?.integer ?? signer.order
                signers.append(signer)
            }
        }
        guard !signers.isEmpty else {
            throw APIError(.badRequest, "'signers' is required", at: "signers")
        }
        return signers
    }

    /// One signer, with or without a role.
    mutating func signer(
        _ json: JSONValue, at place: String, _ call: Call
    ) throws(APIError) -> SignatureRequest.Signer {
        var signer = SignatureRequest.Signer(
            signatureID: identifier(32), emailAddress: json["email_address"]?.string ?? "",
            name: json["name"]?.string, role: json["role"]?.string,
            order: json["order"]?.integer)
        if let pin = json["pin"]?.string, !pin.isEmpty {
            guard (4...12).contains(pin.count) else {
                throw APIError(.badRequest, "A pin has 4 to 12 characters", at: "\(place).pin")
            }
            signer.pin = pin
        }
        if let number = json["sms_phone_number"]?.string, !number.isEmpty {
            guard number.hasPrefix("+"), number.dropFirst().isDigits,
                (7...15).contains(number.count - 1)
            else {
                throw APIError(
                    .badRequest, "A phone number is in E.164, such as +14155550100",
                    at: "\(place).sms_phone_number")
            }
            guard !call.arguments.flag("test_mode") else {
                throw APIError(
                    .badRequest, "SMS tools are not available in test mode",
                    at: "\(place).sms_phone_number")
            }
            signer.phoneNumber = number
            signer.phoneNumberType = json["sms_phone_number_type"]?.string ?? "authentication"
        }
        return signer
    }

    /// The fields of `form_fields_per_document`, each for a document and a signer that are there.
    ///
    /// `signers`: `nil` when the roles are named by index of a template.
    func formFields(
        _ call: Call, documents: Int, signers: Int
    ) throws(APIError) -> [StoredJSON] {
        var seen: Set<String> = []
        guard call.arguments.list("form_fields_per_document").count <= Self.maximumFields else {
            throw APIError(
                .badRequest, "At most \(Self.maximumFields) fields are taken",
                at: "form_fields_per_document")
        }
        for (index, field) in call.arguments.list("form_fields_per_document").enumerated() {
            let place = "form_fields_per_document[\(index)]"
            guard let document = field["document_index"]?.integer,
                (0..<max(1, documents)).contains(document)
            else {
                throw APIError(
                    .badRequest, "There is no such document", at: "\(place).document_index")
            }
            let signer = field["signer"]?.string ?? ""
            let isMerge = field["type"]?.string?.hasSuffix("-merge") ?? false
            let isKnown =
                isMerge || signer == "sender" || signer == "me_now"
                || Int(signer).map { (0..<signers).contains($0) } ?? false
            guard isKnown else {
                throw APIError(.badRequest, "There is no signer '\(signer)'", at: "\(place).signer")
            }
            let id = field["api_id"]?.string ?? ""
            guard seen.insert(id).inserted else {
                throw APIError(
                    .badRequest, "'\(id.prefix(100))' is given twice", at: "\(place).api_id")
            }
        }
        return call.arguments.list("form_fields_per_document").map { StoredJSON($0) }
    }

    /// The attachments that signers are asked for.
    mutating func attachments(_ call: Call, signers: Int) throws(APIError) -> [StoredJSON] {
        var attachments: [StoredJSON] = []
        for (index, attachment) in call.arguments.list("attachments").enumerated() {
            let signer = attachment["signer_index"]?.integer ?? 0
            guard (0..<max(1, signers)).contains(signer) else {
                throw APIError(
                    .badRequest, "There is no signer \(signer)",
                    at: "attachments[\(index)].signer_index")
            }
            attachments.append(
                StoredJSON(
                    .members([
                        ("id", .string(identifier(32))), ("signer", .string("\(signer)")),
                        ("name", attachment["name"] ?? ""),
                        ("required", attachment["required"] ?? false),
                        ("instructions", attachment["instructions"] ?? .null),
                        ("uploaded_at", .null),
                    ])))
        }
        return attachments
    }

    /// What the caller should know about the documents and fields that were given.
    func warnings(_ call: Call, _ documents: [DocumentReference]) -> [Warning] {
        var warnings: [Warning] = []
        if call.arguments.flag("use_text_tags"),
            documents.contains(where: { !$0.name.lowercased().hasSuffix(".pdf") })
        {
            warnings.append(
                Warning(
                    name: "non_pdf_text_tags",
                    message: "Text tags are only reliable in PDF documents"))
        }
        let boxes = call.arguments.list("form_fields_per_document").map(FieldBox.init)
        let compared = boxes.prefix(Self.maximumComparedFields)
        let overlap = compared.indices.contains { index in
            boxes[..<index].contains { $0.overlaps(boxes[index]) }
        }
        if overlap {
            warnings.append(
                Warning(name: "form_fields_overlap", message: "Some form fields overlap"))
        }
        if boxes.contains(where: \.isOffPage) {
            warnings.append(
                Warning(
                    name: "form_fields_placement",
                    message: "Some form fields are outside of their page"))
        }
        return warnings
    }
}

/// Where a field of a request stands: points from the top left corner of a page.
private struct FieldBox {
    let document: Int
    let page: Int
    let x: Int
    let y: Int
    let width: Int
    let height: Int

    init(_ field: JSONValue) {
        // Larger numbers are no places on a page; the bound keeps the sums in range.
        func number(_ name: String) -> Int {
            min(max(field[name]?.integer ?? 0, -100_000), 100_000)
        }
        document = number("document_index")
        page = number("page")
        x = number("x")
        y = number("y")
        width = number("width")
        height = number("height")
    }

    var isOffPage: Bool { x < 0 || y < 0 || width < 1 || height < 1 || x > 10_000 }

    func overlaps(_ other: FieldBox) -> Bool {
        document == other.document && page == other.page && x < other.x + other.width
            && other.x < x + width && y < other.y + other.height && other.y < y + height
    }
}
