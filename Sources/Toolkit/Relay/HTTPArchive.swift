import Callbacks
import Foundation
import Journal

/// A file of HTTP Archive 1.2, whole after each entry: what browsers and proxies read.
///
/// `@unchecked Sendable`: used on the recorder's queue alone.
package final class HTTPArchive: @unchecked Sendable {
    private static let end = "\n]}}\n"

    private let path: String
    private let file: FileHandle
    private var isEmpty = true

    /// Makes the file anew.
    ///
    /// - Throws: ``Problem`` when it cannot be written.
    package init(path: String, version: String) throws(Problem) {
        self.path = path
        let start = """
            {"log":{"version":"1.2","creator":{"name":"countersign","version":"\(version)"},"entries":[
            """
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data((start + Self.end).utf8),
                attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forUpdatingAtPath: path)
        else { throw Problem(.unusableFile, "the file of --record cannot be written", at: path) }
        self.file = file
    }

    func append(_ traffic: [Traffic]) throws(Problem) {
        guard !traffic.isEmpty else { return }
        let entries = traffic.map { Self.entry($0).text(.plain) }.joined(separator: ",\n")
        do {
            let size = try file.seekToEnd()
            try file.seek(toOffset: size - UInt64(Self.end.utf8.count))
            try file.write(contentsOf: Data(((isEmpty ? "\n" : ",\n") + entries + Self.end).utf8))
            isEmpty = false
        } catch {
            throw Problem(
                .unusableFile, "the file of --record cannot be written: \(error)", at: path)
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
