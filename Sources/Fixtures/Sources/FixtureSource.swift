import Callbacks
import Foundation

/// Reads events from what a person names: a file, a folder, or a flow.
package struct FixtureSource: Sendable {
    /// Octets of a file.
    package static let maximumBytes = 64 << 20

    private let seed: UInt64
    private let now: Int64
    private let apiKey: String

    /// A source; the arguments are for flows, see ``Flow/play(seed:now:apiKey:)``.
    package init(seed: UInt64, now: Int64, apiKey: String) {
        self.seed = seed
        self.now = now
        self.apiKey = apiKey
    }

    /// The events of a path, in order; their offsets count from the first of them.
    ///
    /// `path`: A `.json` file with an event or a list of them, an `.ndjson` file with one on
    ///   each line, a `.har` file whose requests carry events, a `.yaml` file with a flow, a folder with
    ///   such files, or `flow:NAME`.
    /// - Returns: At least one event.
    /// - Throws: ``FixtureError`` with the file and line.
    package func load(_ path: String) throws(FixtureError) -> [RecordedEvent] {
        if path.hasPrefix("flow:") {
            return try play(Flow(builtIn: String(path.dropFirst(5))), named: path)
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw missing(path)
        }
        var events: [RecordedEvent] = []
        for file in isFolder.boolValue ? try files(in: path) : [path] {
            events += try read(file)
        }
        guard !events.isEmpty else {
            throw FixtureError(code: .empty, message: "it holds no event", path: path)
        }
        return events
    }

    private func missing(_ path: String) -> FixtureError {
        let flow =
            Flow.builtInNames.contains(path) ? "; for the built-in flow write flow:\(path)" : ""
        return FixtureError(
            code: .unreadableFile, message: "there is no such file or folder\(flow)", path: path)
    }

    private func files(in folder: String) throws(FixtureError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                .filter { ["json", "ndjson", "har", "yaml", "yml"].contains(Self.ending(of: $0)) }
                .map { folder.hasSuffix("/") ? folder + $0 : folder + "/" + $0 }
        } catch {
            throw FixtureError(
                code: .unreadableFile, message: Self.words(error), path: folder)
        }
    }

    /// The system's words for an error, which are shorter than Foundation's.
    private static func words(_ error: any Error) -> String {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        guard cause.domain == NSPOSIXErrorDomain else { return error.localizedDescription }
        return String(cString: strerror(Int32(cause.code))).lowercased()
    }

    private static func ending(of file: String) -> String {
        file.split(separator: ".").last.map { $0.lowercased() } ?? ""
    }

    private func read(_ file: String) throws(FixtureError) -> [RecordedEvent] {
        let bytes = try contents(of: file)
        switch Self.ending(of: file) {
        case "yaml", "yml":
            return try play(
                Flow(reading: String(decoding: bytes, as: UTF8.self), file: file), named: file)
        case "har": return try Self.spaced(Self.archived(in: bytes, file))
        case "ndjson", "jsonl": return try Self.spaced(lines(of: bytes, file))
        default: return try Self.spaced(Self.events(in: bytes, source: file))
        }
    }

    private func contents(of file: String) throws(FixtureError) -> [UInt8] {
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: file))
            defer { try? handle.close() }  // it was only read
            let data = try handle.read(upToCount: Self.maximumBytes + 1) ?? Data()
            guard data.count <= Self.maximumBytes else {
                throw FixtureError(
                    code: .tooLarge, message: "a file is at most \(Self.maximumBytes >> 20) MiB",
                    path: file)
            }
            return Array(data)
        } catch let error as FixtureError {
            throw error
        } catch {
            throw FixtureError(
                code: .unreadableFile, message: Self.words(error), path: file)
        }
    }

    private func lines(of bytes: [UInt8], _ file: String) throws(FixtureError) -> [RecordedEvent] {
        var events: [RecordedEvent] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            events += try Self.events(in: Array(line), source: "\(file):\(index + 1)")
        }
        return events
    }

    /// The events that requests of an HTTP archive carry; other requests are passed over.
    private static func archived(
        in bytes: [UInt8], _ file: String
    ) throws(FixtureError) -> [RecordedEvent] {
        guard let entries = try? JSONValue(parsing: bytes)["log"]?["entries"]?.array else {
            throw FixtureError(
                code: .malformedFile, message: "no HTTP archive: it has no log.entries", path: file)
        }
        var events: [RecordedEvent] = []
        for (index, entry) in entries.enumerated() {
            let body = entry["request"]?["postData"]
            guard let text = body?["text"]?.string,
                let octets = octets(text, encoding: body?["encoding"]?.string),
                let json = try? CallbackForm.json(
                    in: octets, contentType: body?["mimeType"]?.string),
                let payload = try? JSONValue(parsing: json)
            else { continue }
            guard payload["event"] != nil else { continue }
            events.append(try event(payload, json: json, source: "\(file):entry \(index + 1)"))
        }
        return events
    }

    /// The octets that a text of an archive stands for; `nil` when it is not in its encoding.
    private static func octets(_ text: String, encoding: String?) -> [UInt8]? {
        encoding == "base64" ? Data(base64Encoded: text).map { Array($0) } : Array(text.utf8)
    }

    /// One event or a list of them.
    private static func events(
        in bytes: [UInt8], source: String
    ) throws(FixtureError) -> [RecordedEvent] {
        let value: JSONValue
        do { value = try JSONValue(parsing: bytes) } catch {
            throw FixtureError(
                code: .malformedFile,
                message: "no JSON: \(error.message)" + (error.path.map { " at \($0)" } ?? ""),
                path: source)
        }
        guard let list = value.array else {
            return [try event(value, json: bytes, source: source)]
        }
        var events: [RecordedEvent] = []
        for (index, element) in list.enumerated() {
            events.append(
                try event(
                    element, json: element.encoded(.service), source: "\(source)[\(index)]"))
        }
        return events
    }

    private static func event(
        _ payload: JSONValue, json: [UInt8], source: String
    ) throws(FixtureError) -> RecordedEvent {
        do { _ = try Callback(payload: payload) } catch {
            throw FixtureError(
                code: .malformedFile, message: "no event: \(error.description)", path: source)
        }
        // White space around the text is the file's, not the request's.
        let start = json.firstIndex { $0 > 0x20 } ?? 0
        let end = json.lastIndex { $0 > 0x20 } ?? -1
        return RecordedEvent(source: source, json: Array(json[start...end]), payload: payload)
    }

    /// Puts the events at their own times.
    private static func spaced(_ events: [RecordedEvent]) -> [RecordedEvent] {
        guard let first = events.lazy.compactMap(\.eventTime).first else { return events }
        return events.map { event in
            var event = event
            // A recording out of order, or with a foolish time, is sent in its own order.
            event.offset = .seconds(min(max(0, (event.eventTime ?? first) - first), 1 << 32))
            return event
        }
    }

    private func play(_ flow: Flow, named name: String) throws(FixtureError) -> [RecordedEvent] {
        try flow.play(seed: seed, now: now, apiKey: apiKey).map { event, offset, line in
            RecordedEvent(
                source: "\(name):\(line)", json: event.json, payload: event.payload, offset: offset)
        }
    }
}
