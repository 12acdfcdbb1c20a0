import Hummingbird
import NIOCore

/// Octets of the answer: about what a signature request with one signer takes.
private let answerBytes = 1800

/// Serves one GET route whose answer is there already, for any credentials: what a mock on Hummingbird
/// can reach at the most.
func serveBare(port: Int) async throws {
    let text = "{\"padding\":\"\(String(repeating: "x", count: answerBytes - 14))\"}"
    let answer = ByteBuffer(string: text)
    let router = Router()
    router.get("item") { _, _ in
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: answer))
    }
    let application = Application(
        router: router,
        configuration: .init(address: .hostname("127.0.0.1", port: port), serverName: nil))
    try await application.runService()
}
