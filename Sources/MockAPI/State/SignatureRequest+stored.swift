import Callbacks
import Foundation

// The rows of requests are written for every call, and by far the largest: they are put together by
// hand, which takes a fifth of the time that a general encoder takes.
extension SignatureRequest {
    /// The row as JSON.
    func body(_ encoder: JSONEncoder) -> Data { Data(stored.encoded(.plain)) }

    /// Reads the row's JSON.
    static func read(_ id: String, _ body: Data, _ decoder: JSONDecoder) throws -> SignatureRequest
    {
        try SignatureRequest(stored: try JSONValue(parsing: Array(body)))
    }

    private var stored: JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", .string(id)), ("account", .string(accountID)), ("key", .string(apiKey)),
            ("created", .time(createdAt)), ("phase", .string(phase.rawValue)),
            ("terms", terms.stored), ("signers", .array(signers.map(\.stored))),
            ("documents", .array(documents.map(\.stored))),
        ]
        members.append("client", clientID)
        members.append("bulk", bulkSendJobID)
        members.append("forced", forcedOutcome)
        members.append("responses", responses)
        members.append("removed", isRemoved)
        members.append("canceling", isBeingCanceled)
        return .members(members)
    }

    private init(stored row: JSONValue) throws {
        guard let phase = Phase(rawValue: try row.need("phase")) else {
            throw StoredRowError(member: "phase")
        }
        self.init(
            id: try row.need("id"), accountID: try row.need("account"),
            clientID: row["client"]?.string, apiKey: try row.need("key"),
            createdAt: try row.needTime("created"), phase: phase,
            terms: try Terms(stored: row["terms"] ?? .null),
            signers: try (row["signers"]?.array ?? []).map(Signer.init(stored:)),
            documents: try (row["documents"]?.array ?? []).map(DocumentReference.init(stored:)),
            bulkSendJobID: row["bulk"]?.string)
        responses = (row["responses"]?.array ?? []).map(StoredJSON.init)
        isRemoved = row["removed"]?.bool ?? false
        isBeingCanceled = row["canceling"]?.bool ?? false
        forcedOutcome = row["forced"]?.string
    }
}

extension SignatureRequest: Codable {
    /// Reads a request inside of another row.
    init(from decoder: any Decoder) throws {
        try self.init(stored: try StoredJSON(from: decoder).value)
    }

    /// Writes the request inside of another row.
    func encode(to encoder: any Encoder) throws { try StoredJSON(stored).encode(to: encoder) }
}

extension SignatureRequest.Terms {
    fileprivate var stored: JSONValue {
        var members: [(String, JSONValue)] = [
            ("requester", .string(requesterEmailAddress)), ("title", .string(title)),
            ("original", .string(originalTitle)), ("view", .string(formView)),
        ]
        members.append("subject", subject)
        members.append("message", message)
        if metadata.value != .object(JSONObject()) { members.append(("metadata", metadata.value)) }
        if let expiresAt { members.append(("expires", .time(expiresAt))) }
        members.append("ccs", ccEmailAddresses.map { StoredJSON(.string($0)) })
        members.append("redirect", signingRedirectURL)
        if let templateIDs {
            members.append(("templates", .array(templateIDs.map { .string($0) })))
        }
        members.append("custom", customFields)
        members.append("attachments", attachments)
        members.append("fields", formFields)
        members.append("test", isTestMode)
        members.append("embedded", isEmbedded)
        members.append("tags", usesTextTags)
        members.append("hidden", hidesTextTags)
        members.append("lenient", ignoresTextTagErrors)
        members.append("decline", allowsDecline)
        members.append("reassign", allowsReassign)
        members.append("held", isHeld)
        return .members(members)
    }

