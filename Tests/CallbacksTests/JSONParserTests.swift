import Callbacks
import Testing

@Suite struct JSONParserTests {
    func parse(_ text: String) throws(CallbackError) -> JSONValue {
        try JSONValue(parsing: text.utf8)
    }

    @Test(
        arguments: [
            ("null", nil), (" true\t", true), ("\r\nfalse\n", false), (#""""#, ""), ("[]", []),
            ("{}", [:]), ("[ 1 , [ ] ]", [1, []]), ("0", 0), ("-17", -17),
            (#"{ "b" : 1 , "a" : { "c" : [ null ] } }"#, ["b": 1, "a": ["c": [nil]]]),
            (#""a\"b\\c\/d\b\f\n\r\t""#, "a\"b\\c/d\u{8}\u{c}\n\r\t"),
            (#""\u0041\u00e9\u00E9\u20ac\u0000""#, "A\u{e9}\u{e9}\u{20ac}\u{0}"),
            (#""\ud83d\ude00\uD800\uDC00\udbff\udfff""#, "\u{1f600}\u{10000}\u{10ffff}"),
            ("\"\u{e9}\u{1f600}\u{7f}\"", "\u{e9}\u{1f600}\u{7f}"),
            (#"{"":1,"a b":2}"#, ["": 1, "a b": 2]),
        ] as [(String, JSONValue)])
    func `JSON is read`(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    @Test(arguments: [
        "0", "-0", "1348177752", "123456789012345678901234567890", "1.50", "-0.0", "1e3", "1E+3",
        "2.5e-10",
    ])
    func `numbers keep their text`(text: String) throws {
        #expect(try parse(text) == .number(text))
        #expect(try parse("[\(text)]").text() == "[\(text)]")
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "01", "-", "-a", "+1", ".5", "1.", "1.e3", "1e", "1e+",
        "0x1", "NaN", "'a'", "\"", #""\"#, #""\x""#, #""\u12""#, #""\u12g4""#, "\"\n\"",
        "\"\u{1}\"", #""\ud800""#, #""\udc00""#, #""\ud800\u0041""#, #""\ud800x""#,
        #""\ud800\ud800""#, "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "]", "{", "{1:2}",
        #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a" 1}"#, #"{"a":1"b":2}"#, "{,}", "1 2",
        "[] []", "{}x", "/**/1", "\u{feff}1",
    ])
    func `what is not JSON is refused with the place`(text: String) {
        let error = #expect(throws: CallbackError.self) { try parse(text) }
        #expect(error?.code == .malformedJSON)
        #expect(error?.path?.hasPrefix("byte ") == true)
    }

    @Test(
        arguments: [
            [0x80], [0xff], [0xc3], [0xc3, 0x28], [0xc0, 0xaf], [0xe2, 0x82], [0xed, 0xa0, 0x80],
            [0xf4, 0x90, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func `a string that is not UTF-8 is refused`(octets: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let error = #expect(throws: CallbackError.self) {
            try JSONValue(parsing: [quote] + octets + [quote])
        }
        #expect(error?.code == .malformedJSON)
        #expect(throws: CallbackError.self) { try JSONValue(parsing: octets) }
    }

    @Test func `nesting has a limit`() throws {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "0" + String(repeating: close, count: depth)
        }
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let deepest = JSONValue.maximumDepth
            #expect(try parse(nested(deepest, open, close)).kind != "number")
            for depth in [deepest + 1, 100_000] {
                let error = #expect(throws: CallbackError.self) {
                    try parse(nested(depth, open, close))
                }
                #expect(error?.code == .tooLarge)
            }
        }
    }

    @Test func `every truncation is refused`() throws {
        let text = Array(
            #"{"event":{"a":[1,-2.5e1,true,false,null],"b":"\u00e9\ud83d\ude00é\n"},"c":{}}"#.utf8)
        #expect(try JSONValue(parsing: text).kind == "object")
        for length in text.indices {
            let error = #expect(throws: CallbackError.self, "\(length) octets") {
                try JSONValue(parsing: text.prefix(length))
            }
            #expect(error?.code == .malformedJSON)
        }
    }

    @Test func `members keep their order, and of equal names the last value counts`() throws {
        let value = try parse(#"{"b":1,"a":2,"b":3,"c":4,"a":5}"#)
        #expect(value.text() == #"{"b":3,"a":5,"c":4}"#)
        #expect(value == ["b": 3, "a": 5, "c": 4])
        #expect(value != ["a": 5, "b": 3, "c": 4])
    }
}
