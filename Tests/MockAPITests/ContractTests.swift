import Callbacks
import Foundation
import Testing
import Yams

@testable import MockAPI

/// The contract beside the official OpenAPI file, where that is there.
@Suite struct ContractTests {
    private static let official = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "shared/reference/openapi.yaml")

    /// What the official Python SDK 2.0.0 has and the official file has not.
    private static let additions: Set = [
        "documentDetectFields", "DocumentFieldDetectionRequest", "DocumentFieldDetectionResponse",
        "DocumentFieldDetectionResponseDetectionResult",
        "SignatureRequestSendRequest.ignore_text_tags_extraction_errors",
        "SignatureRequestCreateEmbeddedRequest.ignore_text_tags_extraction_errors",
        "SignatureRequestEditRequest.ignore_text_tags_extraction_errors",
        "SignatureRequestEditEmbeddedRequest.ignore_text_tags_extraction_errors",
        "TemplateCreateRequest.ignore_text_tags_extraction_errors",
        "TemplateCreateEmbeddedDraftRequest.ignore_text_tags_extraction_errors",
        "UnclaimedDraftCreateRequest.ignore_text_tags_extraction_errors",
        "UnclaimedDraftCreateEmbeddedRequest.ignore_text_tags_extraction_errors",
        "SignatureRequestSendWithTemplateRequest.expires_at",
        "SignatureRequestCreateEmbeddedWithTemplateRequest.expires_at",
        "SignatureRequestEditWithTemplateRequest.expires_at",
        "SignatureRequestEditEmbeddedWithTemplateRequest.expires_at",
        "SignatureRequestBulkSendWithTemplateRequest.expires_at",
        "SignatureRequestBulkCreateEmbeddedWithTemplateRequest.expires_at",
        "SignatureRequestSendRequest.is_qualified_signature",
        "SignatureRequestSendWithTemplateRequest.is_qualified_signature", "FaxResponse.test_mode",
        "SubSigningOptions.force_advanced_signature_details",
    ]

    private func document() throws -> Node? {
        guard let text = try? String(contentsOf: Self.official, encoding: .utf8) else {
            print("skipped: \(Self.official.path()) is not there")
            return nil
        }
        return try Yams.compose(yaml: text)
    }

    @Test func `has a handler for each operation, and no other`() {
        let operations = Contract.current.operations.map(\.id)
        #expect(operations.count == 74)
        #expect(Set(operations) == Set(MockState.handlers.keys))
    }

    @Test func `operations differ from the official ones in nothing but what is listed`() throws {
        guard let paths = try document()?["paths"]?.mapping else { return }
        var official: [String: (method: String, path: String, parameters: Set<String>)] = [:]
        for (path, methods) in paths {
            for (method, operation) in methods.mapping ?? [:] {
                guard let id = operation["operationId"]?.string else { continue }
                let names = (operation["parameters"]?.array() ?? []).compactMap {
                    $0["name"]?.string
                }
                let bare = (path.string ?? "").split(separator: "?").first.map(String.init) ?? ""
                official[id] = ((method.string ?? "").uppercased(), bare, Set(names))
            }
        }
        #expect(official.count == 73)
        for operation in Contract.current.operations where !Self.additions.contains(operation.id) {
            let found = official.removeValue(forKey: operation.id)
            let other = try #require(found, "\(operation.id) is not official")
            #expect(operation.method == other.method && operation.path == other.path)
            let names = Set(operation.parameters.map(\.field.name))
            #expect(names == other.parameters, "\(operation.id)")
        }
        #expect(official.isEmpty, "\(official.keys.sorted())")
    }

    @Test func `members differ from the official ones in nothing but what is listed`() throws {
        guard let schemas = try document()?["components"]?["schemas"]?.mapping else { return }
        var compared = 0
        for (name, schema) in Contract.current.schemas {
            guard !Self.additions.contains(name), schema.alias == nil, let node = schemas[name]
            else { continue }
            compared += 1
            let official = Self.members(of: node, schemas)
            let ours = Contract.current.fields(of: schema)
            let additional = Set(ours.map(\.name)).subtracting(official.names)
                .filter { !Self.additions.contains("\(name).\($0)") }
            #expect(additional.isEmpty, "\(name) has more: \(additional)")
            let missing = official.names.subtracting(ours.map(\.name))
            #expect(missing.isEmpty, "\(name) lacks \(missing)")
            let required = Set(ours.filter(\.isRequired).map(\.name))
            // The official text field requires 'options', which it does not have.
            #expect(required == official.required.intersection(official.names), "\(name)")
        }
        #expect(compared > 150)
    }

    private static func members(
        of node: Node, _ schemas: Node.Mapping
    ) -> (names: Set<String>, required: Set<String>) {
        var names = Set((node["properties"]?.mapping ?? [:]).map { $0.key.string ?? "" })
        var required = Set((node["required"]?.array() ?? []).compactMap(\.string))
        for part in node["allOf"]?.array() ?? [] {
            let target = (part["$ref"]?.string).flatMap { reference in
                schemas[Node(String(reference.split(separator: "/").last ?? ""))]
            }
            let more = members(of: target ?? part, schemas)
            names.formUnion(more.names)
            required.formUnion(more.required)
        }
        return (names, required)
    }

    @Test func `types differ from the official ones in nothing but what is listed`() throws {
        guard let schemas = try document()?["components"]?["schemas"]?.mapping else { return }
        var compared = 0
        var differences: [String] = []
        for (name, schema) in Contract.current.schemas.sorted(by: { $0.key < $1.key }) {
            guard schema.alias == nil, let node = schemas[name] else { continue }
            let official = Self.properties(of: node, schemas)
            for field in Contract.current.fields(of: schema) {
                guard let other = official[field.name] else { continue }
                compared += 1
                let (ours, theirs) = (Self.text(field.type), Self.text(other, schemas))
                if ours != theirs {
                    differences.append("\(name).\(field.name): \(ours), \(theirs)")
                }
            }
        }
        #expect(compared > 1000, "\(compared)")
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test func `answers, encodings and scopes are the official ones`() throws {
        guard let paths = try document()?["paths"]?.mapping else { return }
        let ours = Dictionary(uniqueKeysWithValues: Contract.current.operations.map { ($0.id, $0) })
        for (_, methods) in paths {
            for (_, node) in methods.mapping ?? [:] {
                guard let id = node["operationId"]?.string, let operation = ours[id] else {
                    continue
                }
                let good = (node["responses"]?.mapping ?? [:]).first { status, _ in
                    (status.string ?? "").hasPrefix("2")
                }
                #expect(good?.key.string == String(operation.status), "\(id)")
                let content = good?.value["content"]?.mapping ?? [:]
                switch operation.answer {
                case .nothing: #expect(content.allSatisfy { $0.value["schema"] == nil }, "\(id)")
                case .media(let types):
                    #expect(Set(types) == Set(content.compactMap { $0.key.string }), "\(id)")
                case .schema(let name):
                    let reference = content["application/json"]?["schema"]?["$ref"]?.string ?? ""
                    #expect(reference.hasSuffix("/" + name), "\(id)")
                }
                let forms = (node["requestBody"]?["content"]?.mapping ?? [:]).compactMap {
                    $0.key.string?.split(separator: "/").last.map {
                        $0 == "form-data" ? "multipart" : String($0)
                    }
                }
                #expect(Set(operation.body?.encodings ?? []) == Set(forms), "\(id)")
                var scopes: Set<String>?
                for way in node["security"]?.array() ?? [] {
                    if let list = way["oauth2"]?.array() { scopes = Set(list.compactMap(\.string)) }
                }
                #expect(operation.scopes.map(Set.init) == scopes, "\(id)")
            }
        }
    }

    private static func properties(
        of node: Node, _ schemas: Node.Mapping
    ) -> [String: Node] {
        var properties: [String: Node] = [:]
        for part in node["allOf"]?.array() ?? [] {
            properties.merge(self.properties(of: target(of: part, schemas), schemas)) { $1 }
        }
        for (name, value) in node["properties"]?.mapping ?? [:] {
            properties[name.string ?? ""] = value
        }
        return properties
    }

    private static func target(of node: Node, _ schemas: Node.Mapping) -> Node {
        guard let name = node["$ref"]?.string?.split(separator: "/").last else { return node }
        return schemas[Node(String(name))] ?? node
    }

    /// A type of ours as one text.
    private static func text(_ type: FieldType) -> String {
        var text: String
        switch type.kind {
        case .string: text = "string"
        case .integer: text = "integer"
        case .number: text = "number"
        case .boolean: text = "boolean"
        case .object: text = "object"
        case .file: text = "file"
        case .any: text = "any"
        case .array(let element): text = "[\(Self.text(element))]"
        case .schema(let name): text = name
        }
        if let format = type.format { text += "~\(format)" }
        if !type.values.isEmpty { text += "{\(type.values.joined(separator: "|"))}" }
        if let most = type.maximumLength { text += "(..\(most))" }
        if type.isNullable { text += "?" }
        return text
    }

    /// An official type as the same text.
    private static func text(_ node: Node, _ schemas: Node.Mapping) -> String {
        if let reference = node["$ref"]?.string?.split(separator: "/").last {
            let isNullable = target(of: node, schemas)["nullable"]?.bool == true
            return String(reference) + (isNullable ? "?" : "")
        }
        var text: String
        if let parts = node["allOf"]?.array(), let first = parts.first {
            text = self.text(first, schemas)
        } else {
            switch node["type"]?.string {
            case "array": text = "[\(node["items"].map { self.text($0, schemas) } ?? "any")]"
            case "string" where node["format"]?.string == "binary": text = "file"
            case let type?: text = type
            case nil: text = "any"
            }
        }
        if let format = node["format"]?.string, ["email"].contains(format) { text += "~\(format)" }
        if let values = node["enum"]?.array() {
            text += "{\(values.compactMap(\.string).joined(separator: "|"))}"
        }
        if let most = node["maxLength"]?.int ?? node["maxItems"]?.int { text += "(..\(most))" }
        if node["nullable"]?.bool == true { text += "?" }
        return text
    }
}
