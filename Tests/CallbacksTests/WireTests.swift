import Callbacks
import Testing

/// The octets on the wire, against literals that Python's `hmac` and `urllib.parse` gave.
@Suite struct WireTests {
    static let json =
        #"{"event":{"event_type":"callback_test","event_time":"1700000000","#
        + #""event_hash":"5c948cbd8290db35426dd4aaea182e0f3ca8a8b8300eb696df6f2f40fd863628","#
        + #""event_metadata":null},"url":"https:\/\/a.example\/\u00e9?x=1&y=2 3"}"#
    static let boundary = "---------------------------0123456789ab"
    static let contentMD5 = "NWRjYjc5Y2EwMzQ2N2I5NTdmOWJjMWUwODQwNDA0OGQ="
    static let contentSHA256 =
        "MjQ5ODNiOTVjYjZiM2NkMDk1YTI5OWJjZDY0MmZkZjllM2YxM2YwM2NjMmIxZWRkYmFlN2Y2YTU0ZmY0Y2QyOQ=="

    func wire(_ format: WireFormat, hashed: Bool = true) -> [String] {
        let json = Array(Self.json.utf8)
        let request = format.request(
            json: json, hashes: hashed ? HeaderHashes(json: json, apiKey: publishedKey) : nil,
            boundary: Self.boundary)
        let bytes =
            request.head(target: "/callbacks?a=1", host: "localhost:3000") + request.body
        return String(decoding: bytes, as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false
        ).map(String.init)
    }

    @Test func `a callback is multipart with both hashes`() {
        #expect(
            wire(WireFormat()) == [
                "POST /callbacks?a=1 HTTP/1.1",
                "Host: localhost:3000",
                "User-Agent: HelloSign API",
                "Accept: */*",
                "Content-MD5: " + Self.contentMD5,
                "Content-Sha256: " + Self.contentSHA256,
                "Content-Length: 351",
                "Content-Type: multipart/form-data; boundary=" + Self.boundary,
                "",
                "-----------------------------0123456789ab",
                #"Content-Disposition: form-data; name="json""#,
                "",
                Self.json,
                "-----------------------------0123456789ab--",
                "",
            ])
    }

    @Test func `a callback as a form is percent-encoded, and the hashes are those of the JSON`() {
        let format = WireFormat(
            form: .urlencoded, userAgent: "Tests/1", contentSHA256: .hexadecimal,
            additionalHeaders: [HeaderField("X-A", "1"), HeaderField("x-a", "2")])
        #expect(
            wire(format) == [
                "POST /callbacks?a=1 HTTP/1.1",
                "Host: localhost:3000",
                "User-Agent: Tests/1",
                "Accept: */*",
                "Content-MD5: " + Self.contentMD5,
                "Content-Sha256: 24983b95cb6b3cd095a299bcd642fdf9e3f13f03cc2b1eddbae7f6a54ff4cd29",
                "X-A: 1",
                "x-a: 2",
                "Content-Length: 311",
                "Content-Type: application/x-www-form-urlencoded",
                "",
                "json=%7B%22event%22%3A%7B%22event_type%22%3A%22callback_test%22%2C"
                    + "%22event_time%22%3A%221700000000%22%2C%22event_hash%22%3A%22"
                    + "5c948cbd8290db35426dd4aaea182e0f3ca8a8b8300eb696df6f2f40fd863628%22%2C"
                    + "%22event_metadata%22%3Anull%7D%2C%22url%22%3A%22https%3A%5C%2F%5C%2Fa.example"
                    + "%5C%2F%5Cu00e9%3Fx%3D1%26y%3D2+3%22%7D",
            ])
    }

    @Test func `a callback as JSON is the text itself`() {
        #expect(
            wire(WireFormat(form: .json, contentSHA256: .omitted)) == [
                "POST /callbacks?a=1 HTTP/1.1",
                "Host: localhost:3000",
                "User-Agent: HelloSign API",
                "Accept: */*",
                "Content-MD5: " + Self.contentMD5,
                "Content-Length: 214",
                "Content-Type: application/json",
                "",
                Self.json,
            ])
    }

    @Test func `without hashes both headers are missing`() {
        let names = wire(WireFormat(form: .json), hashed: false).dropLast(2).map { $0.prefix(8) }
        #expect(
            names == [
                "POST /ca", "Host: lo", "User-Age", "Accept: ", "Content-", "Content-",
            ])
    }

    @Test func `one signer makes the hashes of many payloads`() {
        let json = Array(Self.json.utf8)
        var signer = HeaderSigner(apiKey: publishedKey)
        for _ in 0..<3 {
            _ = signer.hashes(of: Array("{}".utf8))
            #expect(signer.hashes(of: json) == HeaderHashes(json: json, apiKey: publishedKey))
        }
    }

    @Test(
        arguments: [
            (0, "---------------------------000000000000"),
            (0x0123_4567_89ab, boundary), (UInt64.max, "---------------------------ffffffffffff"),
        ] as [(UInt64, String)])
    func `a boundary is libcurl's`(number: UInt64, boundary: String) {
        #expect(BodyForm.boundary(number) == boundary)
    }

    @Test(arguments: BodyForm.allCases)
    func `what is sent can be read`(form: BodyForm) throws {
        for text in [Self.json, "", "=&+%\r\n--", "{\u{0}\u{e9}\u{1f600}}"] {
            let body = form.body(json: Array(text.utf8), boundary: Self.boundary)
            let type = form.contentType(boundary: Self.boundary)
            #expect(try CallbackForm.json(in: body, contentType: type) == Array(text.utf8))
        }
    }

    @Test func `a header is found whatever its letter case, and the first one counts`() {
        let fields = [HeaderField("X-Test", "1"), HeaderField("x-test", "2")]
        #expect(fields.first("X-TEST") == "1")
        #expect(fields.first("X-Tes") == nil)
    }
}
