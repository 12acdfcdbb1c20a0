package import Callbacks
import Foundation

/// What signers do to a request, whoever asks for it: the signing page, the control
/// API or a test.
package enum SignerAction: Hashable, Sendable {
    case view
    /// Signs; the values of fields by their `api_id` or name.
    case sign(values: JSONObject)
    case decline(reason: String?)
    case reassign(name: String?, emailAddress: String, reason: String?)
    case bounce
}

extension MockState {
    /// The request that has a signature, and where the signer stands in it.
    func signer(
        _ signatureID: String
    ) throws(APIError) -> (request: SignatureRequest, index: Int) {
        guard let id = requestsOfSignatures[signatureID], let request = requests[id],
            let index = request.signerIndex(signatureID)
        else { throw APIError(.notFound, "Signature not found") }
        return (request, index)
    }

    /// Does what a signer does.
    ///
    /// `now`: Unix seconds.
    /// - Throws: ``APIError`` when the request is not there, or the move is not allowed now.
    @discardableResult
    mutating func act(
        _ action: SignerAction, _ signatureID: String, now: Int64
    ) throws(APIError) -> SignatureRequest {
        let (request, index) = try signer(signatureID)
        switch action {
        case .view: return try move(request, .view(index), now: now)
        case .sign(let values):
            try request.check(values, of: index)
            let responses = request.responses(of: index, values, now: now)
            return try move(request, .sign(index, responses), now: now)
        case .decline(let reason): return try move(request, .decline(index, reason), now: now)
        case .reassign(let name, let emailAddress, let reason):
            guard Validation.isEmailAddress(emailAddress) else {
                throw APIError(
                    .badRequest, "'email_address' must be an e-mail address", at: "email_address")
            }
            let id = identifier(32)
            let moved = try move(
                request,
                .reassign(index, name: name, emailAddress: emailAddress, reason: reason, newID: id),
                now: now)
            requestsOfSignatures[signatureID] = nil
            return moved
        case .bounce: return try move(request, .bounce(index), now: now)
        }
    }

    /// Ends a request as the service would: its time is over.
    mutating func expire(_ id: String, now: Int64) throws(APIError) -> SignatureRequest {
        guard let request = requests[id] else {
            throw APIError(.notFound, "Signature request not found")
        }
        withdraw(.expireRequest(id))
        return try move(request, .expire, now: now)
    }

    /// Ends a request as the service would: it could not be processed.
    ///
    /// - Parameters:
    ///   - id: The request.
    ///   - type: The event, such as `file_error`.
    ///   - message: Its message.
    ///   - now: Unix seconds.
    /// - Returns: The request.
    /// - Throws: ``APIError`` when it is not there, or is over already.
    mutating func fail(
        _ id: String, _ type: EventType, _ message: String, now: Int64
    ) throws(APIError) -> SignatureRequest {
        guard let request = requests[id] else {
            throw APIError(.notFound, "Signature request not found")
        }
        withdraw(.processRequest(id))
        return try move(request, .refused(type, message), now: now)
    }

    /// Saves an embedded template's draft, as the editor does.
    mutating func saveTemplate(_ id: String, nowMilliseconds: Int64) throws(APIError) -> Template {
        guard let template = templates[id] else {
            throw APIError(.notFound, "Template not found")
        }
        try apply(.save, to: template, now: nowMilliseconds / 1000)
        schedule(.processTemplate(id), at: nowMilliseconds + settings.processingMilliseconds)
        return templates[id] ?? template
    }
}

extension SignatureRequest {
    /// What is wrong with a field that stands on no page of its document; `nil` when all do.
    var misplacedField: String? {
        for field in terms.formFields.map(\.value) {
            let (index, page) = (field["document_index"]?.integer ?? 0, field["page"]?.integer ?? 1)
            guard documents.indices.contains(index) else { continue }
            let pages = documents[index].pages
            if page < 1 || page > pages {
                return "The field '\(field["api_id"]?.string ?? "")' is on page \(page); "
                    + "\(documents[index].name) has \(pages)"
            }
        }
        return nil
    }

    /// The fields that a signer fills in, as the request or its documents place them.
    func fields(of index: Int) -> [JSONValue] {
        terms.formFields.map(\.value).filter { field in
            field["signer"]?.string == "\(index)" || field["signer"]?.integer == index
        }
    }

