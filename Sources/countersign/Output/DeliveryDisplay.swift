import Callbacks
import Delivery
import Journal
import Toolkit

/// Shows deliveries as they go.
struct DeliveryDisplay: Sendable {
    let format: OutputFormat
    let style: Style

    /// Octets of an answer that a line quotes.
    private static let maximumExcerptBytes = 60

    /// Prints a report.
    func show(_ report: DeliveryRun.Report) {
        switch report {
        case .adopted(let count):
            Terminal.standardError(
                "\(count) unfinished \(count == 1 ? "delivery" : "deliveries") of an earlier run "
                    + "\(count == 1 ? "goes" : "go") on\n")
        case .attempt(let attempt): Terminal.standardOutput(text(attempt))
        }
    }

    /// Prints how it all ended.
    func show(_ summary: DeliveryRun.Summary) {
        switch format {
        case .json:
            let value: JSONValue = [
                "type": "summary", "acknowledged": JSONValue(summary.acknowledged),
                "failed": JSONValue(summary.failed), "attempts": JSONValue(summary.attempts),
                "earlier_failed": JSONValue(summary.adoptedFailed),
                "exit_code": JSONValue(Int(summary.exitCode)),
            ]
            Terminal.standardOutput(value.text(.plain) + "\n")
        case .text, .compact:
            if summary.adoptedFailed > 0 {
                Terminal.standardError(
                    "\(summary.adoptedFailed) of an earlier run failed; they do not count here\n")
            }
            guard summary.acknowledged + summary.failed > 1 else { return }
            let failed = "\(summary.failed) failed"
            Terminal.standardError(
                "\(summary.acknowledged) acknowledged, "
                    + (summary.failed == 0 ? failed : style.red(failed)) + "\n")
        }
    }

    /// What is printed of an attempt.
    func text(_ attempt: AttemptReport) -> String {
        switch format {
        case .text: lines(attempt)
        case .compact: compact(attempt)
        case .json: attempt.json.text(.plain) + "\n"
        }
    }

    private func lines(_ attempt: AttemptReport) -> String {
        let event = attempt.delivery.event
        let number = attempt.start.number > 1 ? "  attempt \(attempt.start.number)" : ""
        var text =
            "\(style.dim("-->")) \(style.bold(event.type.rawValue.withoutControlCharacters))"
            + "  #\(attempt.deliveryID) \(event.kind.rawValue)\(number)"
            + "  \(style.dim(attempt.delivery.destination))\n"
        text +=
            "\(style.dim("<--")) \(answer(attempt.result))  \(style.dim(time(attempt.result)))\n"
        if let excerpt = excerpt(attempt.result) { text += "    \(style.dim(excerpt))\n" }
        if let next = next(attempt) { text += "    \(next)\n" }
        return text
    }

    private func compact(_ attempt: AttemptReport) -> String {
        let type = attempt.delivery.event.type.rawValue.withoutControlCharacters
        return "\(attempt.deliveryID) \(type) \(attempt.start.number) "
            + "\(attempt.result.status.map(String.init) ?? "-") "
            + "\(attempt.result.outcome.rawValue) \(attempt.result.totalMicroseconds)us\n"
    }

    private func answer(_ result: AttemptResult) -> String {
        let status = result.status.map { "\($0) " } ?? ""
        let detail = result.status == nil ? result.detail.map { " (\($0))" } ?? "" : ""
        let text = (status + result.outcome.phrase + detail).withoutControlCharacters
        switch result.outcome {
        case .acknowledged: return style.green(text)
        case .acknowledgedNotExactly: return style.yellow(text)
        default: return style.red(text)
        }
    }

    private func time(_ result: AttemptResult) -> String {
        let tenths = (result.totalMicroseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10) ms"
    }

    /// The start of an answer's body, when it is not what was hoped for.
    private func excerpt(_ result: AttemptResult) -> String? {
        guard result.outcome == .wrongBody || result.outcome == .wrongStatus else { return nil }
        let separator = Array("\r\n\r\n".utf8)
        guard
            let start = result.response.indices.first(where: {
                result.response[$0...].starts(with: separator)
            })
        else { return nil }
        let body = result.response[(start + separator.count)...].prefix(Self.maximumExcerptBytes)
        return body.isEmpty ? nil : String(decoding: body, as: UTF8.self).withoutControlCharacters
    }

    private func next(_ attempt: AttemptReport) -> String? {
        switch attempt.next {
        case .acknowledged: nil
        case .retry(let time):
            "next attempt in \((time - attempt.start.startedAt + 30_000) / 60_000) min"
        case .giveUp: attempt.start.number > 1 ? "given up" : nil
        }
    }
}
