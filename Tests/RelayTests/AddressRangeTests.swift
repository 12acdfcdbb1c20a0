import Testing

@testable import Relay

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("203.0.113.0/24", "203.0.113.255", true), ("203.0.113.0/24", "203.0.114.0", false),
        ("203.0.113.7/24", "203.0.113.1", true), ("10.0.0.0/8", "11.0.0.0", false),
        ("10.0.0.1", "10.0.0.1", true), ("10.0.0.1", "10.0.0.2", false),
        ("0.0.0.0/0", "255.255.255.255", true), ("0.0.0.0/0", "::1", false),
        ("10.0.0.128/25", "10.0.0.127", false), ("10.0.0.128/25", "10.0.0.128", true),
        ("10.0.0.4/31", "10.0.0.5", true), ("10.0.0.4/31", "10.0.0.6", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
        ("2001:db8::/33", "2001:db8:8000::", false), ("::1", "0:0:0:0:0:0:0:1", true),
        ("::/0", "2001:db8::", true), ("::/0", "10.0.0.1", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("::ffff:10.0.0.1", "10.0.0.1", true),
        ("10.0.0.0/8", "", false), ("10.0.0.0/8", "unix", false), ("::1/128", "::1%lo", false),
    ])
    func `an address is in a range or not`(range: String, address: String, isIn: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(address) == isIn)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8",
        "10.0.0/8",
        "::/129", "10.0.0.256", "localhost", "10.0.0.0 /8", " 10.0.0.0", "10.0.0.0/\u{663}",
        "10.0.0.0/\u{bd}", "10.0.0.0/9999999999999999999999", "[::1]", "::1%lo", "0x0a.0.0.1",
        "10.0.0.0/8 ", "10.1",
    ])
    func `what is no range is told`(text: String) {
        #expect(AddressRange(text) == nil)
    }
}
