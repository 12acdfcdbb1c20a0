import Callbacks
import Foundation
import Journal

/// Shows what the journal has.
struct PastDisplay {
    let format: OutputFormat
    let style: Style

    /// One delivery on one line.
    func line(_ record: DeliveryRecord) -> String {
        let event = record.delivery.event
        switch format {
        case .json: return record.json.text(.plain) + "\n"
        case .compact:
            return
                "\(record.id) \(event.type.rawValue.withoutControlCharacters) \(record.state.rawValue)\n"
        case .text:
            let outcome =
                record.lastOutcome?.phrase ?? (record.attempts > 0 ? "under way" : "not sent yet")
            return style.dim("#\(record.id)".padded(to: 6)) + " \(time(record.createdAt))  "
                + event.type.rawValue.withoutControlCharacters.padded(to: 32) + "  "
                + paint(record.state.rawValue.padded(to: 12), record.state)
                + style.dim("  \(record.attempts)×  \(outcome)") + "\n"
        }
    }

    /// One delivery with all its attempts.
    func details(_ record: DeliveryRecord, _ attempts: [AttemptRecord]) -> String {
        guard format == .text else {
            let lines = attempts.map { $0.json(of: record).text(.plain) + "\n" }
            return record.json.text(.plain) + "\n" + lines.joined()
        }
        let event = record.delivery.event
        var text = line(record)
        text += "from    \(event.origin.withoutControlCharacters)\n"
        text += "to      \(record.delivery.destination)\n"
        for attempt in attempts {
            let result = attempt.result
            text +=
                "\n" + style.bold("attempt \(attempt.start.number)")
                + "  \(time(attempt.start.startedAt))  \(result.outcome.phrase)"
                + (result.detail.map { " (\($0.withoutControlCharacters))" } ?? "")
                + timings(result) + "\n"
            text += block("-->", attempt.start.requestHead + record.body)
            if !result.response.isEmpty { text += block("<--", result.response) }
            if result.responseBytes > result.response.count {
                text += style.dim(
                    "<-- … \(result.responseBytes) octets in all, the rest was not kept\n")
            }
        }
        return text
    }

    private func block(_ mark: String, _ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false
        )
        .map { "\(style.dim(mark)) \(String($0).withoutControlCharacters)\n" }.joined()
    }

    private func timings(_ result: AttemptResult) -> String {
        func milliseconds(_ value: Int64) -> String { "\(value / 1000).\(value % 1000 / 100) ms" }
        var parts: [String] = []
        if let connect = result.connectMicroseconds {
            parts.append("connect \(milliseconds(connect))")
        }
        if let first = result.firstByteMicroseconds {
            parts.append("first byte \(milliseconds(first))")
        }
        parts.append("total \(milliseconds(result.totalMicroseconds))")
        return style.dim("  " + parts.joined(separator: ", "))
    }

    private func time(_ milliseconds: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(milliseconds / 1000))
        return date.ISO8601Format(.iso8601(timeZone: .current, dateTimeSeparator: .space))
            .prefix(19).description
    }

    private func paint(_ text: String, _ state: DeliveryState) -> String {
        switch state {
        case .acknowledged: style.green(text)
        case .failed: style.red(text)
        case .pending: style.yellow(text)
        }
    }
}
