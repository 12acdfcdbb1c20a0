import Callbacks

/// The contract as an OpenAPI 3.0 document, for generators and for test tools.
struct OpenAPIDocument {
    private let contract: Contract

    init(_ contract: Contract) { self.contract = contract }

    /// `base`: Such as `http://127.0.0.1:7446`.
    func json(base: String) -> JSONValue {
        var paths = JSONObject()
        for operation in contract.operations {
            var path = paths[operation.path]?.object ?? JSONObject()
            // Two operations share the path of the tokens; one entry describes both.
            if path[operation.method.lowercased()] == nil {
                path[operation.method.lowercased()] = self.operation(operation)
            }
            paths[operation.path] = .object(path)
        }
        let schemas = contract.schemas.values.sorted { $0.name < $1.name }.map {
            ($0.name, schema($0))
        }
        return [
            "openapi": "3.0.3",
            "info": ["title": "Mock of the Dropbox Sign API", "version": "3.0.0"],
            "servers": [["url": .string(base + "/v3")]], "paths": .object(paths),
            "components": [
                "schemas": .object(JSONObject(schemas)),
                "securitySchemes": [
                    "api_key": ["type": "http", "scheme": "basic"],
                    "oauth2": ["type": "http", "scheme": "bearer"],
                ],
            ],
        ]
    }

    private func operation(_ operation: APIOperation) -> JSONValue {
        var members: [(String, JSONValue)] = [("operationId", .string(operation.id))]
        if !operation.parameters.isEmpty {
            members.append(("parameters", .array(operation.parameters.map(parameter))))
        }
        if let body = operation.body {
            let content = ["application/json", "multipart/form-data"].map { type in
                (type, JSONValue.members([("schema", reference(body.schema))]))
            }
            members.append(("requestBody", .members([("content", .members(content))])))
        }
        var responses: [(String, JSONValue)] = [(String(operation.status), answer(operation))]
        for status in operation.refusals {
            responses.append((String(status), Self.content("application/json", error)))
        }
        members.append(("responses", .members(responses)))
        var security: [JSONValue] = [["api_key": []]]
        if let scopes = operation.scopes {
            security.append(["oauth2": .array(scopes.map { .string($0) })])
        }
        members.append(("security", .array(operation.needsCredentials ? security : [])))
        return .members(members)
    }

    private var error: JSONValue { reference("ErrorResponse") }

    private func answer(_ operation: APIOperation) -> JSONValue {
        switch operation.answer {
        case .nothing: ["description": "done"]
        case .schema(let name): Self.content("application/json", reference(name))
        case .media(let types):
            .members([
                ("description", "a document"),
                (
                    "content",
                    .members(
                        types.map {
                            ($0, ["schema": ["type": "string", "format": "binary"]])
                        })
                ),
            ])
        }
    }

    private static func content(_ type: String, _ schema: JSONValue) -> JSONValue {
        .members([
            ("description", "an answer"),
            ("content", .members([(type, .members([("schema", schema)]))])),
        ])
    }

    private func parameter(_ parameter: APIOperation.Parameter) -> JSONValue {
        [
            "name": .string(parameter.field.name), "in": .string(parameter.place.rawValue),
            "required": .bool(parameter.field.isRequired || parameter.place == .path),
            "schema": type(parameter.field.type),
        ]
    }

    private func schema(_ schema: Schema) -> JSONValue {
        if let alias = schema.alias { return type(alias) }
        let required = schema.fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        var own: [(String, JSONValue)] = [
            ("type", "object"),
            ("properties", .members(schema.fields.map { ($0.name, type($0.type)) })),
        ]
        if !required.isEmpty { own.append(("required", .array(required))) }
        if let choice = schema.choice {
            let mapping = choice.schemas.sorted { $0.key < $1.key }.map {
                ($0.key, JSONValue.string("#/components/schemas/\($0.value)"))
            }
            own.append(
                (
                    "discriminator",
                    .members([
                        ("propertyName", .string(choice.member)), ("mapping", .members(mapping)),
                    ])
                ))
        }
        guard !schema.bases.isEmpty else { return .members(own) }
        return .members([("allOf", .array(schema.bases.map(reference) + [.members(own)]))])
    }

    private func reference(_ name: String) -> JSONValue {
        .members([("$ref", .string("#/components/schemas/\(name)"))])
    }

    private func type(_ type: FieldType) -> JSONValue {
        var members: [(String, JSONValue)]
        switch type.kind {
        case .string: members = [("type", "string")]
        case .integer: members = [("type", "integer")]
        case .number: members = [("type", "number")]
        case .boolean: members = [("type", "boolean")]
        case .object: members = [("type", "object"), ("additionalProperties", true)]
        case .file: members = [("type", "string"), ("format", "binary")]
        case .any: members = []
        case .array(let element): members = [("type", "array"), ("items", self.type(element))]
        case .schema(let name):
            // A reference has no members beside it, so what is nullable needs a wrapper.
            guard type.isNullable else { return reference(name) }
            members = [("allOf", .array([reference(name)]))]
        }
        if let format = type.format { members.append(("format", .string(format))) }
        if !type.values.isEmpty {
            members.append(("enum", .array(type.values.map { .string($0) })))
        }
        let bound =
            switch type.kind {
            case .array: "Items"
            case .object, .schema: "Properties"
            default: "Length"
            }
        if let most = type.maximumLength { members.append(("max" + bound, JSONValue(most))) }
        if let least = type.minimumLength { members.append(("min" + bound, JSONValue(least))) }
        if type.isNullable { members.append(("nullable", true)) }
        if let value = type.defaultValue { members.append(("default", value)) }
        return .members(members)
    }
}
