import Callbacks
import Journal
import Relay
import Toolkit

/// Shows what comes through the tunnel.
struct ListenDisplay: Sendable {
    let format: OutputFormat
    let style: Style
    let target: String
    let relay: String

    func show(_ report: ListenRun.Report) {
        switch report {
        case .tunnel(let report): show(report)
        case .traffic(let traffic): Terminal.standardOutputSoon(text(traffic))
        case .failed(let problem): Terminal.standardError("error: not kept: \(problem)\n")
        }
    }

    private func show(_ report: Agent.Report) {
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

    private func text(_ traffic: Traffic) -> String {
        guard format != .json else { return traffic.json.text(.plain) + "\n" }
        let result = traffic.received.attempt.result
        let request = "\(traffic.method) \(traffic.path.prefix(200))".withoutControlCharacters
        let isCallback = traffic.callback != nil
        let name = traffic.eventType.rawValue.withoutControlCharacters
        let status = result.status.map(String.init) ?? "-"
        if format == .compact {
            return
                "\(name) \(request) \(status) \(traffic.outcome.rawValue) \(result.totalMicroseconds)us\n"
        }
        let hash =
            switch traffic.isAuthentic {
            case false?: "  " + style.red("the hash does not fit the API key")
            case true?, nil: ""
            }
        let kept = traffic.eventType == Traffic.notKept ? style.dim("  its body is not kept") : ""
        let first = isCallback ? "\(style.bold(name))  \(style.dim(request))" : request
        let tenths = (result.totalMicroseconds + 50) / 100
        let time = style.dim("\(tenths / 10).\(tenths % 10) ms")
        return
            "\(style.dim("-->")) \(first)\(hash)\(kept)\n\(style.dim("<--")) \(verdict(traffic, status))  \(time)\n"
    }

    private func verdict(_ traffic: Traffic, _ status: String) -> String {
        let result = traffic.received.attempt.result
        guard traffic.callback != nil || result.status == nil else { return status }
        let detail = result.detail.map { " (\($0))" } ?? ""
        let text = (result.status == nil ? "" : "\(status) ") + traffic.outcome.phrase + detail
        switch traffic.outcome {
        case .acknowledged: return style.green(text.withoutControlCharacters)
        case .acknowledgedNotExactly: return style.yellow(text.withoutControlCharacters)
        default: return style.red(text.withoutControlCharacters)
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
