import Callbacks
import Testing

@testable import MockAPI

/// What a signer fills in, and days as the service writes them.
@Suite struct SignerActionsTests {
    @Test(
        arguments: [
            (0, "01/01/1970"), (86_399, "01/01/1970"), (86_400, "01/02/1970"),
            (951_695_999, "02/27/2000"), (951_782_400, "02/29/2000"), (951_868_800, "03/01/2000"),
            (1_709_164_800, "02/29/2024"), (1_709_251_200, "03/01/2024"),
            (1_677_628_800, "03/01/2023"),
            (1_735_689_599, "12/31/2024"), (1_735_689_600, "01/01/2025"),
            (1_760_000_000, "10/09/2025"),
            (4_107_542_400, "03/01/2100"), (4_107_456_000, "02/28/2100"),
            (253_402_300_799, "12/31/9999"),
        ] as [(Int64, String)])
    func `a day is month, day and year in UTC`(_ seconds: Int64, _ date: String) {
        #expect(SignatureRequest.date(seconds) == date)
    }

    private func request(
        _ fields: [JSONValue], name: String? = "Ann Marie Author"
    )
        -> SignatureRequest
    {
        var terms = SignatureRequest.Terms(
            requesterEmailAddress: "me@example.com", title: "NDA", originalTitle: "NDA")
        terms.formFields = fields.map(StoredJSON.init)
        return SignatureRequest(
            id: "request", accountID: "account", apiKey: "key", createdAt: 0, terms: terms,
            signers: [
                .init(signatureID: "first", emailAddress: "a@example.com", name: name),
                .init(signatureID: "second", emailAddress: "b@example.com"),
            ], documents: [])
    }

    private func field(_ type: String, _ more: JSONValue = [:]) -> JSONValue {
        var field = JSONObject([
            ("api_id", "id"), ("name", "Name"), ("type", .string(type)), ("signer", "0"),
        ])
        for member in more.object?.members ?? [] { field[member.name] = member.value }
        return .object(field)
    }

    /// The value of a single field.
    private func value(
        _ type: String, _ more: JSONValue = [:], given: JSONValue? = nil,
        name: String? = "Ann Marie Author"
    ) -> JSONValue? {
        let values = JSONObject(given.map { [("id", $0)] } ?? [])
        let responses = request([field(type, more)], name: name)
            .responses(of: 0, values, now: 1_760_000_000)
        return responses.first?.value["value"]
    }

