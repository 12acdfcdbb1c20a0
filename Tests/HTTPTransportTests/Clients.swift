import Callbacks
import Foundation
import HTTPTransport
import OpenSSL

/// Runs `body` with a client that is shut down afterwards.
func withClient(
    _ configuration: HTTPClientConfiguration = .init(timeout: .seconds(20)),
    body: (HTTPClient) async throws -> Void
) async throws {
    let client = try HTTPClient(configuration: configuration, group: loops)
    do {
        try await body(client)
    } catch {
        await client.shutDown()
        throw error
    }
    await client.shutDown()
}

extension Destination {
    /// A path on a server of the test.
    static func local(_ port: Int, scheme: String = "http") throws -> Destination {
        try Destination(parsing: "\(scheme)://127.0.0.1:\(port)/callbacks?a=1")
    }
}

extension CallbackRequest {
    /// A small request.
    static func make(
        method: String = "POST", body: String = "body", more: [HeaderField] = []
    ) -> CallbackRequest {
        CallbackRequest(
            method: method,
            headers: more + [HeaderField("Content-Length", "\(body.utf8.count)")],
            body: Array(body.utf8))
    }
}

extension HTTPExchange {
    /// The body of the answer; `nil` without an answer.
    var body: String? {
        (try? result.get()).map { String(decoding: $0.body, as: UTF8.self) }
    }

    /// Why there is no answer; `nil` with one.
    var failure: TransportFailure? {
        if case .failure(let failure) = result { failure } else { nil }
    }
}

/// Runs `body` with the path of a file that holds the authority's certificate.
func withAuthorityFile(
    of authority: CertificateAuthority, _ body: (String) async throws -> Void
) async throws {
    let file = FileManager.default.temporaryDirectory
        .appendingPathComponent("authority-\(UUID().uuidString).pem")
    try authority.credentials.certificatePEM.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    try await body(file.path)
}
