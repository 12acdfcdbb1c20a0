import Callbacks
package import HTTPTransport

/// Follows `file_urls`, but only to this machine and to hosts that the user named: a mock that
/// fetched what anybody asks for would be a way into the user's network.
package struct FileFetcher: Sendable {
    /// URLs of one call.
    static let maximumURLs = 50

    private let client: HTTPClient
    private let hosts: Set<String>

    /// `hosts`: Names and addresses beside those of this machine.
    package init(client: HTTPClient, hosts: Set<String>) {
        self.client = client
        self.hosts = hosts
    }

    /// The files behind a call's `file_urls` and `file_url`.
    ///
    /// - Throws: ``APIError`` with `bad_request` that names the URL.
    func files(of call: Call) async throws(APIError) -> [UploadedFile] {
        var places = call.arguments.texts("file_urls").enumerated().map {
            ("file_urls[\($0.offset)]", $0.element)
        }
        if let url = call.arguments.text("file_url") { places.append(("file_url", url)) }
        guard places.count <= Self.maximumURLs else {
            throw APIError(
                .badRequest, "At most \(Self.maximumURLs) URLs are followed", at: "file_urls")
        }
        var files: [UploadedFile] = []
        for (place, url) in places { files.append(try await file(url, at: place)) }
        return files
    }

    private func file(_ url: String, at place: String) async throws(APIError) -> UploadedFile {
        let destination: Destination
        do { destination = try Destination(parsing: url) } catch {
            throw APIError(.badRequest, "'\(place)': \(error)", at: place)
        }
        guard isAllowed(destination.host) else {
            throw APIError(
                .badRequest,
                "'\(place)' is not on this machine; allow its host with --allow-file-host",
                at: place)
        }
        let request = CallbackRequest(
            method: "GET", headers: [HeaderField("User-Agent", "HelloSign API")], body: [])
        let exchange = await client.send(request, to: destination)
        switch exchange.result {
        case .failure(let failure):
            throw APIError(.badRequest, "'\(place)' cannot be fetched: \(failure)", at: place)
        case .success(let answer):
            guard answer.status == 200 else {
                throw APIError(.badRequest, "'\(place)' answers \(answer.status)", at: place)
            }
            let path = destination.target.prefix { $0 != "?" }
            let name = path.split(separator: "/").last.map(String.init) ?? "document"
            return UploadedFile(name: name, bytes: answer.body)
        }
    }

    private func isAllowed(_ host: String) -> Bool {
        let name = host.lowercased()
        return ["localhost", "::1"].contains(name) || name.hasSuffix(".localhost")
            || Self.isLoopbackAddress(name) || hosts.contains(name)
    }

    /// Whether it is 127.a.b.c; a name such as `127.evil.example` is none.
    private static func isLoopbackAddress(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