    @Test func `each kind of field has a value that fits`() {
        for type in ["checkbox", "radio"] {
            #expect(value(type) == false)
            #expect(value(type, ["required": true]) == true)
            #expect(value(type, ["is_checked": true]) == true)
            #expect(value(type, ["required": true], given: false) == false)
            for word: JSONValue in ["true", "1", "on"] { #expect(value(type, given: word) == true) }
            #expect(value(type, given: "no") == false)
        }
        #expect(value("date_signed") == "10/09/2025")
        #expect(value("date_signed", given: "never") == "10/09/2025")
        #expect(value("signature") == "Ann Marie Author")
        #expect(value("signature", given: "A. Author") == "A. Author")
        #expect(value("signature", name: nil) == "a@example.com")
        #expect(value("initials") == "AMA")
        #expect(value("initials", given: "AA") == "AA")
        #expect(value("dropdown", ["options": ["x", "y"]]) == "")
        #expect(value("dropdown", ["options": ["x", "y"], "required": true]) == "x")
        #expect(value("dropdown", ["options": ["x", "y"], "content": "y"]) == "y")
        #expect(value("dropdown", ["options": ["x", "y"]], given: "y") == "y")
        #expect(value("text") == "")
        #expect(value("text", ["required": true]) == "Text")
        #expect(value("text", ["content": "preset"]) == "preset")
        #expect(value("text", ["placeholder": "hint"]) == "hint")
        #expect(value("text", ["content": "preset"], given: "own") == "own")
        #expect(value("hyperlink") == nil)
    }

    @Test func `fields are the signer's own, by id or by name`() {
        let request = request([
            field("text", ["api_id": "one"]), field("text", ["api_id": "two", "signer": 0]),
            field("text", ["api_id": "three", "signer": "1"]),
            field("text", ["api_id": "four", "signer": "sender"]),
            field("signature", ["api_id": "five"]),
        ])
        let values = JSONObject([("one", "1"), ("Name", "n"), ("three", "3")])
        let responses = request.responses(of: 0, values, now: 0).map(\.value)
        #expect(responses.map { $0["api_id"] } == ["one", "two", "five"])
        #expect(responses.map { $0["value"] } == ["1", "n", "n"])
        #expect(responses.map { $0["signature_id"] } == ["first", "first", "first"])
        #expect(responses.map { $0["is_signed"] } == [nil, nil, true])
        #expect(request.responses(of: 1, values, now: 0).map(\.value["value"]) == ["3"])
    }

    @Test(
        arguments: [
            ("text", [:], "anything", true), ("text", [:], 5, false), ("text", [:], true, false),
            ("text", ["validation_type": "numbers_only"], "0123", true),
            ("text", ["validation_type": "numbers_only"], "12a", false),
            ("text", ["validation_type": "numbers_only"], "", true),
            ("text", ["validation_type": "letters_only"], "Größe", true),
            ("text", ["validation_type": "letters_only"], "a b", false),
            ("text", ["validation_type": "email_address"], "a@b", true),
            ("text", ["validation_type": "email_address"], "ab", false),
            ("checkbox", [:], true, true), ("checkbox", [:], "on", true),
            ("checkbox", [:], 1, false),
            ("radio", [:], false, true), ("dropdown", ["options": ["x", "y"]], "y", true),
            ("dropdown", ["options": ["x", "y"]], "z", false), ("signature", [:], "Ann", true),
            ("signature", [:], [], false), ("initials", [:], "AA", true),
        ] as [(String, JSONValue, JSONValue, Bool)])
    func `a value must be one that the signer could enter`(
        _ type: String, _ more: JSONValue, _ value: JSONValue, _ fits: Bool
    ) {
        let request = request([field(type, more)])
        for name in ["id", "Name"] {
            let error: APIError?
            do throws(APIError) {
                try request.check(JSONObject([(name, value)]), of: 0)
                error = nil
            } catch let refusal { error = refusal }
            #expect((error == nil) == fits, "\(type) \(value)")
            #expect(error?.path == (fits ? nil : "values.\(name)"))
        }
    }

    @Test func `a value must be of a field of the signer's own`() {
        let request = request([field("text", ["signer": "1"])])
        #expect(throws: APIError.self) { try request.check(JSONObject([("id", "x")]), of: 0) }
        #expect(throws: APIError.self) { try request.check(JSONObject([("other", "x")]), of: 1) }
        #expect(throws: Never.self) { try request.check(JSONObject([("id", "x")]), of: 1) }
        #expect(throws: Never.self) { try request.check(JSONObject(), of: 0) }
    }

    @Test func `a field must stand on a page of its document`() {
        func misplaced(_ page: JSONValue, document: Int = 0) -> String? {
            var request = request([
                field("text", ["page": page, "document_index": JSONValue(document)])
            ])
            request.documents = [DocumentReference(name: "a.pdf", fileID: "a", pages: 2)]
            return request.misplacedField
        }
        #expect(misplaced(1) == nil && misplaced(2) == nil && misplaced(nil) == nil)
        #expect(misplaced(3) == "The field 'id' is on page 3; a.pdf has 2")
        #expect(misplaced(0) != nil && misplaced(-1) != nil)
        #expect(misplaced(9, document: 1) == nil)  // that there is no such document was told before
    }

    @Test func `an answer about a field has the form of the contract`() throws {
        let types = [
            "text", "checkbox", "date_signed", "dropdown", "initials", "radio", "signature",
        ]
        let request = request(
            types.map { field($0, ["api_id": .string($0), "options": ["x"]]) })
        let schema = try #require(Contract.current.schemas["SignatureRequestResponseDataBase"])
        for response in request.responses(of: 0, JSONObject(), now: 0) {
            var validation = Validation(contract: .current)
            _ = try validation.object(response.value, schema, at: "")
            #expect(validation.ignored.isEmpty, "\(response.value.text(.plain))")
        }
    }
}
