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
}
