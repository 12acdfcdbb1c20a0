import Callbacks

/// Checks values against the contract and brings them into its types.
struct Validation {
    let contract: Contract
    /// Whether texts stand for numbers, booleans and JSON: forms have nothing else.
    var isForm = false
    var files: [String: [UploadedFile]] = [:]
    /// Members that the contract does not know, by path.
    private(set) var ignored: [String] = []

    init(contract: Contract) {
        self.contract = contract
    }

    /// A value of a type.
    ///
    /// - Throws: ``APIError`` with `bad_request` and the path.
    mutating func value(
        _ value: JSONValue, _ type: FieldType, at path: String
    ) throws(APIError) -> JSONValue {
        if value.isNull || (isForm && value == "" && type.isNullable) {
            // The SDKs send null for what is not set; that is the same as leaving it out.
            return .null
        }
        let checked: JSONValue
        switch type.kind {
        case .string: checked = try text(value, type, at: path)
        case .integer: checked = try integer(value, at: path)
        case .number: checked = try number(value, at: path)
        case .boolean: checked = try boolean(value, at: path)
        case .object: checked = .object(try object(value, at: path))
        case .array(let element): checked = try array(value, of: element, type, at: path)
        case .schema(let name):
            guard let schema = contract.schemas[name] else { return value }
            if let alias = schema.alias { return try self.value(value, alias, at: path) }
            return .object(try object(.object(try object(value, at: path)), schema, at: path))
        case .file: throw wrong(path, "a file, sent as multipart/form-data")
        case .any: checked = value
        }
        return checked
    }

    /// An object of a schema.
    mutating func object(
        _ value: JSONValue, _ schema: Schema, at path: String
    ) throws(APIError) -> JSONObject {
        let given = value.object ?? JSONObject()
        let schema = try choice(given, schema, at: path)
        let fields = contract.fields(of: schema)
        var checked = JSONObject()
        for field in fields {
            let place = path.isEmpty ? field.name : "\(path).\(field.name)"
            if let value = given[field.name], !value.isNull {
                checked[field.name] = try self.value(value, field.type, at: place)
            } else if field.isRequired, files[field.name] == nil {
                throw APIError(.badRequest, "'\(place)' is required", at: place)
            }
        }
        for member in given.members where !fields.contains(where: { $0.name == member.name }) {
            ignored.append(path.isEmpty ? member.name : "\(path).\(member.name)")
        }
        return checked
    }

    /// The schema that an object says it has, by its `type`.
    private func choice(
        _ given: JSONObject, _ schema: Schema, at path: String
    ) throws(APIError) -> Schema {
        guard let choice = schema.choice else { return schema }
        let place = "\(path).\(choice.member)"
        guard let value = given[choice.member]?.string else {
            throw APIError(.badRequest, "'\(place)' is required", at: place)
        }
        guard let chosen = choice.schemas[value].flatMap({ contract.schemas[$0] }) else {
            let known = choice.schemas.keys.sorted().joined(separator: ", ")
            throw APIError(.badRequest, "'\(place)' must be one of \(known)", at: place)
        }
        return chosen
    }

    private func wrong(_ path: String, _ expected: String) -> APIError {
        APIError(.badRequest, "'\(path)' must be \(expected)", at: path)
    }

    private func text(
        _ value: JSONValue, _ type: FieldType, at path: String
    ) throws(APIError) -> JSONValue {
        let text: String
        switch value {
        case .string(let string): text = string
        // Ids and codes are sent as numbers by people who write JSON by hand.
        case .number(let number): text = number
        default: throw wrong(path, "a string")
        }
        guard type.values.isEmpty || type.values.contains(text) else {
            throw wrong(path, "one of \(type.values.joined(separator: ", "))")
        }
        if let most = type.maximumLength, text.count > most {
            throw wrong(path, "at most \(most) characters long")
        }
        if let least = type.minimumLength, text.count < least {
            throw wrong(path, "at least \(least) characters long")
        }
        if type.format == "email", !Self.isEmailAddress(text) {
            throw wrong(path, "an e-mail address")
        }
        return .string(text)
    }

    /// Whether it has one `@` with something on both sides and no space.
    static func isEmailAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty
            && !text.contains { $0.isWhitespace } && text.utf8.count <= 320
    }

    private func integer(_ value: JSONValue, at path: String) throws(APIError) -> JSONValue {
        if let number = value.integer { return JSONValue(number) }
        if let text = value.string, let number = Int(text) { return JSONValue(number) }
        throw wrong(path, "an integer")
    }

    private func number(_ value: JSONValue, at path: String) throws(APIError) -> JSONValue {
        if case .number = value { return value }
        if let text = value.string, let number = Double(text), number.isFinite {
            return .number(text)
        }
        throw wrong(path, "a number")
    }

    private func boolean(_ value: JSONValue, at path: String) throws(APIError) -> JSONValue {
        switch value {
        case .bool: return value
        case .number("1"), .string("1"): return true
        case .number("0"), .string("0"): return false
        case .string(let text) where text.lowercased() == "true": return true
        case .string(let text) where text.lowercased() == "false": return false
        default: throw wrong(path, "true or false")
        }
    }

    /// An object; in a form it may be JSON text.
    private func object(_ value: JSONValue, at path: String) throws(APIError) -> JSONObject {
        if let object = value.object { return object }
        if isForm, let text = value.string, let parsed = try? JSONValue(parsing: Array(text.utf8)),
            let object = parsed.object
        {
            return object
        }
        throw wrong(path, "an object")
    }

    private mutating func array(
        _ value: JSONValue, of element: FieldType, _ type: FieldType, at path: String
    ) throws(APIError) -> JSONValue {
        guard let elements = elements(value) else { throw wrong(path, "an array") }
        if let most = type.maximumLength, elements.count > most {
            throw wrong(path, "an array of at most \(most)")
        }
        if let least = type.minimumLength, elements.count < least {
            throw wrong(path, "an array of at least \(least)")
        }
        var checked: [JSONValue] = []
        checked.reserveCapacity(elements.count)
        for (index, given) in elements.enumerated() {
            // The SDKs send null for a file that is not given; other elements must be there.
            if given.isNull {
                guard element.kind == .file || element.isNullable else {
                    throw wrong("\(path)[\(index)]", "there: null is no element")
                }
                continue
            }
            checked.append(try self.value(given, element, at: "\(path)[\(index)]"))
        }
        return .array(checked)
    }

    /// The elements of an array; of a form's indices; of JSON text in a form.
    private func elements(_ value: JSONValue) -> [JSONValue]? {
        switch value {
        case .array(let elements): return elements
        case .object(let object) where isForm:
            let indexed = object.members.map { (Int($0.name), $0.value) }
            guard indexed.allSatisfy({ $0.0 != nil }) else { return nil }
            return indexed.sorted { ($0.0 ?? 0) < ($1.0 ?? 0) }.map(\.1)
        case .string(let text) where isForm:
            if let parsed = try? JSONValue(parsing: Array(text.utf8)), let elements = parsed.array {
                return elements
            }
            return text.isEmpty ? [] : [value]
        default: return nil
        }
    }
}
