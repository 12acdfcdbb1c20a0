import Callbacks
import Testing

@testable import MockAPI

/// The served description of the API, as a generator reads it.
@Suite struct OpenAPIDocumentTests {
    private let document: JSONValue

    init() throws {
        let bytes = OpenAPIDocument(.current).json(base: "http://127.0.0.1:7446").encoded(.plain)
        document = try JSONValue(parsing: bytes)
    }

    /// Calls `body` with each object, and the path of names that leads there.
    private func visit(
        _ value: JSONValue, _ path: String = "#", _ body: (JSONObject, String) throws -> Void
    ) rethrows {
        if let object = value.object {
            try body(object, path)
            for member in object.members { try visit(member.value, path + "/" + member.name, body) }
        }
        for (index, element) in (value.array ?? []).enumerated() {
            try visit(element, "\(path)/\(index)", body)
        }
    }

    /// Each operation with its method and path.
    private var operations: [(path: String, method: String, json: JSONValue)] {
        (document["paths"]?.object?.members ?? []).flatMap { path in
            (path.value.object?.members ?? []).map { (path.name, $0.name, $0.value) }
        }
    }

    @Test func `has every operation, but for the two that share a path`() {
        #expect(document["openapi"] == "3.0.3")
        #expect(document["servers"]?[0]?["url"] == "http://127.0.0.1:7446/v3")
        let ids = operations.compactMap { $0.json["operationId"]?.string }
        #expect(ids.count == 73)
        #expect(Set(ids).count == 73)
        let all = Set(Contract.current.operations.map(\.id))
        #expect(all.subtracting(ids) == ["oauthTokenRefresh"])
        #expect(operations.allSatisfy { ["get", "post", "put", "delete"].contains($0.method) })
    }

    @Test func `every reference leads to a schema`() {
        var count = 0
        visit(document) { object, path in
            let mapping = path.hasSuffix("/discriminator") ? object["mapping"]?.object : nil
            let references =
                [object["$ref"]].compactMap { $0?.string }
                + (mapping?.members ?? []).compactMap(\.value.string)
            for reference in references {
                count += 1
                let prefix = "#/components/schemas/"
                #expect(reference.hasPrefix(prefix))
                let name = String(reference.dropFirst(prefix.count))
                #expect(document["components"]?["schemas"]?[name] != nil, "\(path): \(name)")
            }
            // A reader passes over what stands beside a reference.
            if object["$ref"] != nil { #expect(object.members.count == 1, "\(path)") }
        }
        #expect(count > 500)
    }

    @Test func `a path's parameters are those in its braces`() {
        for operation in operations {
            let words = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }
            let named = Set(words.map { String($0.dropFirst().dropLast()) })
            let parameters = operation.json["parameters"]?.array ?? []
            let given = parameters.filter { $0["in"] == "path" }
            #expect(Set(given.compactMap { $0["name"]?.string }) == named, "\(operation.path)")
            #expect(given.allSatisfy { $0["required"] == true })
            #expect(parameters.allSatisfy { $0["schema"] != nil })
        }
    }

    @Test func `answers are described, and say who may ask`() {
        for operation in operations {
            let responses = operation.json["responses"]?.object?.members ?? []
            #expect(responses.contains { $0.name.hasPrefix("2") }, "\(operation.path)")
            #expect(responses.allSatisfy { $0.value["description"]?.string?.isEmpty == false })
            let schemes = document["components"]?["securitySchemes"]
            for entry in operation.json["security"]?.array ?? [] {
                for member in entry.object?.members ?? [] { #expect(schemes?[member.name] != nil) }
            }
        }
    }

    @Test func `what is required is there, and what is chosen by a type has one`() {
        for schema in document["components"]?["schemas"]?.object?.members ?? [] {
            visit(schema.value) { object, _ in
                let properties = object["properties"]?.object
                for name in object["required"]?.array ?? [] {
                    #expect(properties?[name.string ?? ""] != nil, "\(schema.name) \(name)")
                }
                if let name = object["discriminator"]?["propertyName"]?.string {
                    #expect(properties?[name] != nil, "\(schema.name) by \(name)")
                }
            }
        }
    }
}
