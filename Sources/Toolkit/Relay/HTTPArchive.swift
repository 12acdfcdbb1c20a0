import Callbacks
import Foundation
import Journal

/// A file of HTTP Archive 1.2, whole after each entry: what browsers and proxies read.
///
/// `@unchecked Sendable`: used on the recorder's queue alone.
package final class HTTPArchive: @unchecked Sendable {
    private static let end = Array("\n]}}\n".utf8)

    private let path: String
    private let file: FileHandle
    /// Where the next entry begins: in place of the end.
    private var next: UInt64
    private var isEmpty: Bool

    /// Makes the file, or goes on with one that we have made.
    ///
    /// - Throws: ``Problem`` when it cannot be written, or is something else.
    package init(path: String, version: String) throws(Problem) {
        self.path = path
        let start = Array(
            """
            {"log":{"version":"1.2","creator":{"name":"countersign","version":"\(version)"},"entries":[
            """.utf8)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.notWritten(path, String(cString: strerror(errno))) }
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            let size = try file.seekToEnd()
            next = size - min(size, UInt64(Self.end.count))
            guard size > 0 else {
                (isEmpty, next) = (true, UInt64(start.count))
                try file.write(contentsOf: Data(start + Self.end))
                return
            }
            try file.seek(toOffset: next)
            let isArchive = try Array(file.readToEnd() ?? Data()) == Self.end
            try file.seek(toOffset: next - min(next, 1))
            isEmpty = try file.read(upToCount: 1) == Data("[".utf8)
            guard isArchive else {
                throw Problem(
                    .unusableFile,
                    "the file of --record is there, and no archive of ours; name another one",
                    at: path)
            }
        } catch let problem as Problem { throw problem } catch {
            throw Self.notWritten(path, "\(error)")
        }
    }

    private static func notWritten(_ path: String, _ reason: String) -> Problem {
        Problem(.unusableFile, "the file of --record cannot be written: \(reason)", at: path)
    }

    func append(_ traffic: [Traffic]) throws(Problem) {
        guard !traffic.isEmpty else { return }
        let entries = traffic.map { Self.entry($0).text(.plain) }.joined(separator: ",\n")
        let octets = Array(((isEmpty ? "\n" : ",\n") + entries).utf8)
        do {
            try write(octets + Self.end)
            next += UInt64(octets.count)
            isEmpty = false
        } catch {
            // A disk that is full takes a part: the archive is to be whole without it.
            try? write(Self.end)
            throw Self.notWritten(path, "\(error)")
        }
    }

    /// Puts octets in place of the end.
    private func write(_ octets: [UInt8]) throws {
        try file.seek(toOffset: next)
        do { try file.write(contentsOf: Data(octets)) } catch {
            try? file.truncate(atOffset: next)
            throw error
        }
    }

    private static func entry(_ traffic: Traffic) -> JSONValue {
        let (delivery, attempt) = (traffic.received.delivery, traffic.received.attempt)
        let body =
            delivery.receivedBody
            ?? delivery.form.body(json: delivery.event.payload, boundary: delivery.boundary)
        let request = RecordedMessage(attempt.start.requestHead)
        let requestType = request?.headers.first("Content-Type") ?? ""
        let answer = RecordedMessage(answer: attempt.result.response)
        let milliseconds = Double(attempt.result.totalMicroseconds) / 1000
        let wait =
            Double(attempt.result.firstByteMicroseconds ?? attempt.result.totalMicroseconds) / 1000
        let date = Date(timeIntervalSince1970: Double(attempt.start.startedAt) / 1000)
        return [
            "startedDateTime": .string(date.ISO8601Format(.init(includingFractionalSeconds: true))),
            "time": .number("\(milliseconds)"),
            "request": [
                "method": .string(traffic.method), "url": .string(delivery.destination),
                "httpVersion": "HTTP/1.1", "cookies": [], "queryString": [],
                "headers": headers(request?.headers ?? []),
                "headersSize": JSONValue(attempt.start.requestHead.count),
                "bodySize": JSONValue(body.count),
                "postData": content(body, type: requestType),
            ],
            "response": [
                "status": JSONValue(attempt.result.status ?? 0), "statusText": "",
                "httpVersion": "HTTP/1.1",
                "cookies": [], "headers": headers(answer?.headers ?? []), "redirectURL": "",
                "headersSize": JSONValue(answer?.head.count ?? -1),
                "bodySize": JSONValue(answer?.body.count ?? -1),
                "content": content(
                    answer?.body ?? [], type: answer?.headers.first("Content-Type") ?? "",
                    [("size", JSONValue(answer?.body.count ?? 0))]),
            ],
            "cache": [:],
            "timings": [
                "send": 0, "wait": .number("\(wait)"),
                "receive": .number("\(max(0, milliseconds - wait))"),
            ],
            "comment": .string(traffic.eventType.rawValue),
        ]
    }

    /// A body: as text, or in base64 where its octets are none.
    ///
    /// The format knows `encoding` for answers
    /// alone; for requests it is an addition of ours, without which their octets would be lost.
    private static func content(
        _ body: [UInt8], type: String, _ first: [(String, JSONValue)] = []
    ) -> JSONValue {
        let text = String(validating: body, as: UTF8.self)
        let encoded = text ?? String(decoding: base64(body), as: UTF8.self)
        return .object(
            JSONObject(
                first + [("mimeType", .string(type)), ("text", .string(encoded))]
                    + (text == nil ? [("encoding", "base64")] : [])))
    }

    private static func headers(_ fields: [HeaderField]) -> JSONValue {
        .array(
            fields.map {
                [
                    "name": .string($0.name),
                    "value": .string($0.isSecret ? HeaderField.redacted : $0.value),
                ]
            })
    }
}
