import Callbacks
import Testing

/// The key that the official examples publish.
let publishedKey = "324e3b0840f065eb51f3fd63231d0d33daa35d4ed10d27718839e81737065782"

@Suite struct EventHashTests {
    /// Time, type and hash of the official examples and of the official SDKs' test fixtures.
    static let vectors = [
        (
            "1669926463", "account_confirmed",
            "ff8b03439122f9160500c3fb855bdee5a9ccba5fff27d3b258745d8f3074832f"
        ),
        (
            "1348177752", "unknown_error",
            "c574f5d3090c2936360b4e36cf6835cf3e2206b84fdc6347e6b28ca721ae1371"
        ),
        (
            "1348177752", "account_confirmed",
            "6dc5b7aad93cf54915e0089d6c31d61b3833f66f51459171c69f8fa211308848"
        ),
        (
            "1348177752", "signature_request_sent",
            "08d45a6b7677492b78be030cef18cfeaece8fe67e163cc8e526ee638ad483756"
        ),
        (
            "1348177752", "template_created",
            "4a9b22fa68d5addb8b6313eea9d42ecb393903a4240b71503ef78e9dac6c100d"
        ),
    ]

    @Test(arguments: vectors)
    func `is the one of the official examples`(time: String, type: String, hash: String) {
        #expect(EventHash.make(eventTime: time, eventType: type, apiKey: publishedKey) == hash)
        #expect(
            EventHash.matches(hash, eventTime: time, eventType: type, apiKey: publishedKey))
    }

    @Test(arguments: vectors)
    func `does not match under the reversed key`(time: String, type: String, hash: String) {
        let reversed = String(publishedKey.reversed())
        #expect(!EventHash.matches(hash, eventTime: time, eventType: type, apiKey: reversed))
    }

    @Test func `is compared exactly`() {
        let (time, type, hash) = Self.vectors[0]
        for wrong in [hash.uppercased(), String(hash.dropLast()), hash + "0", "", " " + hash] {
            #expect(
                !EventHash.matches(wrong, eventTime: time, eventType: type, apiKey: publishedKey))
        }
    }
}
