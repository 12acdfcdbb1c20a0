import Callbacks
import Foundation
import Journal

/// A moment, in Unix milliseconds.
let now: Int64 = 1_760_000_000_000

extension NewDelivery {
    static func make(
        _ type: EventType = .signatureRequestSent, payload: String = "{}",
        request: String? = nil
    ) -> NewDelivery {
        NewDelivery(
            event: NewEvent(
                type: type, time: "1760000000", kind: .account, signatureRequestID: request,
                origin: "test", payload: Array(payload.utf8)),
            destination: "http://127.0.0.1:3000/callbacks", form: .multipart, boundary: "--b")
    }
}

extension AttemptStart {
    static func make(_ number: Int = 1, head: String = "POST / HTTP/1.1\r\n\r\n") -> AttemptStart {
        AttemptStart(number: number, startedAt: now + Int64(number), requestHead: Array(head.utf8))
    }
}

extension AttemptResult {
    static let acknowledged = AttemptResult(
        outcome: .acknowledged, status: 200, response: Array("HTTP/1.1 200 OK".utf8),
        connectMicroseconds: 50, firstByteMicroseconds: 90, totalMicroseconds: 100)
    static let refused = AttemptResult(
        outcome: .refused, detail: "Connection refused", totalMicroseconds: 7)
}

extension Journal {
    static func inMemory(
        _ limits: JournalConfiguration.Limits = .init()
    ) throws -> Journal {
        try Journal(JournalConfiguration(storage: .memory, limits: limits))
    }

    /// Puts a delivery with one attempt in, finished as `next` says.
    @discardableResult
    func attempt(
        _ delivery: NewDelivery = .make(), _ result: AttemptResult = .acknowledged,
        then next: AfterAttempt = .acknowledged
    ) async throws -> Int64 {
        let attempt = try await append(delivery, starting: .make())
        try await finish(attempt, result, then: next)
        return attempt.delivery
    }
}

/// Lends a fresh folder's path, and removes it.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "journal-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path())
}
