package import Callbacks
import ControlAPI
import HTTPTransport
import OpenSSL

/// Calls the control API of a mock that runs.
package struct ControlClient: Sendable {
    private let settings: Settings
    private let destination: Destination
    private let token: String?

    /// A client of the mock at `address`, or at the usual place.
    ///
    /// - Throws: ``Problem`` when the address cannot be read.
    package init(_ settings: Settings, address: String?, token: String?) throws(Problem) {
        self.settings = settings
        self.token = token
        let text = address ?? "\(MockPlan.defaultHost):\(MockPlan.defaultPort)"
        destination = try Settings.destination(text, origin: "--mock")
    }

    /// Posts JSON, and returns the answer's.
    ///
    /// - Throws: ``Problem`` with the mock's own words when it refuses, or when nobody is there.
    package func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
        let bytes = body.encoded(.plain)
        let base = "\(destination.scheme.rawValue)://\(destination.hostHeader)"
        let target = try Settings.destination(
            "\(base)\(ControlAPI.prefix)/\(path)", origin: "the arguments")
        var headers = [
            HeaderField("Content-Type", "application/json"),
            HeaderField("Content-Length", String(bytes.count)),
        ]
        if let token { headers.append(HeaderField("Authorization", "Bearer \(token)")) }
        let request = CallbackRequest(headers: headers, body: bytes)
        let exchange = try await Services.withClient(settings) { client in
            await client.send(request, to: target)
        }
        if case .failure(.tls(let error)) = exchange.result {
            throw Problem(
                .tls,
                "\(error.message); trust the mock's authority with "
                    + "--ca \"$(countersign ca path)\"", at: base)
        }
        guard case .success(let answer) = exchange.result else {
            throw Problem(
                .noMock,
                "no mock answers there; start one with 'countersign dev' or "
                    + "'countersign mock', or name it with --mock", at: base)
        }
        let json = (try? JSONValue(parsing: answer.body)) ?? .null
        guard answer.status == 200 else {
            let words = json["error"]?["error_msg"]?.string ?? "it answers \(answer.status)"
            throw Problem(.refusedByMock, words, at: base)
        }
        return json
    }
}
