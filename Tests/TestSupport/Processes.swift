package import Foundation

extension Process {
    /// Runs it to its end; returns its exit code.
    package func runToEnd() async throws -> Int32 {
        try await withCheckedThrowingContinuation { continuation in
            terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try run() } catch {
                terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
    }
}

extension FileHandle {
    /// The lines that a program writes, as they come; one without an end is not given.
    package var lines: AsyncStream<String> {
        let lines = AsyncStream<String>.makeStream()
        DispatchQueue(label: "lines").async {
            var rest = Data()
            while case let data = self.availableData, !data.isEmpty {
                rest += data
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    lines.continuation.yield(String(decoding: rest[..<end], as: UTF8.self))
                    rest = Data(rest[(end + 1)...])
                }
            }
            lines.continuation.finish()
        }
        return lines.stream
    }
}
