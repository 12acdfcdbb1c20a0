import Callbacks
import Foundation
import MockAPI
import Toolkit

/// Shows what the mock does: the calls that come, and the callbacks that go.
struct MockDisplay: Sendable {
    let format: OutputFormat
    let style: Style
    /// When the program began.
    let start: ContinuousClock.Instant

    func show(_ report: MockServer.Report) {
        let deliveries = DeliveryDisplay(format: format, style: style)
        switch report {
        case .ready(let ready): Terminal.standardOutputSoon(text(ready))
        case .adopted(let count): deliveries.show(.adopted(count))
        case .attempt(let attempt): Terminal.standardOutputSoon(deliveries.text(attempt))
        case .exchange(let exchange): Terminal.standardOutputSoon(text(exchange))
        }
    }

    private func text(_ ready: MockServer.Ready) -> String {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        guard format != .json else {
            let value: JSONValue = [
                "type": "ready", "url": .string(ready.url), "api": .string(ready.url + "/v3"),
                "port": JSONValue(ready.port),
                "callbacks": ready.destination.map { .string($0) } ?? .null,
                "control_token": ready.controlToken.map { .string($0) } ?? .null,
                "reads_documents": .bool(ready.readsDocuments),
                "ready_ms": JSONValue(Int(milliseconds)),
            ]
            return value.text(.plain) + "\n"
        }
        guard format == .text else { return "ready \(ready.url)\n" }
        let keys = ready.takesAnyKey ? "with any API key" : "with the keys that you named"
        let callbacks =
            ready.destination ?? "nowhere yet: name a handler with -f, or set a callback_url"
        let data =
            ready.folder.map { "\($0) (what was made is there again at the next start)" }
            ?? "kept in memory alone"
        let token = ready.controlToken.map { "  token \($0)" } ?? ""
        let documents =
            ready.readsDocuments
            ? [] : [("documents", "not read: install poppler-utils, qpdf and librsvg2-bin")]
        let rows =
            documents + [
                ("API", "\(style.bold(ready.url + "/v3"))  \(keys), as \(ready.emailAddress)"),
                ("callbacks", callbacks), ("control", "\(ready.url)/_countersign" + token),
                ("data", data),
            ]
        return rows.map { "\(style.dim($0.0.padded(to: 10))) \($0.1)\n" }.joined()
            + style.green("ready") + style.dim(" in \(milliseconds) ms; Ctrl-C ends") + "\n\n"
    }

    private func text(_ exchange: Exchange) -> String {
        guard format != .json else { return exchange.summary.text(.plain) + "\n" }
        let status = exchange.status ?? 0
        let text = status == 0 ? "closed" : String(status)
        let painted = status >= 400 || status == 0 ? style.red(text) : style.green(text)
        let (seconds, attoseconds) = exchange.duration.components
        let tenths = seconds * 10_000 + attoseconds / 100_000_000_000_000
        let request = "\(exchange.method) \(exchange.path)"
        return "\(style.dim("API")) \(request.withoutControlCharacters.prefix(200))  \(painted)"
            + "  \(style.dim("\(tenths / 10).\(tenths % 10) ms"))\n" + refusal(exchange)
    }

    /// The error's own words.
    private func refusal(_ exchange: Exchange) -> String {
        guard exchange.status ?? 0 >= 400, let answer = exchange.answer,
            let error = try? JSONValue(parsing: answer.body)["error"],
            let name = error["error_name"]?.string, let message = error["error_msg"]?.string
        else { return "" }
        return "    \(style.dim("\(name): \(message)".withoutControlCharacters))\n"
    }
}
