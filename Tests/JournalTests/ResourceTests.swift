import Foundation
import Journal
import Synchronization
import Testing

/// The mock's state in the journal, and the deliveries that its changes cause.
@Suite(.timeLimit(.minutes(1))) struct ResourceTests {
    private func change(_ number: Int64, _ id: String, _ body: String?) -> ResourceChange {
        ResourceChange(number: number, kind: "kind", id: id, body: body.map { Data($0.utf8) })
    }

    @Test func `commits and calls back in the order of the calls`() async throws {
        let journal = try Journal.inMemory()
        let told = Mutex<[Int]>([])
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        for number in 0..<300 {
            journal.submit(
                { [self] in [change(Int64(number), "\(number)", "x")] },
                [.make(payload: "\(number)")], waits: [], now: now
            ) { result in
                #expect((try? result.get()) == [Int64(number + 1)])
                told.withLock { $0.append(number) }
                if number == 299 { end.yield() }
            }
        }
        for await _ in ends { break }
        #expect(told.withLock { $0 } == Array(0..<300))
        #expect(try await journal.resources().map(\.id) == (0..<300).map(String.init))
        let payloads = try await journal.deliveries(DeliveryFilter(limit: 300)).map {
            String(decoding: $0.delivery.event.payload, as: UTF8.self)
        }
        #expect(payloads == (0..<300).map(String.init))
    }

    @Test func `rows are in the order of their numbers, whenever they are written`() async throws {
        let journal = try Journal.inMemory()
        try await journal.put([change(7, "c", "1"), change(2, "a", "1"), change(3, "b", "1")])
        try await journal.put([change(3, "b", "2"), change(1 << 40, "d", "1")])
        #expect(
            try await journal.resources() == [
                change(2, "a", "1"), change(3, "b", "2"), change(7, "c", "1"),
                change(1 << 40, "d", "1"),
            ])
        try await journal.put([change(2, "a", nil), change(99, "nobody", nil)])
        try await journal.put([change(8, "a", "again")])
        #expect(try await journal.resources().map(\.id) == ["b", "c", "a", "d"])
    }

    @Test func `deliveries are due at once, with their retries`() async throws {
        let journal = try Journal.inMemory()
        let ids = try await journal.put([], [.make(), .make()], waits: [1000, 2000])
        #expect(ids == [1, 2])
        let records = try await journal.deliveries()
        #expect(records.map(\.nextAttemptAt) == [now, now])
        #expect(records.map(\.waits) == [[1000, 2000], [1000, 2000]])
        #expect(records.map(\.attempts) == [0, 0])
        #expect(try await journal.adoptUnfinished(now: now).map(\.id) == [1, 2])
    }

    @Test func `what cannot be delivered leaves no change either`() async throws {
        var limits = JournalConfiguration.Limits()
        limits.payloadBytes = 4
        let journal = try Journal.inMemory(limits)
        try await journal.put([change(1, "a", "1")], [.make(payload: "four")])
        let error = await #expect(throws: JournalError.self) {
            try await journal.put(
                [change(1, "a", "2"), change(2, "b", "2")], [.make(), .make(payload: "fives")])
        }
        #expect(error?.code == .tooLarge)
        #expect(try await journal.resources() == [change(1, "a", "1")])
        #expect(try await journal.deliveries().count == 1)
    }

    @Test func `rows that cannot be made leave no delivery, and are told of`() async throws {
        struct Surprise: Error {}
        let journal = try Journal.inMemory()
        let error = await #expect(throws: JournalError.self) {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<[Int64], any Error>) in
                journal.submit({ throw Surprise() }, [.make()], waits: [], now: now) {
                    continuation.resume(with: $0.mapError { $0 as any Error })
                }
            }
        }
        #expect(error?.code == .failed)
        #expect(try await journal.deliveries().isEmpty)
    }

    @Test func `a closed journal tells every caller`() async throws {
        let journal = try Journal.inMemory()
        try journal.close()
        await #expect(throws: JournalError.self) { try await journal.put([change(1, "a", "1")]) }
    }

    @Test func `clearing lets go of everything, and numbers begin again`() async throws {
        let journal = try Journal.inMemory()
        try await journal.put([change(1, "a", "1")], [.make()])
        try await journal.attempt(.make(), .refused, then: .retry(at: now + 9))
        try await journal.clear()
        #expect(try await journal.resources().isEmpty)
        #expect(try await journal.deliveries().isEmpty)
        #expect(try await journal.attempts(of: 2).isEmpty)
        #expect(try await journal.adoptUnfinished(now: now).isEmpty)
        #expect(try await journal.put([], [.make()]) == [1])
    }

    @Test func `a folder's state is one mock's, until that lets go of it`() async throws {
        try await withFolder { path in
            let configuration = JournalConfiguration(storage: .folder(path))
            // Locks belong to open files, so a second journal stands for a second process.
            let (first, second) = (try Journal(configuration), try Journal(configuration))
            do {
                let claim = try #require(try first.claimState())
                let error = #expect(throws: JournalError.self) { try second.claimState() }
                #expect(error?.code == .inUse)
                #expect(error?.path == path)
                withExtendedLifetime(claim) {}
            }
            let claim = try #require(try second.claimState())
            #expect(throws: JournalError.self) { try first.claimState() }
            withExtendedLifetime(claim) {}
            try first.close()
            try second.close()
        }
        #expect(try Journal.inMemory().claimState() == nil)
    }
}

extension Journal {
    /// Writes, and returns behind the commit.
    @discardableResult
    fileprivate func put(
        _ changes: [ResourceChange], _ deliveries: [NewDelivery] = [], waits: [Int64] = []
    ) async throws -> [Int64] {
        try await withCheckedThrowingContinuation { continuation in
            submit({ changes }, deliveries, waits: waits, now: now) {
                continuation.resume(with: $0.mapError { $0 as any Error })
            }
        }
    }
}
