import Testing

@testable import Documents

@Suite struct TextTagTests {
    @Test func readsTags() throws {
        let tag = try TextTag("sig|req|signer2|Customer Signature|cust1")
        #expect(tag.type == "signature")
        #expect(tag.isRequired)
        #expect(tag.owner == .signer(2))
        #expect(tag.label == "Customer Signature")
        #expect(tag.id == "cust1")
        #expect(try TextTag("text-merge|noreq|sender|Name|n").owner == .sender)
    }

    @Test(arguments: [
        "sig", "sig|req", "sgi|req|signer1", "sig|maybe|signer1", "sig|req|signer0",
        "sig|req|bob", "|||",
    ])
    func refusesMalformed(_ text: String) {
        #expect(throws: TextTagError.self) { try TextTag(text) }
    }
}
