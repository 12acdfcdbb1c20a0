import Foundation
import HTTPTransport
import Journal
import NIOCore
import NIOPosix
import OpenSSL
package import Relay
import Synchronization

/// The relay as a program: both of its sides, its certificate, and a page about itself.
package struct RelayRun: Sendable {
    /// Where everything is.
    package struct Ready: Hashable, Sendable {
        package var domain: String
        package var publicAddress: RelayConfiguration.Address
        package var agentAddress: RelayConfiguration.Address
        package var admin: RelayConfiguration.Address?
        /// What the page asks for, but for the health.
        package var controlToken: String?
        /// The authority that agents must be told of; `nil` with a certificate of somebody else's.
        package var authority: String?
        package var isPublicPlain: Bool
        package var isOpen: Bool
        package var tokens: Int
        package var loops: Int
    }

    /// How often the files of the certificate and of the tokens are looked at.
    private static let fileCheck = Duration.seconds(2)

    private let plan: RelayPlan
    private let version: String
    private let log: AccessLog?

    package init(_ plan: RelayPlan, version: String, log: AccessLog?) {
        self.plan = plan
        self.version = version
        self.log = log
    }

    /// Serves until the task is cancelled, and then lets what is under way end.
    ///
    /// `reloads`: asks for the certificate to be read again. `note` is told what an operator should know.
    ///
    /// - Throws: ``Problem``, ``OpenSSLError``.
    package func run(
        reloads: AsyncStream<Void>, note: @escaping @Sendable (String) -> Void,
        ready: @escaping @Sendable (Ready) -> Void
    ) async throws {
        let tokens = TokenFile(folder: plan.folder)
        let count = try tokens.entries().count
        let server = RelayServer(
            plan.relay, tokens: tokens, isOpen: plan.isOpen, tls: try credentials(), log: log)
        // The status stays reachable while what is under way ends, so it has a task of its own.
        let admin = AdminTask()
        defer { admin.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watchCertificate(server, reloads, note) }
            group.addTask { await watchTokens(server, note) }
            group.addTask {
                let (addresses, told) = AsyncStream.makeStream(of: RelayServer.Ready.self)
                async let serving: Void = {
                    defer { told.finish() }
                    try await Self.listening("--public or --agents") {
                        try await server.run { told.yield($0) }
                    }
                }()
                for await address in addresses {
                    try await admin.start { started in
                        try await Self.listening("--admin") {
                            try await serveAdmin(server) { place in
                                ready(self.ready(address, admin: place, tokens: count))
                                started()
                            }
                        }
                    }
                    break
                }
                try await serving
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// Runs what listens where `flags` say.
    private static func listening(
        _ flags: String, _ body: @Sendable () async throws -> Void
    ) async throws {
        do { try await body() } catch let error as ServerError {
            throw Problem(error, flags: flags)
        }
    }

    private func ready(
        _ addresses: RelayServer.Ready, admin: RelayConfiguration.Address?, tokens: Int
    ) -> Ready {
        let authority = plan.certificate == .selfSigned ? LocalAuthority.file(in: plan.folder) : nil
        return Ready(
            domain: plan.relay.domain, publicAddress: addresses.publicAddress,
            agentAddress: addresses.agentAddress, admin: admin,
            controlToken: admin == nil ? nil : plan.controlToken, authority: authority,
            isPublicPlain: plan.relay.isPublicPlain, isOpen: plan.isOpen, tokens: tokens,
            loops: plan.relay.loops)
    }

    // MARK: The certificate

    private func credentials() throws -> RelayServer.Credentials {
        switch plan.certificate {
        case .selfSigned:
            let credentials = try LocalAuthority(.folder(plan.folder))
                .relayCredentials(domain: plan.relay.domain)
            return try RelayServer.Credentials {
                try TLSContext(server: credentials, protocols: $0)
            }
        case .files(let certificate, let key):
            let texts = (
                try Self.text(of: certificate, "--cert"), try Self.text(of: key, "--key")
            )
            do {
                let credentials = try Credentials(
                    certificatePEM: texts.0, privateKeyPEM: texts.1)
                return try RelayServer.Credentials { protocols throws(OpenSSLError) in
                    try TLSContext(server: credentials, protocols: protocols)
                }
            } catch {
                throw Problem(
                    .tls, "\(error.message); the files are those of --cert and --key",
                    at: "\(certificate), \(key)")
            }
        }
    }

    private static func text(of path: String, _ flag: String) throws(Problem) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Problem(.unusableFile, "the file of \(flag) cannot be read", at: path)
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Takes a new certificate when its files change, or when somebody asks; a bad one changes nothing.
    private func watchCertificate(
        _ server: RelayServer, _ reloads: AsyncStream<Void>,
        _ note: @escaping @Sendable (String) -> Void
    ) async {
        guard case .files(let certificate, let key) = plan.certificate else {
            return await Self.forever()
        }
        let reload: @Sendable () -> Void = {
            do {
                server.replace(try credentials())
                note("the certificate was read again")
            } catch {
                note("the certificate stays as it was: \(Problem(error))")
            }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in reloads { reload() } }
            group.addTask {
                var known = [certificate, key].map(Self.modified)
                while (try? await Task.sleep(for: Self.fileCheck)) != nil {
                    let now = [certificate, key].map(Self.modified)
                    guard now != known else { continue }
                    known = now
                    reload()
                }
            }
        }
    }

    private static func modified(_ path: String) -> Date? {
        // What a link leads to counts: mounted secrets are links that stay.
        let file = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
        return try? FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
    }

    private static func forever() async {
        while (try? await Task.sleep(for: .seconds(86_400))) != nil {}
    }

    // MARK: The tokens

    /// Sends agents away whose tokens are removed; says so once when they cannot be read.
    private func watchTokens(
        _ server: RelayServer, _ note: @escaping @Sendable (String) -> Void
    ) async {
        var problem: String?
        while (try? await Task.sleep(for: Self.fileCheck)) != nil {
            var now: String?
            do { try server.disconnectRemoved() } catch { now = "\(Problem(error))" }
            if let now, now != problem { note("agents stay as they are: \(now)") }
            problem = now
        }
    }

    // MARK: The page about itself

    private func serveAdmin(
        _ server: RelayServer, ready: @escaping @Sendable (RelayConfiguration.Address?) -> Void
    ) async throws {
        guard let address = plan.admin else {
            ready(nil)
            return await Self.forever()
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let page = RelayStatusPage(server, plan, version: version)
        let site = HTTPServer(
            HTTPServer.Configuration(
                host: address.host, port: address.port, maximumBodyBytes: 4096),
            group: group, malformed: RelayStatusPage.malformed
        ) { request, _ in await page.answer(request) }
        try await site.run(
            ready: { ready(RelayConfiguration.Address(host: address.host, port: $0)) }, closing: {})
        try await group.shutdownGracefully()
    }
}

/// A task that outlives the cancellation of the one that starts it.
private final class AdminTask: Sendable {
    private let task = Mutex<Task<Void, any Error>?>(nil)

    /// Starts it, and returns once it says that it runs.
    ///
    /// - Throws: What `body` throws before that.
    func start(
        _ body: @escaping @Sendable (_ started: @escaping @Sendable () -> Void) async throws -> Void
    ) async throws {
        let (starts, started) = AsyncThrowingStream.makeStream(of: Void.self)
        let new = Task.detached {
            do { try await body { started.finish() } } catch {
                started.finish(throwing: error)
                throw error
            }
        }
        task.withLock { $0 = new }
        for try await _ in starts {}
    }

    func cancel() { task.withLock { $0?.cancel() } }
}