    fileprivate init(stored row: JSONValue) throws {
        func list(_ name: String) -> [StoredJSON] {
            (row[name]?.array ?? []).map(StoredJSON.init)
        }
        func flag(_ name: String) -> Bool { row[name]?.bool ?? false }
        self.init(
            requesterEmailAddress: try row.need("requester"), title: try row.need("title"),
            originalTitle: try row.need("original"))
        formView = try row.need("view")
        subject = row["subject"]?.string
        message = row["message"]?.string
        metadata = StoredJSON(row["metadata"] ?? .object(JSONObject()))
        expiresAt = try row["expires"].map { _ in try row.needTime("expires") }
        ccEmailAddresses = list("ccs").compactMap(\.value.string)
        signingRedirectURL = row["redirect"]?.string
        templateIDs = row["templates"]?.array?.compactMap(\.string)
        customFields = list("custom")
        attachments = list("attachments")
        formFields = list("fields")
        isTestMode = flag("test")
        isEmbedded = flag("embedded")
        usesTextTags = flag("tags")
        hidesTextTags = flag("hidden")
        ignoresTextTagErrors = flag("lenient")
        allowsDecline = flag("decline")
        allowsReassign = flag("reassign")
        isHeld = flag("held")
    }
}

extension SignatureRequest.Signer {
    fileprivate var stored: JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", .string(signatureID)), ("email", .string(emailAddress)),
            ("status", .string(status.rawValue)),
        ]
        members.append("group", groupID)
        members.append("name", name)
        members.append("role", role)
        if let order { members.append(("order", JSONValue(order))) }
        members.append("reason", declineReason)
        if let signedAt { members.append(("signed", .time(signedAt))) }
        if let lastViewedAt { members.append(("viewed", .time(lastViewedAt))) }
        if let lastRemindedAt { members.append(("reminded", .time(lastRemindedAt))) }
        members.append("pin", pin)
        members.append("phone", phoneNumber)
        members.append("phone_type", phoneNumberType)
        members.append("reassigned_by", reassignedBy)
        members.append("reassigned_for", reassignmentReason)
        members.append("reassigned_from", reassignedFrom)
        members.append("error", error)
        return .members(members)
    }

    fileprivate init(stored row: JSONValue) throws {
        guard let status = Status(rawValue: try row.need("status")) else {
            throw StoredRowError(member: "status")
        }
        func time(_ name: String) throws -> Int64? {
            try row[name].map { _ in try row.needTime(name) }
        }
        self.init(
            signatureID: try row.need("id"), groupID: row["group"]?.string,
            emailAddress: try row.need("email"), name: row["name"]?.string,
            role: row["role"]?.string, order: row["order"]?.integer, status: status,
            declineReason: row["reason"]?.string, signedAt: try time("signed"),
            lastViewedAt: try time("viewed"), lastRemindedAt: try time("reminded"),
            pin: row["pin"]?.string, phoneNumber: row["phone"]?.string,
            phoneNumberType: row["phone_type"]?.string,
            reassignedBy: row["reassigned_by"]?.string,
            reassignmentReason: row["reassigned_for"]?.string,
            reassignedFrom: row["reassigned_from"]?.string, error: row["error"]?.string)
    }
}

extension DocumentReference {
    fileprivate var stored: JSONValue {
        .members([
            ("name", .string(name)), ("file", .string(fileID)), ("pages", JSONValue(pages)),
        ])
    }

    fileprivate init(stored row: JSONValue) throws {
        self.init(
            name: try row.need("name"), fileID: try row.need("file"),
            pages: row["pages"]?.integer ?? 1)
    }
}

/// A row of the journal that this version cannot read.
struct StoredRowError: Error, CustomStringConvertible {
    let member: String

    /// One line: what is wrong.
    var description: String { "a row of the state has no '\(member)'" }
}

extension JSONValue {
    fileprivate func need(_ name: String) throws -> String {
        guard let text = self[name]?.string else { throw StoredRowError(member: name) }
        return text
    }

    fileprivate func needTime(_ name: String) throws -> Int64 {
        guard case .number(let text)? = self[name], let time = Int64(text) else {
            throw StoredRowError(member: name)
        }
        return time
    }
}

extension [(String, JSONValue)] {
    /// What is not there takes no room.
    fileprivate mutating func append(_ name: String, _ text: String?) {
        if let text { append((name, .string(text))) }
    }

    fileprivate mutating func append(_ name: String, _ flag: Bool) {
        if flag { append((name, true)) }
    }

    fileprivate mutating func append(_ name: String, _ list: [StoredJSON]) {
        if !list.isEmpty { append((name, .array(list.map(\.value)))) }
    }
}
