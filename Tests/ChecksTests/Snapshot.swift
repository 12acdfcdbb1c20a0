import Foundation
import Testing

/// Compares `text` with a file beside the tests.
///
/// With `RECORD_SNAPSHOTS=1` the file is written anew, and the test fails so that nobody forgets it.
func expectSnapshot(
    _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Snapshots").appendingPathComponent(name)
    if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
        try text.write(to: file, atomically: true, encoding: .utf8)
        Issue.record("recorded \(name)", sourceLocation: sourceLocation)
        return
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    let (lines, expectedLines) = (text.split(separator: "\n"), expected.split(separator: "\n"))
    let different = zip(lines, expectedLines).first { $0 != $1 }
    #expect(
        text == expected,
        "\(name) differs: \(different.map { "'\($0)' in place of '\($1)'" } ?? "in length")",
        sourceLocation: sourceLocation)
}
