/// The report as one page that loads nothing and needs no script.
package enum HTMLReport {
    package static func render(_ card: ReportCard) -> String {
        HTML.document(
            head: [
                .void("meta", ["charset": "utf-8"]),
                .void(
                    "meta",
                    ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                .void(
                    "meta",
                    [
                        "http-equiv": "Content-Security-Policy",
                        "content": "default-src 'none'; style-src 'unsafe-inline'",
                    ]),
                .element("title", [:], [.text("\(verdict(card)): \(card.target)")]),
                .style(HTMLStyle.sheet),
            ],
            body: [
                .element("main", [:], [header(card)] + card.groups.map(section) + [footer(card)])
            ]
        )
    }

    private static func verdict(_ card: ReportCard) -> String {
        switch card.exitCode {
        case 0: card.count(.warn) > 0 ? "Good, with warnings" : "Good"
        case 1: card.hasFailures ? "Needs work" : "Nothing could be judged"
        default: "Could not run"
        }
    }

    private static func header(_ card: ReportCard) -> HTML {
        let tone = card.exitCode != 0 ? "fail" : card.count(.warn) > 0 ? "warn" : "pass"
        var contents: [HTML] = [
            .element("p", class: "kicker", "Countersign report card"),
            .element("h1", class: tone, verdict(card)),
            .element("p", class: "target", card.target),
        ]
        if let error = card.runError {
            contents.append(HTML.element("p", class: "reason fail", error.message))
        } else {
            contents += [meter(card), counts(card)]
        }
        return HTML.element("header", [:], contents)
    }

    /// A bar whose parts are as long as the counts.
    private static func meter(_ card: ReportCard) -> HTML {
        let parts = Verdict.Status.allCases.filter { card.count($0) > 0 }.map { status in
            HTML.element(
                "span", ["class": status.rawValue, "style": "flex-grow: \(card.count(status))"])
        }
        return HTML.element("div", ["class": "meter", "aria-hidden": "true"], parts)
    }

    private static func counts(_ card: ReportCard) -> HTML {
        let items = Verdict.Status.allCases.map { status in
            HTML.element(
                "li", ["class": card.count(status) == 0 ? "none" : status.rawValue],
                [
                    .element("b", [:], [.text("\(card.count(status))")]),
                    .text(" \(word(status))"),
                ])
        }
        return HTML.element("ul", ["class": "counts"], items)
    }

    private static func word(_ status: Verdict.Status) -> String {
        switch status {
        case .pass: "passed"
        case .fail: "failed"
        case .warn: "warned"
        case .info: "noted"
        case .skipped: "skipped"
        }
    }

    private static func section(_ group: (title: String, results: [CheckResult])) -> HTML {
        .element(
            "section", [:],
            [.element("h2", [:], [.text(group.title)])] + group.results.map(entry))
    }

    /// One rule; those that need attention are open.
    private static func entry(_ result: CheckResult) -> HTML {
        let status = result.verdict.status
        let isOpen = status == .fail || status == .warn
        let attributes: HTML.Attributes =
            isOpen
            ? ["class": status.rawValue, "id": result.id, "open": ""]
            : ["class": status.rawValue, "id": result.id]
        let summary = HTML.element(
            "summary", [:],
            [
                .element(
                    "span", ["class": "mark", "title": word(status)],
                    [.text(TextReport.mark(status))]),
                .element("code", [:], [.text(result.id)]),
                .element("span", class: "title", result.title),
            ])
        return HTML.element("details", attributes, [summary, details(result)])
    }

    private static func details(_ result: CheckResult) -> HTML {
        var contents: [HTML] = []
        if !result.verdict.message.isEmpty {
            contents.append(
                .element(
                    "p", class: "reason \(result.verdict.status.rawValue)", result.verdict.message))
        }
        contents += result.verdict.findings.flatMap(finding)
        if !result.requirement.isEmpty {
            contents.append(HTML.element("p", class: "why", result.requirement))
        }
        contents += paragraphs(result.explanation)
        if let page = result.documentation {
            contents.append(
                .element(
                    "p", ["class": "links"],
                    [.element("a", ["href": page], [.text("Documentation of the service")])]))
        }
        if let place = result.place {
            contents.append(HTML.element("p", class: "links", place.description))
        }
        return HTML.element("div", ["class": "body"], contents)
    }

    private static func finding(_ finding: Finding) -> [HTML] {
        var contents: [HTML] = [
            .element(
                "p", ["class": "finding"],
                [.element("code", [:], [.text(finding.caseName)]), .text(" \(finding.text)")])
        ]
        if let line = finding.reproduction {
            contents.append(HTML.element("pre", ["tabindex": "0"], [.text(line)]))
        }
        return contents
    }

    /// The paragraphs of a text, which are split by empty lines.
    private static func paragraphs(_ text: String) -> [HTML] {
        var paragraphs: [[Substring]] = [[]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                paragraphs.append([])
            } else {
                paragraphs[paragraphs.count - 1].append(line)
            }
        }
        return paragraphs.filter { !$0.isEmpty }
            .map { .element("p", [:], [.text($0.joined(separator: " "))]) }
    }

    private static func footer(_ card: ReportCard) -> HTML {
        let notes = [card.keyNote, "seed \(card.seed)", card.duration.seconds].compactMap { $0 }
        return HTML.element("footer", [:], [.text(notes.joined(separator: " · "))])
    }
}
