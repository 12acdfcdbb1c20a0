import Callbacks
import Foundation
import Synchronization
import Toolkit

/// Shows where a relay is, and what its operator should know.
struct RelayDisplay: Sendable {
    let format: OutputFormat
    let style: Style

    func ready(_ ready: RelayRun.Ready) {
        guard format != .json else {
            let value: JSONValue = [
                "type": "ready", "domain": .string(ready.domain),
                "public": .string("\(ready.publicAddress)"),
                "agents": .string("\(ready.agentAddress)"),
                "admin": ready.admin.map { .string("\($0)") } ?? .null,
                "ca": ready.authority.map { .string($0) } ?? .null, "loops": JSONValue(ready.loops),
            ]
            return Terminal.standardOutputSoon(value.text(.plain) + "\n")
        }
        guard format == .text else {
            return Terminal.standardOutputSoon(
                "ready \(ready.publicAddress) \(ready.agentAddress)\n")
        }
        let scheme = ready.isPublicPlain ? "plain HTTP" : "HTTPS"
        var rows = [
            ("senders", "\(style.bold("\(ready.publicAddress)"))  \(scheme), NAME.\(ready.domain)"),
            ("agents", "\(style.bold("\(ready.agentAddress)"))  TLS"),
        ]
        if let admin = ready.admin { rows.append(("status", "http://\(admin)/")) }
        let who =
            ready.isOpen
            ? "anybody who reaches the agents' address"
            : "\(ready.tokens) \(ready.tokens == 1 ? "token" : "tokens"); 'countersign relay token add NAME' makes one"
        rows.append(("who may", who))
        let authority = ready.authority.map { " --relay-ca \($0)" } ?? ""
        rows.append(
            ("try", "countersign listen 3000 --relay \(ready.agentAddress) --name demo\(authority)")
        )
        Terminal.standardOutputSoon(
            rows.map { "\(style.dim($0.0.padded(to: 8))) \($0.1)\n" }.joined()
                + style.green("ready") + style.dim("; Ctrl-C ends") + "\n\n")
    }

    func note(_ text: String) {
        guard format != .json else {
            let value: JSONValue = ["type": "note", "text": .string(text)]
            return Terminal.standardOutputSoon(value.text(.plain) + "\n")
        }
        Terminal.standardError(text + "\n")
    }
}

/// The file of the access log; what cannot be written is dropped, as no request waits for a log.
final class AccessLogFile: Sendable {
    private let path: String
    private let file: Mutex<FileHandle>
    private let queue = DispatchQueue(label: "countersign.access-log")
    private let waiting = Mutex("")

    /// Octets that wait to be written; what comes on top is dropped.
    private static let maximumWaitingBytes = 8 << 20

    init(_ path: String) throws {
        self.path = path
        file = Mutex(try Self.open(path))
    }

    func write(_ line: String) {
        guard path != "-" else { return Terminal.standardOutputSoon(line) }
        let isFirst = waiting.withLock { waiting in
            guard waiting.utf8.count < Self.maximumWaitingBytes else { return false }
            defer { waiting += line }
            return waiting.isEmpty
        }
        if isFirst { queue.async { self.writeWaiting() } }
    }

    /// Opens the file anew, for who moves it away.
    func reopen() {
        guard path != "-", let new = try? Self.open(path) else { return }
        file.withLock { $0 = new }
    }

    private func writeWaiting() {
        let text = waiting.withLock { waiting in
            defer { waiting = "" }
            return waiting
        }
        file.withLock { file in try? file.write(contentsOf: Data(text.utf8)) }
    }

    private static func open(_ path: String) throws -> FileHandle {
        guard path != "-" else { return .standardOutput }
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(
                atPath: path, contents: nil, attributes: [.posixPermissions: 0o640])
        }
        guard let file = FileHandle(forUpdatingAtPath: path) else {
            throw Problem(.unusableFile, "the file of --access-log cannot be written", at: path)
        }
        file.seekToEndOfFile()
        return file
    }
}
