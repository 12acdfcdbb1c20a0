import Callbacks
import Foundation
import Testing

/// What happens in the mock over time, told from outside.
@Suite(.timeLimit(.minutes(3))) struct MockStoryTests {
    private func story(_ scenario: String) async throws -> JSONValue {
        try await script("mock_story.py", scenario)
    }

    private func script(_ name: String, _ arguments: String...) async throws -> JSONValue {
        try await withFolder { folder in
            let result = try await Program.run(
                "python3", ["\(Program.clients)/\(name)", Program.countersign] + arguments,
                in: folder)
            #expect(result.exitCode == 0, "\(result.error)")
            return try JSONValue(parsing: Array(result.output.utf8))
        }
    }

    @Test func `the article's story, from create to the final copy`() async throws {
        let told = try await story("good")
        #expect(told["status"] == 200)
        #expect(told["early_sign_url"] == 409)
        #expect(told["early_files"] == 409)
        #expect(told["events_before"] == 0)
        #expect(told["sign_url"] == 200)
        #expect(told["page"] == 200)
        #expect(told["page_again"] == 410)
        #expect(told["sign"] == 200)
        #expect(
            told["events"] == [
                "signature_request_sent", "signature_request_viewed", "sign_url_invalid",
                "signature_request_signed", "signature_request_downloadable",
                "signature_request_all_signed",
            ])
        #expect(
            told["states"] == [
                [false, "awaiting_signature"], [false, "awaiting_signature"],
                [false, "awaiting_signature"], [false, "signed"], [false, "signed"],
                [true, "signed"],
            ])
        let (draft, final) = (told["draft"]?.string ?? "", told["final"]?.string ?? "")
        #expect(final.contains("LEGALLY"))
        #expect(!draft.contains("Completed") && draft.contains("Out for signature"))
        #expect(final.contains("An agreement about callbacks"))
        #expect(final.contains("Audit trail") && final.contains("Status Completed"))
    }

    @Test func `a copy outside of test mode has the signature and no watermark`() async throws {
        let told = try await story("untested")
        let (draft, final) = (told["draft"]?.string ?? "", told["final"]?.string ?? "")
        #expect(!draft.contains("SIGNED") && final.contains("SIGNED"))
        // The signature stands on the page itself, the signer's name in the audit trail behind it.
        let pages = final.split(separator: "Audit trail", maxSplits: 1)
        #expect(pages[0].contains("Ann Author") && pages[1].contains("Ann Author"))
        #expect(!draft.split(separator: "Audit trail")[0].contains("Ann Author"))
        #expect(!final.contains("LEGALLY"))
    }

    @Test(arguments: [("malformed", "'perhaps'"), ("missing", "signer 3")])
    func `a bad tag is told of by file_error, and nothing is sent`(
        _ scenario: (name: String, words: String)
    ) async throws {
        let told = try await story(scenario.name)
        #expect(told["status"] == 200)
        #expect(told["events"] == ["file_error"])
        #expect(told["message"]?.string?.contains(scenario.words) == true)
        #expect(told["has_error"] == true)
        #expect(told["statuses"] == ["error_file"])
        #expect(told["files"] == 409)
    }

    @Test(arguments: [1, 120, 400])
    func `kill -9 in the middle of 100 parallel creates loses nothing that was acknowledged`(
        _ creates: Int
    ) async throws {
        try await withFolder { folder in
            let data = folder.appending(path: "data").path()
            let told = try await script("mock_crash.py", data, "\(creates)")
            #expect((told["acknowledged"]?.integer ?? 0) >= creates)
            #expect(told["missing"] == [])
            #expect(told["disordered"] == [])
            #expect(told["exit"] == 143)
        }
    }
}
