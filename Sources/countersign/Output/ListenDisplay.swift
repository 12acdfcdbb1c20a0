import Callbacks
import Relay
import Toolkit

/// Shows what comes through the tunnel.
struct ListenDisplay: Sendable {
    let format: OutputFormat
    let style: Style
    let target: String
    let relay: String

    func show(_ report: Agent.Report) {
        switch report {
        case .ready(let name, let url): Terminal.standardOutputSoon(ready(name, url))
        case .back(let name, let url):
            say(
                ["type": "reconnected", "name": .string(name), "url": .string(url)],
                style.green("connected again") + "  \(url)\n")
        case .lost(let reason, let retry):
            let milliseconds = Int(
                retry.components.seconds * 1000 + retry.components.attoseconds
                    / 1_000_000_000_000_000)
            say(
                [
                    "type": "disconnected", "reason": .string(reason),
                    "retry_in_ms": JSONValue(milliseconds),
                ],
                style.yellow("disconnected") + "  \(reason); trying again\n")
        }
    }

    private func say(_ json: JSONValue, _ text: String) {
        Terminal.standardOutputSoon(format == .json ? json.text(.plain) + "\n" : text)
    }

    private func ready(_ name: String, _ url: String) -> String {
        guard format != .json else {
            let value: JSONValue = [
                "type": "ready", "name": .string(name), "url": .string(url),
                "target": .string(target),
                "relay": .string(relay),
            ]
            return value.text(.plain) + "\n"
        }
        guard format == .text else { return "ready \(url)\n" }
        return "\(style.dim("callbacks")) \(style.bold(url))\n\(style.dim("handler  ")) \(target)\n"
            + style.green("ready") + style.dim("; Ctrl-C ends") + "\n\n"
    }
}
