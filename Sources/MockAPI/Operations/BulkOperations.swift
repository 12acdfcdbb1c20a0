import Callbacks
import SwiftCSV

/// Operations that make many signature requests at once.
extension MockState {
    /// Requests of one job at the most.
    static let maximumBulk = 250
    /// Octets and columns of a table of signers.
    private static let maximumTableBytes = 512 << 10
    private static let maximumColumns = 200

    static let bulkHandlers: [String: Handler] = [
        "signatureRequestBulkSendWithTemplate": { (state, call) throws(APIError) in
            try state.bulkCreate(call, isEmbedded: false)
        },
        "signatureRequestBulkCreateEmbeddedWithTemplate": { (state, call) throws(APIError) in
            try state.bulkCreate(call, isEmbedded: true)
        },
        "bulkSendJobGet": { (state, call) throws(APIError) in try state.bulkSendJob(call) },
        "bulkSendJobList": { (state, call) throws(APIError) in
            let jobs = state.bulkSendJobs.newest { $0.accountID == call.account.id }
            return Reply(
                "bulk_send_jobs", jobs.map { $0.json(viewer: call.account.id) },
                page: try Page(call.arguments))
        },
    ]

    private mutating func bulkCreate(_ call: Call, isEmbedded: Bool) throws(APIError) -> Reply {
        try requirePlan(call)
        let app = try namedApp(call)
        let mix = try mixedTemplates(call)
        guard mix.roles.count == 1 else {
            throw APIError(
                .badRequest, "A template for bulk sending has one role", at: "template_ids")
        }
        let rows = try bulkRows(call, role: mix.roles[0].name)
        let jobID = identifier()
        var ids: [String] = []
        for (index, row) in rows.enumerated() {
            var terms = try terms(call, isEmbedded: isEmbedded, documents: mix.documents)
            terms.fill(from: mix, call.arguments)
            terms.customFields = Self.customFields(
                call.arguments.list("custom_fields") + row.customFields,
                checkboxes: mix.checkboxes)
            let place =
                call.arguments.files["signer_file"] == nil
                ? "signer_list[\(index)].signers[0]" : "signer_file[\(index)]"
            var signer = try signer(row.signer, at: place, call)
            guard Validation.isEmailAddress(signer.emailAddress) else {
                throw APIError(
                    .badRequest, "'\(signer.emailAddress.prefix(100))' is no e-mail address",
                    at: "\(place).email_address")
            }
            signer.role = mix.roles[0].name
            var request = SignatureRequest(
                id: identifier(), accountID: call.account.id, clientID: app?.id ?? call.clientID,
                apiKey: call.apiKey, createdAt: call.now, terms: terms, signers: [signer],
                documents: mix.documents)
            request.bulkSendJobID = jobID
            process(request, call)
            ids.append(request.id)
        }
        spend(ids.count, call)
        let job = BulkSendJob(
            id: jobID, accountID: call.account.id, createdAt: call.now, requestIDs: ids)
        bulkSendJobs.put(job)
        return Reply("bulk_send_job", job.json(viewer: call.account.id))
    }

    private func bulkSendJob(_ call: Call) throws(APIError) -> Reply {
        let id = try call.arguments.required("bulk_send_job_id")
        guard let job = bulkSendJobs[id], job.accountID == call.account.id else {
            throw APIError(.notFound, "Bulk send job not found")
        }
        let made = job.requestIDs.compactMap { id in
            self.requests[id]?.json(base: settings.baseURL)
        }
        return Reply(
            "signature_requests", made, page: try Page(call.arguments),
            more: [("bulk_send_job", job.json(viewer: call.account.id))])
    }

    /// One signer with the fields filled in for them.
    private struct BulkRow {
        var signer: JSONValue
        var customFields: [JSONValue]
    }

    private func bulkRows(_ call: Call, role: String) throws(APIError) -> [BulkRow] {
        let list = call.arguments.list("signer_list")
        let file = call.arguments.files["signer_file"]?.first
        guard list.isEmpty || file == nil else {
            throw APIError(
                .badRequest, "Give 'signer_file' or 'signer_list', not both", at: "signer_list")
        }
        let rows: [BulkRow]
        if let file { rows = try Self.readRows(file) } else { rows = try listedRows(list) }
        guard !rows.isEmpty else {
            throw APIError(
                .badRequest, "'signer_file' or 'signer_list' is required", at: "signer_list")
        }
        guard rows.count <= Self.maximumBulk else {
            throw APIError(
                .badRequest, "A job has at most \(Self.maximumBulk) requests",
                at: file == nil ? "signer_list" : "signer_file")
        }
        return rows
    }

    private func listedRows(_ list: [JSONValue]) throws(APIError) -> [BulkRow] {
        var rows: [BulkRow] = []
        for (index, element) in list.enumerated() {
            let signers = element["signers"]?.array ?? []
            guard signers.count == 1 else {
                throw APIError(
                    .badRequest, "Each element has one signer, that of the template's role",
                    at: "signer_list[\(index)].signers")
            }
            rows.append(
                BulkRow(
                    signer: signers[0], customFields: element["custom_fields"]?.array ?? []))
        }
        return rows
    }

    /// The rows of a CSV file with the columns `name`, `email_address`, `pin`, `sms_phone_number`
    /// and `…_field`.
    private static func readRows(_ file: UploadedFile) throws(APIError) -> [BulkRow] {
        // Checked before the table is read: reading holds up all other calls.
        let lines = file.bytes.count { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        guard file.bytes.count <= maximumTableBytes, lines <= 2 * (maximumBulk + 2) else {
            throw wrong(
                "'signer_file' has more than \(maximumBulk) rows, or over "
                    + "\(maximumTableBytes >> 10) KB")
        }
        func wrong(_ message: String) -> APIError {
            APIError(.badRequest, message, at: "signer_file")
        }
        guard let text = String(validating: file.bytes, as: UTF8.self) else {
            throw wrong("'signer_file' is no UTF-8")
        }
        // The library takes a quoted field that does not end for one that does.
        guard text.utf8.count(where: { $0 == UInt8(ascii: "\"") }) % 2 == 0 else {
            throw wrong("'signer_file' has a quoted field without its end")
        }
        let table: CSV<Named>
        do { table = try CSV<Named>(string: text) } catch {
            throw wrong("'signer_file' cannot be read as CSV")
        }
        guard table.header.count <= maximumColumns else {
            throw wrong("'signer_file' has more than \(maximumColumns) columns")
        }
        for column in ["name", "email_address"] where !table.header.contains(column) {
            throw wrong("'signer_file' has no column '\(column)'")
        }
        return table.rows.filter { row in row.values.contains { !$0.isEmpty } }.map { row in
            let signer = ["name", "email_address", "pin", "sms_phone_number"].compactMap { name in
                row[name].flatMap { $0.isEmpty ? nil : (name, JSONValue.string($0)) }
            }
            let fields = table.header.filter { $0.hasSuffix("_field") }.map { name in
                JSONValue.members([
                    ("name", .string(String(name.dropLast("_field".count)))),
                    ("value", .string(row[name] ?? "")),
                ])
            }
            return BulkRow(signer: .members(signer), customFields: fields)
        }
    }
}
