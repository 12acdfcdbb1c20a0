import Callbacks
import Fixtures
import Testing

@testable import MockAPI

/// What may happen to a template, in any order.
@Suite struct TemplateTests {
    private static let account = Account(
        id: "account", emailAddress: "me@example.com", apiKeys: [], isPaid: true)

    private static func make(_ generator: inout SeededGenerator) -> Template {
        var template = Template(
            id: generator.identifier(), accountID: account.id, apiKey: "key",
            phase: generator.next() % 2 == 0 ? .draft : .processing, updatedAt: 0, title: "NDA",
            roles: [.init(name: "Signer", order: 0), .init(name: "Witness")],
            documents: [DocumentReference(name: "a.pdf", fileID: "a")])
        template.ccRoles = ["Boss"]
        template.formFields = (0..<generator.next() % 5).map { index in
            StoredJSON(field(Int(index), &generator))
        }
        template.mergeFields = [StoredJSON(["name": "Sum", "type": "text"])]
        return template
    }

    private static func field(_ index: Int, _ generator: inout SeededGenerator) -> JSONValue {
        let isSenders = generator.next() % 3 == 0
        let types =
            isSenders
            ? ["text", "checkbox", "text-merge", "checkbox-merge"]
            : [
                "text", "dropdown", "hyperlink", "checkbox", "radio", "signature", "date_signed",
                "initials",
            ]
        let type = generator.pick(types)
        var field = JSONObject([
            ("document_index", 0), ("api_id", .string("field\(index)")), ("type", .string(type)),
            ("signer", isSenders ? "sender" : "1"), ("x", 1), ("y", 2), ("width", 3),
            ("height", 4), ("required", .bool(generator.next() % 2 == 0)), ("page", 1),
        ])
        if type == "radio" { field["group"] = "group" }
        if type == "text", !isSenders { field["validation_type"] = "letters_only" }
        return .object(field)
    }

    private static func move(_ generator: inout SeededGenerator) -> Template.Move {
        switch generator.next() % 16 {
        case 0...5: .save
        case 6...12: .processed
        case 13, 14: .refused("damaged")
        default: .delete
        }
    }

    @Test func `no event comes out of order, is lost or doubled in 20,000 random moves`() throws {
        var generator = SeededGenerator(seed: 11)
        let schema = try #require(Contract.current.schemas["TemplateResponse"])
        var moves = 0
        var told: [EventType: Int] = [:]
        while moves < 20_000 {
            var template = Self.make(&generator)
            for now in 1...20 {
                moves += 1
                let before = template
                let move = Self.move(&generator)
                do throws(APIError) {
                    let happenings = try template.apply(move, now: Int64(now))
                    #expect(before.phase != .deleted)
                    #expect(happenings.map(\.type) == Self.events(of: move))
                    for happening in happenings {
                        told[happening.type, default: 0] += 1
                        #expect(before.phase == .processing, "an event of what was not prepared")
                        #expect(happening.template == template)
                    }
                } catch {
                    #expect(template == before, "a refused move changed something")
                    #expect((400..<500).contains(error.name.status))
                }
                if moves % 10 == 0 { try Self.check(template, schema) }
            }
        }
        #expect(told.keys.count == 2)
        #expect(told.values.allSatisfy { $0 > 50 }, "\(told)")
    }

    private static func events(of move: Template.Move) -> [EventType] {
        switch move {
        case .processed: [.templateCreated]
        case .refused: [.templateError]
        case .save, .delete: []
        }
    }

    /// The object of answers and events has the members of its schema, with values of their types.
    private static func check(_ template: Template, _ schema: Schema) throws {
        let json = template.json(viewer: account.id, accounts: [account])
        var validation = Validation(contract: .current)
        let checked = try validation.object(json, schema, at: "")
        #expect(validation.ignored.isEmpty, "\(validation.ignored)")
        #expect(checked.members.count == json.object?.members.count)
    }

    @Test func `each phase takes the moves that it should`() throws {
        let table: [(Template.Phase, [String])] = [
            (.draft, ["processing", "conflict", "conflict", "deleted", "conflict"]),
            (.processing, ["conflict", "ready", "failed", "deleted", "conflict"]),
            (.ready, ["conflict", "conflict", "conflict", "deleted", "processing"]),
            (.failed, ["conflict", "conflict", "conflict", "deleted", "unprocessable_entity"]),
            (.deleted, [String](repeating: "not_found", count: 5)),
        ]
        for (phase, expected) in table {
            var generator = SeededGenerator(seed: 1)
            var template = Self.make(&generator)
            template.phase = phase
            let results = [.save, .processed, .refused("why"), .delete].map {
                Self.result(of: $0, template)
            }
            #expect(results + [Self.replacement(of: template)] == expected, "\(phase)")
        }
    }

    private static func result(of move: Template.Move, _ template: Template) -> String {
        var template = template
        do throws(APIError) {
            _ = try template.apply(move, now: 5)
            if move == .processed { #expect(template.updatedAt == 5) }
            return template.phase.rawValue
        } catch { return error.name.text }
    }

    private static func replacement(of template: Template) -> String {
        do throws(APIError) {
            return try template.replacingFiles([], id: "new", now: 5).phase.rawValue
        } catch { return error.name.text }
    }

    @Test func `other files make another template, with at least as many pages`() throws {
        var generator = SeededGenerator(seed: 1)
        var old = Self.make(&generator)
        old.phase = .ready
        old.documents = [
            DocumentReference(name: "a.pdf", fileID: "a", pages: 2),
            DocumentReference(name: "b.pdf", fileID: "b", pages: 3),
        ]
        let files = [DocumentReference(name: "c.pdf", fileID: "c")]
        let new = try old.replacingFiles(files, id: "new", now: 9)
        var expected = old
        expected.id = "new"
        expected.documents = files
        expected.phase = .processing
        expected.updatedAt = 9
        expected.leastPages = 5
        #expect(new == expected)
    }
}
