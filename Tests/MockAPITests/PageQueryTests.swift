import Testing

@testable import MockAPI

@Suite struct PageQueryTests {
    @Test func `fields are decoded, and the first of a name counts`() {
        let query = PageQuery("token=abc&name=Ann%20A+B&empty=&token=second&flag")
        #expect(query.text("token") == "abc")
        #expect(query.text("name") == "Ann A B")
        #expect(query.text("empty") == "")
        #expect(query.text("missing") == nil)
        #expect(PageQuery("").text("token") == nil)
        #expect(PageQuery("a=%ff%fe").text("a") == nil)  // no UTF-8
    }

    @Test(arguments: [
        ("https://App.Example.com/page?x=1", "app.example.com"),
        ("http://localhost:3000", "localhost"), ("https://example.com#part", "example.com"),
        ("https://example.com?x", "example.com"), ("example.com", nil), ("https://", nil),
        ("", nil),
        ("https:///path", nil),
    ])
    func `the host of a URL is its name alone`(_ url: String, _ host: String?) {
        #expect(
            PageQuery("parent_url=\(url.replacing("#", with: "%23"))").host("parent_url") == host)
    }
}
