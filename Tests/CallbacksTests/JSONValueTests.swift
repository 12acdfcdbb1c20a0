import Callbacks
import Testing

@Suite struct JSONValueTests {
    @Test(
        arguments: [
            (nil, "null"), (true, "true"), (false, "false"), (0, "0"), (-5, "-5"),
            (.number("1.50"), "1.50"), ("", #""""#), ("a/b", #""a\/b""#), ("\"\\", #""\"\\""#),
            ("\u{8}\u{c}\n\r\t", #""\b\f\n\r\t""#),
            ("\u{0}\u{1}\u{b}\u{1f}", #""\u0000\u0001\u000b\u001f""#),
            ("\u{7f}<>&'", "\"\u{7f}<>&'\""), ("\u{80}\u{e9}\u{20ac}", #""\u0080\u00e9\u20ac""#),
            ("\u{1f600}", #""\ud83d\ude00""#), ("\u{10ffff}", #""\udbff\udfff""#),
            ("\u{2028}\u{2029}", #""\u2028\u2029""#), ("e\u{301}", #""e\u0301""#), ([], "[]"),
            ([:], "{}"), ([1, "a", [nil]], #"[1,"a",[null]]"#),
            (["b/": 1, "a": ["\u{e9}": []]], #"{"b\/":1,"a":{"\u00e9":[]}}"#),
        ] as [(JSONValue, String)])
    func `the service's text is that of PHP's json_encode`(value: JSONValue, text: String) throws {
        #expect(value.text() == text)
        #expect(value.encoded(.service) == Array(text.utf8))
        #expect(try JSONValue(parsing: text.utf8) == value)
    }

    @Test func `plain text escapes only what must be`() throws {
        let value: JSONValue = ["a/b": "\u{e9}\u{1f600}\u{1}\""]
        #expect(value.text(.plain) == "{\"a/b\":\"\u{e9}\u{1f600}\\u0001\\\"\"}")
        #expect(try JSONValue(parsing: value.encoded(.plain)) == value)
    }

    @Test func `readable text stands on lines of its own`() {
        let value: JSONValue = ["a": [1, ["b": "/"]], "c": [], "d": [:]]
        #expect(
            value.text(.readable) == """
                {
                    "a": [
                        1,
                        {
                            "b": "/"
                        }
                    ],
                    "c": [],
                    "d": {}
                }
                """)
    }

    @Test func `values of another kind are nil`() {
        let values: [JSONValue] = [nil, true, 1, "a", [1], ["a": 1]]
        #expect(
            values.map(\.kind) == ["null", "boolean", "number", "string", "array", "object"])
        #expect(values.map(\.isNull) == [true, false, false, false, false, false])
        #expect(values.map(\.bool) == [nil, true, nil, nil, nil, nil])
        #expect(values.map(\.integer) == [nil, nil, 1, nil, nil, nil])
        #expect(values.map(\.string) == [nil, nil, nil, "a", nil, nil])
        #expect(values.map { $0[0] } == [nil, nil, nil, nil, 1, nil])
        #expect(values.map { $0["a"] } == [nil, nil, nil, nil, nil, 1])
        #expect(values[4][1] == nil)
        #expect(values[4][-1] == nil)
        #expect(JSONValue.number("1.5").integer == nil)
        #expect(JSONValue.number("99999999999999999999").integer == nil)
    }

    @Test func `members are set, added behind and removed`() {
        var object = JSONObject([("b", 1), ("a", 2), ("b", 3)])
        #expect(object.members.map(\.name) == ["b", "a"])
        object["a"] = "new"
        object["z"] = nil
        object["c"] = true
        object["b"] = nil
        #expect(JSONValue.object(object).text() == #"{"a":"new","c":true}"#)
    }
}
