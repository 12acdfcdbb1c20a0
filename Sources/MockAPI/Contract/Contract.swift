package import Callbacks

/// What the API's operations take and give, as facts: the one source of routing, validation, error
/// paths and the served OpenAPI document.
///
/// - SeeAlso: Dropbox Sign OpenAPI; `operations.txt` and `schemas.txt` beside this file.
package struct Contract: Sendable {
    package let operations: [APIOperation]
    /// By name.
    package let schemas: [String: Schema]
    /// All members of each schema, by its name.
    private let fields: [String: [Field]]

    /// The contract that this program was built with.
    package static let current: Contract = {
        let operations = String(decoding: PackageResources.operations_txt, as: UTF8.self)
        let schemas = String(decoding: PackageResources.schemas_txt, as: UTF8.self)
        do {
            return try Contract(operations: operations, schemas: schemas)
        } catch {
            preconditionFailure("the contract that was built in cannot be read: \(error)")
        }
    }()

    init(operations: [APIOperation], schemas: [String: Schema]) {
        self.operations = operations
        self.schemas = schemas
        fields = schemas.mapValues { Self.fields(of: $0, schemas) }
    }

    /// All members of a schema, those of its bases first.
    package func fields(of schema: Schema) -> [Field] { fields[schema.name] ?? [] }

    private static func fields(of schema: Schema, _ schemas: [String: Schema]) -> [Field] {
        var fields: [Field] = []
        for base in schema.bases {
            if let base = schemas[base] { fields += self.fields(of: base, schemas) }
        }
        for field in schema.fields {
            if let index = fields.firstIndex(where: { $0.name == field.name }) {
                fields[index] = field
            } else {
                fields.append(field)
            }
        }
        return fields
    }
}

/// One operation of the API.
package struct APIOperation: Hashable, Sendable {
    /// What answers, when all is well.
    package enum Answer: Hashable, Sendable {
        case schema(String)
        case media([String])
        case nothing
    }

    /// The schema and the encodings of a body.
    package struct Body: Hashable, Sendable {
        package let schema: String
        /// `json` and `multipart`, as documented; the mock takes all forms everywhere.
        package let encodings: [String]
    }

    /// Where a parameter stands.
    package enum Place: String, Hashable, Sendable {
        case path, query
    }

    package struct Parameter: Hashable, Sendable {
        package let place: Place
        package let field: Field
    }

    /// Such as `signatureRequestSend`.
    package let id: String
    package let method: String
    /// Below `/v3`, such as `/signature_request/{signature_request_id}`.
    package let path: String
    /// Whether it needs credentials.
    package let needsCredentials: Bool
    /// OAuth scopes, one of which is enough; `nil` when only an API key does.
    package let scopes: [String]?
    package let body: Body?
    package let status: Int
    package let answer: Answer
    /// The statuses of the errors that are documented for it.
    package let refusals: [Int]
    package var parameters: [Parameter]
}

/// An object's members, or a name for a type.
package struct Schema: Hashable, Sendable {
    /// Which schema an object has, by a member's value.
    package struct Choice: Hashable, Sendable {
        package let member: String
        package let schemas: [String: String]
    }

    package let name: String
    package let bases: [String]
    package let choice: Choice?
    package var fields: [Field]
    /// The type that the name stands for; `nil` for an object.
    package let alias: FieldType?
}

/// A member of an object, or a parameter.
package struct Field: Hashable, Sendable {
    package let name: String
    package let isRequired: Bool
    package let type: FieldType
}

/// What a value may be.
package struct FieldType: Hashable, Sendable {
    package indirect enum Kind: Hashable, Sendable {
        case string, integer, number, boolean, object, file, any
        case array(FieldType)
        case schema(String)
    }

    package var kind: Kind
    /// Such as `email`.
    package var format: String?
    /// The values that it may have; empty for no limit.
    package var values: [String] = []
    /// Characters of a string or elements of an array.
    package var minimumLength: Int?
    package var maximumLength: Int?
    package var isNullable = false
    package var defaultValue: JSONValue?
}
