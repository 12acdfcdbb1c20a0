import Callbacks
import Fixtures
import Foundation
import Journal
import Synchronization
import Testing

@testable import MockAPI

/// The mock as a running thing: time, the journal, and many callers at once.
@Suite(.timeLimit(.minutes(1))) struct MockServiceTests {
    private func signatureID(_ request: JSONValue, _ index: Int = 0) throws -> String {
        try #require(request["signatures"]?[index]?["signature_id"]?.string)
    }

    private func id(_ request: JSONValue) throws -> String {
        try #require(request["signature_request_id"]?.string)
    }

    // MARK: - Time

    @Test func `a job is done when it is due, and not before`() async throws {
        let mock = try await RunningMock()
        _ = try await mock.send()
        #expect(mock.service.nextDue == mock.clock.now + 250)
        mock.clock.advance(by: 249)
        await mock.service.settle()
        #expect(mock.types == [])
        mock.clock.advance(by: 1)
        await mock.service.settle()
        #expect(mock.types == [.signatureRequestSent])
        #expect(mock.service.nextDue == nil)
    }

    @Test func `the clock wakes it, without anybody asking`() async throws {
        let mock = try await RunningMock()
        _ = try await mock.send()
        mock.clock.advance(by: 250)
        for await event in mock.stream {
            #expect(event.delivery.event.type == .signatureRequestSent)
            break
        }
    }

    @Test func `what was due on the way happens at its own time, in order`() async throws {
        let mock = try await RunningMock()
        let start = mock.clock.now
        let expiry = start / 1000 + 2 * 86_400
        let request = try await mock.send(signers: 1, [("expires_at", "\(expiry)")])
        mock.clock.advance(by: 100)
        _ = try await mock.send(title: "Second")
        mock.clock.advance(by: 10 * 86_400_000)
        await mock.service.settle()
        #expect(
            mock.types == [
                .signatureRequestSent, .signatureRequestSent, .signatureRequestExpired,
            ])
        let expired = try #require(request["expires_at"]?.integer)
        let times = [(start + 250) / 1000, (start + 350) / 1000, Int64(expired)]
        #expect(mock.events.all.map(\.delivery.event.time) == times.map(String.init))
        let created = try await mock.journal.deliveries().map(\.createdAt)
        #expect(created == [start + 250, start + 350, Int64(expired) * 1000])
    }

    @Test func `a request that went another way is not processed`() async throws {
        let mock = try await RunningMock()
        let id = try id(try await mock.send())
        _ = try await mock.service.fail(id, .unknownError, "as asked")
        mock.clock.advance(by: 250)
        await mock.service.settle()
        #expect(mock.types == [.unknownError])
        #expect(
            try await mock.call("GET", "/signature_request/\(id)").json["signature_request"]?[
                "has_error"] == true)
    }

    @Test func `a damaged document is told of by an event`() async throws {
        let mock = try await RunningMock()
        _ = try await mock.send(file: Array("%PDF-1.4 and no end".utf8))
        mock.clock.advance(by: 250)
        await mock.service.settle()
        #expect(mock.types == [.fileError])
        let payload = try JSONValue(parsing: mock.events.all[0].delivery.event.payload)
        #expect(
            payload["event"]?["event_metadata"]?["event_message"]
                == "a.pdf: The PDF is damaged: it has no end")
    }

    @Test func `a call has the events that it caused, also those that came later`() async throws {
        let mock = try await RunningMock()
        let request = try await mock.sendAndProcess()
        _ = try await mock.call(
            "POST", "/signature_request/remind/\(id(request))",
            ["email_address": "s0@example.com"])
        let exchanges = mock.service.exchanges(after: 0, limit: 10)
        #expect(exchanges.map(\.operation) == ["signatureRequestSend", "signatureRequestRemind"])
        #expect(exchanges.map(\.events) == [[.signatureRequestSent], [.signatureRequestRemind]])
    }

    // MARK: - The journal

    @Test func `an event's delivery is in the journal before anybody hears of it`() async throws {
        let mock = try await RunningMock()
        let request = try await mock.sendAndProcess(signers: 2)
        _ = try await mock.service.act(.view, try signatureID(request))
        _ = try await mock.service.act(.sign(values: JSONObject()), try signatureID(request))
        let records = try await mock.journal.deliveries()
        #expect(records.map(\.delivery) == mock.events.all.map(\.delivery))
        #expect(
            mock.types == [
                .signatureRequestSent, .signatureRequestViewed, .signatureRequestSigned,
                .signatureRequestDownloadable,
            ])
        #expect(records.allSatisfy { $0.delivery.event.signatureRequestID != nil })
        #expect(Set(mock.events.all.map(\.subject)) == [try id(request)])
        for event in mock.events.all {
            let callback = try Callback(json: event.delivery.event.payload)
            #expect(callback.isAuthentic(apiKey: "key"))
        }
        let origins = mock.service.origins(of: mock.events.all.map(\.delivery))
        #expect(origins.map(\.apiKey) == ["key", "key", "key", "key"])
        #expect(origins.map(\.subject) == mock.events.all.map(\.subject))
    }

    @Test func `a second run over the same journal goes on where the first was`() async throws {
        let first = try await RunningMock()
        let request = try await first.sendAndProcess(signers: 2)
        _ = try await first.service.act(.view, try signatureID(request))
        _ = try await first.call("POST", "/team/create", ["name": "Team"])
        let waiting = try await first.send(title: "Waiting")
        let answers = try await first.call("GET", "/signature_request/list")

        let second = try await RunningMock(journal: first.journal, clock: first.clock)
        #expect(try await second.call("GET", "/signature_request/list") == answers)
        let (before, after) = (first.service.state, second.service.state)
        #expect(after.requests.all == before.requests.all)
        #expect(after.accounts.all == before.accounts.all)
        #expect(after.teams.all == before.teams.all)
        #expect(after.jobs.all.map(\.task) == before.jobs.all.map(\.task))
        #expect(after.files.all == before.files.all)
        #expect(second.service.nextDue == first.service.nextDue)

        // What the first left to be done is done once, and new ids are new.
        second.clock.advance(by: 250)
        await second.service.settle()
        #expect(second.types == [.signatureRequestSent])
        #expect(second.events.all.map(\.subject) == [try id(waiting)])
        _ = try await second.service.act(.sign(values: JSONObject()), try signatureID(request))
        let ids = Set([try id(request), try id(waiting), try id(try await second.send())])
        #expect(ids.count == 3)
    }

    @Test func `rows keep their order from run to run`() async throws {
        var settings = RunningMock.settings
        settings.accounts = (0..<8).map {
            MockSettings.Account(emailAddress: "a\($0)@example.com", apiKeys: ["key\($0)"])
        }
        let first = try await RunningMock(settings)
        let requests = try await [first.send(title: "1"), first.send(title: "2")]
        for number in 0..<200 { _ = try await first.send(title: "more \(number)") }
        let second = try await RunningMock(settings, journal: first.journal, clock: first.clock)
        let (before, after) = (first.service.state, second.service.state)
        #expect(after.accounts.all.map(\.emailAddress) == settings.accounts.map(\.emailAddress))
        #expect(after.defaultAccount == before.defaultAccount)
        #expect(after.requests.all.map(\.id) == before.requests.all.map(\.id))
        #expect(try after.requests.first?.id == id(requests[0]))
        // What comes behind it is behind it in the next run, too.
        let last = try await second.send(title: "last")
        let third = try await RunningMock(settings, journal: first.journal, clock: first.clock)
        #expect(
            try third.service.state.requests.all.map(\.id) == before.requests.all.map(\.id) + [
                id(last)
            ])
    }

    @Test func `the clock goes on where it was, with the time that passed or without`() async throws
    {
        let first = try await RunningMock()
        #expect(first.service.clockToGoOnFrom(realTime: 0, runs: true) == nil)
        first.clock.advance(by: 5000)
        try await first.service.keepClock(realTime: 1_000_000)
        let second = try await RunningMock(journal: first.journal)
        let time = first.clock.now
        #expect(second.service.clockToGoOnFrom(realTime: 1_000_300, runs: true) == time + 300)
        #expect(second.service.clockToGoOnFrom(realTime: 1_000_300, runs: false) == time)
        #expect(second.service.clockToGoOnFrom(realTime: 900_000, runs: true) == time)
    }

    @Test func `a call that fails leaves nothing`() async throws {
        let mock = try await RunningMock()
        let request = try await mock.sendAndProcess()
        let (rows, known) = (try await mock.rows(), mock.service.state.requests.all)
        let failing: [(APIRequest, Int)] = [
            (
                Mock.form(
                    "/signature_request/send", files: [("b.pdf", Array("other".utf8))],
                    fields: [
                        ("signers[0][name]", "Lee"), ("signers[0][email_address]", "l@example.com"),
                        ("signers[0][pin]", "1"),
                    ]), 400
            ),
            (
                APIRequest(
                    method: "POST", path: "/signature_request/release_hold/\(try id(request))"), 400
            ),
            (APIRequest(method: "DELETE", path: "/account"), 405),
            (APIRequest(method: "GET", path: "/nowhere"), 404),
        ]
        for (request, status) in failing {
            #expect(try await mock.call(request).status == status, "\(request.path)")
        }
        await #expect(throws: APIError.self) { try await mock.service.act(.view, "unknown") }
        await #expect(throws: APIError.self) {
            try await mock.service.act(.decline(reason: nil), try signatureID(request))
        }
        #expect(try await mock.rows() == rows)
        #expect(mock.service.state.requests.all == known)
        #expect(mock.types == [.signatureRequestSent])
        #expect(mock.service.nextDue == nil)
    }

    @Test func `a change that fails half way is taken back`() async throws {
        let mock = try await RunningMock()
        let request = try await mock.sendAndProcess()
        let (id, rows) = (try id(request), try await mock.rows())
        let before = mock.service.state
        let error = await #expect(throws: APIError.self) {
            try await mock.service.change { state throws(APIError) in
                _ = try state.keep(UploadedFile(name: "a.txt", bytes: [1, 2, 3]))
                state.schedule(.cancelRequest(id), at: 0)
                state.accounts[state.defaultAccount?.id ?? ""] = nil
                _ = state.identifier()
                if let request = state.requests[id] { try state.move(request, .cancel, now: 0) }
                throw APIError(.unknown, "half way")
            }
        }
        #expect(error?.name == .unknown)
        let after = mock.service.state
        #expect(after.requests.all == before.requests.all)
        #expect(after.accounts.all == before.accounts.all)
        #expect(after.files.all == before.files.all)
        #expect(after.jobs.all.isEmpty)
        #expect(mock.service.nextDue == nil)
        #expect(try await mock.rows() == rows)
        #expect(mock.types == [.signatureRequestSent])
        // What comes next is as if that had not been.
        _ = try await mock.service.act(.sign(values: JSONObject()), try signatureID(request))
        #expect(mock.types.last == .signatureRequestAllSigned)
    }

    @Test func `a journal that fails is told of, and nothing is reported`() async throws {
        let mock = try await RunningMock()
        let request = try await mock.sendAndProcess()
        try mock.journal.close()
        #expect(try await mock.call("POST", "/team/create", ["name": "T"]).status == 503)
        await #expect(throws: APIError.self) {
            try await mock.service.act(.view, try signatureID(request))
        }
        #expect(mock.failures.all.count == 2)
        #expect(mock.types == [.signatureRequestSent])
    }

    @Test func `a reset begins again with the same seed`() async throws {
        let mock = try await RunningMock()
        let first = try await mock.sendAndProcess()
        _ = try await mock.send()
        try await mock.service.reset {}
        #expect(mock.service.nextDue == nil)
        #expect(try await mock.journal.deliveries().isEmpty)
        #expect(mock.service.exchanges(after: 0, limit: 10).isEmpty)
        #expect(
            try await mock.call("GET", "/signature_request/list").json["list_info"]?["num_results"]
                == 0)
        let again = try await mock.sendAndProcess()
        #expect(try id(again) == id(first))
        #expect(mock.types == [.signatureRequestSent, .signatureRequestSent])
    }

    // MARK: - Many callers

    @Test func `of many who sign at once exactly one does`() async throws {
        let mock = try await RunningMock()
        let signature = try signatureID(try await mock.sendAndProcess())
        let service = mock.service
        let refusals = await withTaskGroup(of: APIError?.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    do throws(APIError) {
                        _ = try await service.act(.sign(values: JSONObject()), signature)
                        return nil
                    } catch { return error }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(refusals.count { $0 == nil } == 1)
        #expect(
            refusals.compactMap { $0?.name } == [APIError.Name](repeating: .badRequest, count: 49))
        #expect(
            mock.types == [
                .signatureRequestSent, .signatureRequestSigned, .signatureRequestDownloadable,
                .signatureRequestAllSigned,
            ])
    }

    @Test func `many calls at once have ids of their own, and their events keep an order`()
        async throws
    {
        let mock = try await RunningMock()
        let requests = try await withThrowingTaskGroup(of: JSONValue.self) { group in
            for number in 0..<40 { group.addTask { try await mock.send(title: "\(number)") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(try requests.map(id)).count == 40)
        mock.clock.advance(by: 250)
        await mock.service.settle()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for request in requests {
                let signature = try signatureID(request)
                group.addTask { _ = try await mock.service.act(.view, signature) }
                group.addTask {
                    _ = try await mock.service.act(.sign(values: JSONObject()), signature)
                }
            }
            // A view may come behind the signature, and is refused then.
            while let result = await group.nextResult() {
                if case .failure(let error) = result { #expect(error is APIError) }
            }
        }
        let records = try await mock.journal.deliveries(DeliveryFilter(limit: 1000))
        #expect(records.map(\.delivery) == mock.events.all.map(\.delivery))
        for request in requests {
            let id = try id(request)
            let own = mock.events.all.filter { $0.subject == id }.map(\.delivery.event.type)
            #expect(
                own.filter { $0 != .signatureRequestViewed } == [
                    .signatureRequestSent, .signatureRequestSigned, .signatureRequestDownloadable,
                    .signatureRequestAllSigned,
                ])
        }
    }

    // MARK: - Trouble

    @Test func `too many events that wait are a reason to refuse changes, not questions`()
        async throws
    {
        let mock = try await RunningMock(isFull: { true })
        #expect(try await mock.call("POST", "/team/create", ["name": "T"]).status == 503)
        #expect(try await mock.call("GET", "/account").status == 200)
    }

    @Test func `rules hit calls before anything is done`() async throws {
        let mock = try await RunningMock()
        let rows = try await mock.rows()
        _ = mock.service.add(
            FaultRule<Trouble>(pattern: "team*", effect: .error(.maintenance), count: 1))
        _ = mock.service.add(FaultRule<Trouble>(pattern: "team*", effect: .reset, count: 2))
        var statuses: [Int] = []
        for _ in 0..<3 {
            statuses.append(try await mock.call("POST", "/team/create", ["name": "T"]).status)
        }
        #expect(statuses == [503, 0, 200])
        #expect(try await mock.rows().count == rows.count + 1)
    }

    @Test func `limits hold where they are asked for`() async throws {
        var settings = RunningMock.settings
        settings.enforcesRateLimits = true
        let mock = try await RunningMock(settings)
        for _ in 0..<10 { #expect(try await mock.send()["title"] == "NDA") }
        #expect(try await mock.send() == .null)
        let last = try #require(mock.service.exchanges(after: 0, limit: 1).first)
        #expect(last.status == 429)
        mock.clock.advance(by: 60_000)
        #expect(try await mock.send()["title"] == "NDA")
    }
}

extension MockService {
    /// A copy of what it knows.
    fileprivate var state: MockState { shared.withLock { $0.state } }
}
