import NIOCore
import NIOPosix
import TestSupport
import Testing
import Yamux

/// Sessions with the library that others use, over a connection of loopback.
@Suite(.serialized, .timeLimit(.minutes(2))) struct InteropTests {
    static let roles: [YamuxSession.Role] = [.client, .server]

    /// A session, and the channel that it lives on.
    struct Connected: Sendable {
        let channel: any Channel
        let handler: SessionHandler

        /// Runs `body` where the session lives, and waits for what it says.
        func callAsFunction<Result: Sendable>(
            _ body: @escaping @Sendable (SessionHandler) -> EventLoopFuture<Result>
        ) async throws -> Result {
            try await channel.eventLoop.flatSubmit { [handler] in body(handler) }.get()
        }

        /// Ends as a good peer does.
        func leave() async throws {
            try await self { $0.leave() }
            #expect(handler.violation == nil)
        }
    }

    /// Runs a scenario of the peer against a session of ours in that role.
    ///
    /// - Returns: What the peer found; `nil` where there is no peer.
    func meet(
        _ scenario: String, _ role: YamuxSession.Role, isEcho: Bool = false,
        _ body: (Connected) async throws -> Void
    ) async throws -> [String]? {
        guard let program = try await GoPeer.built() else { return nil }
        let group = MultiThreadedEventLoopGroup.singleton
        @Sendable func setUp(_ channel: any Channel) -> EventLoopFuture<Connected> {
            channel.eventLoop.makeCompletedFuture {
                let handler = SessionHandler(role) { handler, stream in
                    _ = AnsweringStream(handler, stream, isEcho: isEcho)
                }
                try channel.pipeline.syncOperations.addHandler(handler)
                return Connected(channel: channel, handler: handler)
            }
        }
        if role == .client {
            return try await GoPeer.run(program, ["-listen", scenario]) { lines in
                let first = await lines.next(isolation: #isolation)
                let line = try #require(first)
                let port = try #require(Int(line.dropFirst("port ".count)), "\(line)")
                let connected = try await ClientBootstrap(group: group)
                    .connect(host: "127.0.0.1", port: port, channelInitializer: setUp)
                try await body(connected)
            }
        }
        let accepted = group.any().makePromise(of: Connected.self)
        let server = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                let connected = setUp(channel)
                accepted.completeWith(connected)
                return connected.map { _ in }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = server.localAddress?.port ?? 0
        let found = try await GoPeer.run(program, ["-dial", "127.0.0.1:\(port)", scenario]) { _ in
            try await body(accepted.futureResult.get())
        }
        try await server.close()
        return found
    }

    @Test(
        arguments: ["open", "halfclose", "reset", "exhaust", "ping", "goaway"], roles)
    func `what the peer opens is answered as it wants`(
        scenario: String, role: YamuxSession.Role
    ) async throws {
        let found = try await meet(scenario, role, isEcho: scenario == "open") { connected in
            // The peer ends the connection.
            try await connected.channel.closeFuture.get()
            #expect(connected.handler.violation == nil)
            let left = try await connected.channel.eventLoop.submit {
                connected.handler.session.streamCount
            }.get()
            #expect(left == 0)
        }
        #expect([nil, ["ok \(scenario)"]].contains(found))
    }

    @Test(arguments: roles)
    func `a hundred streams come back whole`(role: YamuxSession.Role) async throws {
        var numbers = SeededNumbers(seed: 1)
        let window = YamuxConfiguration.initialWindow
        let sizes =
            [0, 1, window - 1, window, window + 1, 2 << 20]
            + (0..<94).map { _ in numbers.number(in: 0...400_000) }
        let found = try await meet("echo", role) { connected in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, size) in sizes.enumerated() {
                    group.addTask {
                        let sent = noise(size, seed: index)
                        let outcome = try await connected { $0.open("", sent) }
                        #expect(outcome == .ended(sent), "stream \(index) of \(size) octets")
                    }
                }
                try await group.waitForAll()
            }
            try await connected.leave()
        }
        #expect([nil, ["ok echo"]].contains(found))
    }

    @Test(arguments: roles)
    func `one side ends, and the other still has much to say`(
        role: YamuxSession.Role
    ) async throws {
        let found = try await meet("answer", role) { connected in
            for count in [0, 1, 1000, YamuxConfiguration.initialWindow + 1, 3 << 20] {
                let answered = try await connected { $0.open("answer \(count) 7") }
                #expect(answered == .ended(noise(count, seed: 7)), "answer \(count)")
                let early = try await connected {
                    $0.open("early k\(count) \(count) 8", noise(2 * count, seed: 9))
                }
                #expect(early == .ended(noise(count, seed: 8)), "early \(count)")
                let told = try await connected { $0.open("told k\(count)") }
                guard case .ended(let tally) = told else {
                    Issue.record("no tally: \(told)")
                    continue
                }
                #expect(String(decoding: tally, as: UTF8.self).hasPrefix("\(2 * count) "))
            }
            try await connected.leave()
        }
        #expect([nil, ["ok answer"]].contains(found))
    }

    @Test(arguments: roles)
    func `streams are killed by either side, and the others go on`(
        role: YamuxSession.Role
    ) async throws {
        let megabyte = 1 << 20
        let found = try await meet("answer", role) { connected in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<10 {
                    group.addTask {
                        let sent = noise(4 * megabyte, seed: index)
                        let peers = try await connected { $0.open("reset \(index * 70_000)", sent) }
                        #expect(peers == .reset(isOurs: false))
                    }
                    group.addTask {
                        let ours = try await connected {
                            $0.open("answer \(2 * megabyte) 1", resetsBehind: 1 + index * 100_000)
                        }
                        #expect(ours == .reset(isOurs: true))
                    }
                    group.addTask {
                        let sent = noise(megabyte + index, seed: index)
                        let echo = try await connected { $0.open("echo", sent) }
                        #expect(echo == .ended(sent))
                    }
                }
                try await group.waitForAll()
            }
            try await connected.leave()
        }
        #expect([nil, ["ok answer"]].contains(found))
    }

    @Test(arguments: roles)
    func `streams that the peer does not read hold up no others`(
        role: YamuxSession.Role
    ) async throws {
        let found = try await meet("answer", role) { connected in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let sent = noise(2 << 20, seed: 1)
                for _ in 0..<5 {
                    group.addTask {
                        let held = try await connected { $0.open("hold", sent) }
                        #expect(held == .ended(sent))
                    }
                }
                for index in 0..<10 {
                    let beside = noise(500_000, seed: index)
                    let echo = try await connected { $0.open("echo", beside) }
                    #expect(echo == .ended(beside))
                }
                let released = try await connected { $0.open("release") }
                #expect(released == .ended(Array("ok\n".utf8)))
                try await group.waitForAll()
            }
            try await connected.leave()
        }
        #expect([nil, ["ok answer"]].contains(found))
    }

    @Test(arguments: roles)
    func `pings are answered, and behind the peer's farewell nothing is opened`(
        role: YamuxSession.Role
    ) async throws {
        let found = try await meet("answer", role) { connected in
            for value in [0, 1, .max] as [UInt32] { try await connected { $0.ping(value) } }
            let gone = try await connected { $0.open("goaway") }
            #expect(gone == .ended(Array("gone\n".utf8)))
            let refused = try await connected { $0.open("echo") }
            #expect(refused == .refused)
            try await connected.leave()
        }
        #expect([nil, ["ok answer"]].contains(found))
    }
}
