import Foundation
import Testing

/// The repository's own files, for tests that keep them true.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Compares a file of the repository; with `RECORD_SNAPSHOTS=1` writes it, and fails.
    static func expect(
        _ text: String, inFile path: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let file = root.appending(path: path)
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try Data(text.utf8).write(to: file)
            Issue.record("recorded \(path); run again without it", sourceLocation: sourceLocation)
            return
        }
        let kept = try String(contentsOf: file, encoding: .utf8)
        #expect(kept == text, "\(path) is out of date", sourceLocation: sourceLocation)
    }
}