    /// Checks that what a signer fills in are fields of theirs, with values that they could enter.
    func check(_ values: JSONObject, of index: Int) throws(APIError) {
        let fields = fields(of: index)
        for member in values.members {
            let place = "values.\(member.name.prefix(100))"
            let field = fields.first {
                $0["api_id"]?.string == member.name || $0["name"]?.string == member.name
            }
            guard let field else {
                throw APIError(.badRequest, "The signer has no field '\(place)'", at: place)
            }
            if let message = Self.fault(of: member.value, in: field) {
                throw APIError(.badRequest, "'\(place)' \(message)", at: place)
            }
        }
    }

    /// What is wrong with a value; `nil` when the field takes it.
    private static func fault(of value: JSONValue, in field: JSONValue) -> String? {
        let type = field["type"]?.string ?? "text"
        let isBox = type == "checkbox" || type == "radio"
        guard let text = value.string else {
            if isBox, value.bool != nil { return nil }
            return isBox ? "must be true or false" : "must be a text"
        }
        if type == "dropdown", let options = field["options"]?.array?.compactMap(\.string),
            !options.contains(text), !text.isEmpty
        {
            return "must be one of \(options.joined(separator: ", "))"
        }
        guard type == "text", !text.isEmpty else { return nil }
        switch field["validation_type"]?.string {
        case "numbers_only" where !text.isDigits: return "must be numbers only"
        case "letters_only" where !text.allSatisfy(\.isLetter): return "must be letters only"
        case "email_address" where !Validation.isEmailAddress(text):
            return "must be an e-mail address"
        default: return nil
        }
    }

    /// What a signer fills in: the given values, and something that fits where one is required.
    func responses(of index: Int, _ values: JSONObject, now: Int64) -> [StoredJSON] {
        let signer = signers[index]
        return fields(of: index).compactMap { field in
            let type = field["type"]?.string ?? "text"
            guard type != "hyperlink" else { return nil }
            let id = field["api_id"]?.string ?? ""
            let name = field["name"]?.string ?? ""
            let isRequired = field["required"]?.bool ?? false
            let given = values[id] ?? values[name]
            var members: [(String, JSONValue)] = [
                ("api_id", .string(id)), ("name", .string(name)),
                ("signature_id", .string(signer.signatureID)), ("required", .bool(isRequired)),
                ("type", .string(type)),
                ("value", value(of: field, type, given, isRequired: isRequired, signer, now)),
            ]
            if type == "signature" || type == "initials" { members.append(("is_signed", true)) }
            return StoredJSON(.members(members))
        }
    }

    private func value(
        of field: JSONValue, _ type: String, _ given: JSONValue?, isRequired: Bool,
        _ signer: Signer, _ now: Int64
    ) -> JSONValue {
        switch type {
        case "checkbox", "radio":
            let word = given?.string.map { ["true", "1", "on"].contains($0) }
            return .bool(given?.bool ?? word ?? field["is_checked"]?.bool ?? isRequired)
        case "date_signed": return .string(Self.date(now))
        case "signature": return .string(given?.string ?? signer.name ?? signer.emailAddress)
        case "initials":
            let words = (signer.name ?? signer.emailAddress).split(separator: " ")
            return .string(given?.string ?? words.compactMap(\.first).map(String.init).joined())
        case "dropdown":
            let first = field["options"]?[0]?.string ?? ""
            return .string(given?.string ?? field["content"]?.string ?? (isRequired ? first : ""))
        default:
            let preset = field["content"]?.string ?? field["placeholder"]?.string
            return .string(given?.string ?? preset ?? (isRequired ? "Text" : ""))
        }
    }

    /// A day as the service writes it: MM/DD/YYYY, in UTC.
    static func date(_ seconds: Int64) -> String {
        let parts = moment(seconds).prefix(10).split(separator: "-")
        return "\(parts[1])/\(parts[2])/\(parts[0])"
    }

    /// A time of the day, in UTC.
    static func clock(_ seconds: Int64) -> String {
        String(moment(seconds).dropFirst(11).prefix(8))
    }

    /// Such as `2025-10-09T08:53:20Z`.
    private static func moment(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
    }
}
