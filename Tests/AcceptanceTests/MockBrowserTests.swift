import Callbacks
import Foundation
import Testing

/// The pages in a real browser, with a host page that plays the official embedded client.
@Suite(.serialized, .timeLimit(.minutes(3))) struct MockBrowserTests {
    private static let isThere =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
        .contains { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(arguments: [
        "sign", "required_field", "presets", "no_pictures", "without_programs", "decline",
        "reassign", "pin", "used_link", "wrong_client_id", "foreign_domain", "verify_domain",
        "cancel", "configure_no_cancel", "redirect", "template", "request", "mailed", "oauth",
        "xss",
    ])
    func `a page does what the embedded client expects`(_ scenario: String) async throws {
        guard Self.isThere else {
            print("skipped: no Chromium is there to show pages")
            return
        }
        try await withFolder { folder in
            let result = try await Program.run(
                "python3",
                ["\(Program.clients)/mock_browser.py", Program.countersign, scenario], in: folder)
            #expect(result.exitCode == 0, "\(result.error)")
            let told = try JSONValue(parsing: Array(result.output.utf8))
            #expect(told["failures"] == [])
        }
    }
}
