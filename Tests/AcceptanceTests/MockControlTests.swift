import Callbacks
import Foundation
import Testing

/// What the control API, the settings and the clock of the mock do, from outside.
@Suite(.timeLimit(.minutes(2))) struct MockControlTests {
    private func scenario(_ name: String) async throws -> JSONValue {
        try await withFolder { folder in
            let result = try await Program.run(
                "python3",
                ["\(Program.clients)/mock_control.py", Program.countersign, name, folder.path()],
                in: folder)
            #expect(result.exitCode == 0, "\(result.error)")
            return try JSONValue(parsing: Array(result.output.utf8))
        }
    }

    @Test func `deliveries go wrong as the rules say`() async throws {
        let told = try await scenario("faults")
        #expect(told["duplicate"] == ["sent", "sent", "viewed"])
        #expect(told["drop"] == ["viewed"])
        #expect(told["drop_states"] == ["failed"])
        #expect(told["delay"] == ["viewed"])
        #expect(told["delay_later"] == 2)
        #expect(told["reorder"] == ["viewed", "sent"])
        #expect(told["truncate"] == ["viewed"])
        #expect(told["truncate_later"] == 2)
    }

    @Test func `calls go wrong as the rules say`() async throws {
        let told = try await scenario("trouble")
        #expect(told["statuses"] == [503, 503, 200])
        #expect(told["left"] == 0)
        #expect(told["closed"] == true)
        #expect(told["after"] == 200)
        #expect(told["delay"] == "50ms")
        #expect(try await scenario("outcomes")["events"] == ["unknown_error"])
    }

    @Test func `the clock goes through the whole schedule, each attempt at its time`() async throws
    {
        let told = try await scenario("retries")
        #expect(told["due"] == 1)
        #expect(told["seen"] == [2, 7])
        #expect(told["waits"] == [5, 15, 45, 135, 405, 1215])
        #expect(told["state"] == "failed")
    }

    @Test func `a call waits for what comes, and says what is missing`() async throws {
        let told = try await scenario("wait")
        #expect(told["status"] == 200)
        #expect(told["events"] == ["signature_request_all_signed"])
        #expect(told["late"] == 408)
        #expect(
            told["missing"] == "0 of 2 signature_request_declined acknowledged in time")
    }

    @Test func `equal seeds give equal journals, and so does a reset`() async throws {
        let told = try await scenario("seeds")
        #expect(told["equal"] == true)
        #expect(told["differ"] == true)
        #expect(told["empty"] == [])
        #expect(told["same_ids_behind_reset"] == true)
    }

    @Test func `keys open accounts, and sign their events`() async throws {
        let told = try await scenario("keys")
        #expect(told["signed"] == true)
        #expect(told["right"] == 200)
        #expect(told["wrong"] == 401)
        #expect(told["error"] == "unauthorized")
        #expect(told["anonymous"]?[0] == 401)
        let accounts = try await scenario("accounts")
        #expect(accounts["status"] == 200)
        #expect(accounts["unpaid"] == [402, "payment_required"])
        #expect(accounts["unknown"] == 401)
        #expect(accounts["reported_apart"] == true)
    }

    @Test func `an app's URL gets its events, and a switch decides about the account's`()
        async throws
    {
        let told = try await scenario("apps")
        #expect(told["both"] == [1, 1])
        #expect(told["account"] == [1, 0])
        #expect(told["app"] == [0, 1])
    }

    @Test func `a restart goes on, and a second mock is kept out of the folder`() async throws {
        let told = try await scenario("restart")
        #expect(told["status"] == 200)
        #expect(told["title"] == "Control")
        #expect(told["crowd"] == [2, "error: CS-1308"])
    }

    @Test func `rate limits hold when asked for, and the headers are always there`() async throws {
        let told = try await scenario("limits")
        #expect(told["header"] == "100")
        #expect(told["good"] == 100)
        #expect(told["refused"] == 2)
        #expect(told["later"] == 200)
    }

    @Test func `pages of other sites may not control the mock`() async throws {
        let told = try await scenario("guarded")
        #expect(told["own"] == 200)
        #expect(told["own_origin"] == 200)
        #expect(told["origin"] == 403)
        #expect(told["host"] == 403)
        #expect(told["without_token"] == 401)
        #expect(told["with_token"] == 200)
    }

    @Test func `no key is in an exchange or a line of output`() async throws {
        let told = try await scenario("secrets")
        #expect(told["exchanges"] == false)
        #expect(told["output"] == false)
        #expect(told["events"] == ["signature_request_sent"])
    }

    @Test func `the stream tells of what happens, and ends with the mock`() async throws {
        let told = try await scenario("stream")
        #expect(told["names"] == ["exchange", "attempt", "clock"])
        #expect(told["exit"] == 143)
    }

    @Test func `a reset waits for the attempt under way`() async throws {
        let told = try await scenario("reset")
        #expect(told["events"] == "signature_request_sent")
        #expect(told["meanwhile"] == true)
        #expect(told["exit"] == 143)
    }

    @Test func `time does not go back behind a kill`() async throws {
        let told = try await scenario("kept_clock")
        #expect(told["kept"] == true)
        #expect(told["ordered"] == true)
        #expect(
            told["events"] == [
                "signature_request_sent", "signature_request_viewed", "signature_request_signed",
                "signature_request_downloadable", "signature_request_all_signed",
            ])
    }

    @Test func `what signers did is not undone, and what was promised comes`() async throws {
        let told = try await scenario("races")
        #expect(told["cancel"] == 200)
        #expect(told["sign_canceled"] == 410)
        #expect(told["canceled"] == "signature_request_canceled")
        #expect(told["claim"] == 409)
        #expect(told["complete"] == true)
        #expect(told["twins"] == [200, 2, true])
        #expect(told["update"] == [200, "template_error", true])
        #expect(told["old_template"] == 200)
        #expect(told["misplaced"] == "signature_request_invalid")
    }

    @Test func `what the control API does not know it refuses`() async throws {
        let told = try await scenario("strict")
        #expect(told["statuses"] == [400, 400, 400, 400, 400, 400, 400, 400, 404, 404])
    }
}
