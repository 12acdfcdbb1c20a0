import Foundation
import HTTPTransport
import NIOCore
import NIOPosix
import OpenSSL
import Testing

@testable import Relay

/// A relay on loopback, with an agent in front of a handler.
struct RunningRelay: Sendable {
    static let domain = "relay.test"

    let server: RelayServer
    let ready: RelayServer.Ready
    /// The agent's name.
    let name: String

    var host: String { "\(name).\(Self.domain)" }

    /// What is open, once there is nothing open any more.
    func settled() async -> RelayStatus.Counts {
        while true {
            let counts = await server.counts()
            if counts.openConnections + counts.openRequests + counts.streams == 0 { return counts }
            await Task.yield()
        }
    }

    /// Waits until that many requests are under way.
    func waitForRequests(_ count: Int) async {
        while await server.counts().openRequests != count { await Task.yield() }
    }

    /// A connection as a sender has it; `isCut`: it ends with a reset.
    func withSender<Result: Sendable>(
        isCut: Bool = false, _ body: (inout Sender) async throws -> Result
    ) async throws -> Result {
        let address = ready.publicAddress
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let provider = channel as? any SocketOptionProvider
                    if isCut { _ = provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0)) }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var sender = Sender(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&sender)
        }
    }
}

/// One end of a connection: octets, and answers as the strict reading has them.
struct Sender {
    var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var waiting: [UInt8] = []

    init(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound
        self.outbound = outbound
    }

    struct Answer {
        var head: StrictReading.Head
        /// Without chunks.
        var body: [UInt8]

        func field(_ name: String) -> String? { head.fields.first { $0[0] == name }?[1] }
    }

    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// The next answer that is not informational.
    mutating func answer() async throws -> Answer {
        while true {
            let head = try await read { StrictReading.answer($0, isToHead: false) }
            waiting.removeFirst(head.count)
            if head.start[0].hasPrefix("1") { continue }
            return Answer(head: head, body: try await body(head.framing))
        }
    }

    private mutating func body(_ framing: String) async throws -> [UInt8] {
        guard framing != "chunked" else {
            let body = try await read(StrictReading.chunked)
            waiting.removeFirst(body.count)
            return body.data
        }
        let count = try #require(Int(framing), "an answer that ends with \(framing)")
        while waiting.count < count { try await readMore() }
        defer { waiting.removeFirst(count) }
        return Array(waiting[..<count])
    }

    private mutating func read<Facts>(
        _ reader: ([UInt8]) -> StrictReading.Verdict<Facts>
    ) async throws -> Facts {
        while true {
            switch reader(waiting) {
            case .taken(let facts): return facts
            case .refused: throw Refused(bytes: waiting)
            case .unfinished: try await readMore()
            }
        }
    }

    private mutating func readMore() async throws {
        guard let more = try await inbound.next(isolation: #isolation) else {
            throw Refused(bytes: waiting)
        }
        waiting += more.readableBytesView
    }

    /// What came is no answer, or ends too early.
    struct Refused: Error, CustomStringConvertible {
        let bytes: [UInt8]
        var description: String { "no answer: \(text(bytes.prefix(300)).debugDescription)" }
    }
}

/// Keeps nothing.
private struct NoSink: ExchangeSink {
    func take(_ exchange: ForwardedExchange, finished: @escaping @Sendable () -> Void) {
        finished()
    }
}

/// Runs a relay with that many event loops, an agent, and a handler that `answer` makes.
func withRelay(
    loops: Int, handler: @escaping @Sendable () -> any ChannelHandler & Sendable,
    sink: any ExchangeSink = NoSink(), agent change: (inout AgentConfiguration) -> Void = { _ in },
    body: (RunningRelay) async throws -> Void
) async throws {
    let folder = try TemporaryFolder.make()
    let authority = try CertificateAuthority(name: "Relay tests")
    let file = folder + "/ca.pem"
    try authority.credentials.certificatePEM.write(toFile: file, atomically: true, encoding: .utf8)
    let address = RelayConfiguration.Address(host: "127.0.0.1", port: 0)
    var configuration = RelayConfiguration(
        domain: RunningRelay.domain, publicAddress: address, agentAddress: address)
    configuration.isPublicPlain = true
    configuration.loops = loops
    configuration.limits.drainSeconds = 1
    let server = RelayServer(
        configuration, tokens: TokenFile(folder: folder), isOpen: true,
        tls: try RelayServer.Credentials { protocols in
            try TLSContext(server: authority.issue(names: ["127.0.0.1"]), protocols: protocols)
        })
    let handlers = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelOption(.allowRemoteHalfClosure, value: true)
        .childChannelInitializer { $0.pipeline.addHandler(handler()) }
        .bind(host: "127.0.0.1", port: 0).get()
    let destination = try Destination(parsing: "127.0.0.1:\(handlers.localAddress?.port ?? 0)")
    try await withThrowingTaskGroup(of: Void.self) { group in
        let (readiness, isReady) = AsyncStream.makeStream(of: RelayServer.Ready.self)
        group.addTask { try await server.run { isReady.yield($0) } }
        let ready = try #require(await readiness.first { _ in true })
        let (reports, report) = AsyncStream.makeStream(of: Agent.Report.self)
        var agentConfiguration = AgentConfiguration.make(
            ready.agentAddress, trust: .authorities(file: file), destination)
        change(&agentConfiguration)
        let agent = try Agent(agentConfiguration, sink: sink)
        group.addTask {
            defer { report.finish() }
            do { try await agent.run { report.yield($0) } } catch is CancellationError {}
        }
        guard case .ready(let name, _) = await reports.first(where: { _ in true }) else {
            try await group.waitForAll()
            return
        }
        try await body(RunningRelay(server: server, ready: ready, name: name))
        group.cancelAll()
        try await group.waitForAll()
    }
    try await handlers.close()
}

extension AgentConfiguration {
    fileprivate static func make(
        _ relay: RelayConfiguration.Address, trust: TLSContext.Trust, _ destination: Destination
    ) -> AgentConfiguration {
        AgentConfiguration(
            relayHost: relay.host, relayPort: relay.port, relayTrust: trust,
            registration: Registration(agent: "tests"),
            routes: [Route(prefix: "/", target: .handler(destination))])
    }
}
