import Callbacks
import Testing

@Suite struct CallbackFormTests {
    static let json = #"{"a":"é"}"#

    func read(_ body: String, _ type: String?) throws(CallbackError) -> String {
        String(
            decoding: try CallbackForm.json(in: Array(body.utf8), contentType: type),
            as: UTF8.self)
    }

    func part(_ disposition: String, _ content: String, boundary: String = "b") -> String {
        "--\(boundary)\r\nContent-Disposition: \(disposition)\r\n\r\n\(content)\r\n"
    }

    static let types = [
        "multipart/form-data; boundary=b", "Multipart/Form-Data;BOUNDARY=b",
        #"multipart/form-data; charset=utf-8; boundary="b""#, "multipart/form-data ;\tboundary=b ;",
    ]

    @Test(arguments: types)
    func `the field is found among others`(type: String) throws {
        let other = part(#"form-data; name="other""#, "{}")
        let wanted = part(#"form-data; name="json""#, Self.json)
        for parts in [wanted, other + wanted, wanted + other, other + other + wanted + other] {
            #expect(try read(parts + "--b--\r\n", type) == Self.json)
            #expect(try read("preamble\r\n" + parts + "--b--", type) == Self.json)
        }
        #expect(try read(wanted + part("form-data; name=json", "2") + "--b--", type) == Self.json)
    }

    @Test(arguments: [
        #"form-data; name="json"; filename="e.json""#, "form-data; name=json",
        #"form-data; NAME="json""#, #"form-data; filename="a;b\"; name=x"; name="json""#,
        #"form-data;name="js\on""#,
    ])
    func `a part is known by its name however it is written`(disposition: String) throws {
        let body = part(disposition, Self.json) + "--b--\r\n"
        #expect(try read(body, Self.types[0]) == Self.json)
    }

    @Test func `a part may have more headers and a boundary may be quoted`() throws {
        let body =
            "--a b;c\r\nContent-Type: application/json\r\n"
            + "content-disposition:form-data; name=\"json\"\r\nX: \r\n\r\n\r\n--a b\r\n\r\n--a b;c--"
        #expect(try read(body, #"multipart/form-data; boundary="a b;c""#) == "\r\n--a b\r\n")
    }

    @Test(arguments: [
        ("json=%7B%7D", "{}"), ("a=1&json=%7b+%7D&json=2", "{ }"), ("%6Ason=a%26b", "a&b"),
        ("json=", ""), ("json", ""), ("&&json=a=b", "a=b"), ("json=%C3%A9", "\u{e9}"),
        ("json=\u{e9}", "\u{e9}"),
    ])
    func `a field of a form is decoded`(body: String, json: String) throws {
        #expect(try read(body, "application/x-www-form-urlencoded; charset=utf-8") == json)
    }

    @Test(
        arguments: [
            ("{}", nil, .unsupportedForm), ("{}", "", .unsupportedForm),
            ("{}", "text/plain", .unsupportedForm), ("{}", "multipart/mixed", .unsupportedForm),
            ("{}", "multipart/form-data", .malformedForm),
            ("{}", "multipart/form-data; boundary=", .malformedForm),
            ("{}", "multipart/form-data; boundary=b", .malformedForm),
            ("--b--\r\n", "multipart/form-data; boundary=b", .missingField),
            ("--bx\r\n", "multipart/form-data; boundary=b", .malformedForm),
            ("--b\r\nno colon\r\n\r\n--b--", "multipart/form-data; boundary=b", .malformedForm),
            ("json", "application/json; charset=utf-8", nil),
            ("", "application/x-www-form-urlencoded", .missingField),
            ("Json=1", "application/x-www-form-urlencoded", .missingField),
            ("json=%", "application/x-www-form-urlencoded", .malformedForm),
            ("json=%1", "application/x-www-form-urlencoded", .malformedForm),
            ("json=%g0", "application/x-www-form-urlencoded", .malformedForm),
            ("%=1&json=2", "application/x-www-form-urlencoded", .malformedForm),
        ] as [(String, String?, CallbackError.Code?)])
    func `a body without the field is refused with the reason`(
        body: String, type: String?, code: CallbackError.Code?
    ) {
        do {
            #expect(try read(body, type) == body)
            #expect(code == nil)
        } catch {
            #expect(error.code == code)
        }
    }

    @Test func `a field with another name is missing`() {
        let body = part(#"form-data; name="payload""#, Self.json) + "--b--\r\n"
        let error = #expect(throws: CallbackError.self) { try read(body, Self.types[0]) }
        #expect(error?.code == .missingField)
        #expect(error?.path == "json")
    }

    @Test func `parts and their headers have limits`() {
        let many = String(repeating: part("form-data; name=x", ""), count: 200) + "--b--"
        let long = part("form-data; name=" + String(repeating: "x", count: 9000), "") + "--b--"
        for body in [many, long] {
            let error = #expect(throws: CallbackError.self) { try read(body, Self.types[0]) }
            #expect(error?.code == .tooLarge)
        }
    }

    @Test func `every truncation is refused, until the part is whole`() throws {
        let body = Array(
            (part("form-data; name=x", "1") + part(#"form-data; name="json""#, Self.json)
                + "--b--\r\n").utf8)
        let whole = body.count - "--\r\n".utf8.count
        for length in body.indices {
            let text = Array(body.prefix(length))
            if length < whole {
                let error = #expect(throws: CallbackError.self, "\(length) octets") {
                    try CallbackForm.json(in: text, contentType: Self.types[0])
                }
                #expect(error?.code == .malformedForm)
            } else {
                let json = try CallbackForm.json(in: text, contentType: Self.types[0])
                #expect(json == Array(Self.json.utf8))
            }
        }
    }
}
