import Callbacks

/// A page for a person, with its style and script inside.
struct HTMLPage {
    let title: String
    /// HTML; what comes from a peer was escaped when it was put in.
    var body: String
    /// What the script works with; `nil` for a page without a script.
    var facts: JSONValue?
    var status = 200

    /// The answer that carries it.
    ///
    /// The page may stand in a frame: it is made for that.
    var answer: APIAnswer {
        let style = String(decoding: PackageResources.page_css, as: UTF8.self)
        var html = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title.html)</title>
            <link rel="icon" href="data:,">
            <style>\(style)</style>
            </head>
            <body>
            \(body)

            """
        if let facts {
            let script = String(decoding: PackageResources.embedded_js, as: UTF8.self)
            // In a script nothing is an entity; the one thing that could end it is escaped.
            let json = facts.text(.plain).replacing("<", with: "\\u003c")
            html += "<script type=\"application/json\" id=\"facts\">\(json)</script>\n"
            html += "<script>\(script)</script>\n"
        }
        html += "</body>\n</html>\n"
        return APIAnswer(
            status: status,
            headers: [
                HeaderField("Content-Type", "text/html; charset=utf-8"),
                HeaderField("Cache-Control", "no-store"),
                HeaderField(
                    "Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
                        + "img-src 'self' data:; connect-src 'self'; base-uri 'none'"),
                HeaderField("Referrer-Policy", "origin"),
            ], body: Array(html.utf8))
    }

    /// A page that says what is wrong.
    static func refusal(_ error: APIError, signatureID: String? = nil) -> HTMLPage {
        var page = HTMLPage(
            title: "This page cannot be shown",
            body: """
                <header><div class="mark">Countersign mock</div>
                <h1>This page cannot be shown</h1></header>
                <main id="work"><div class="card"><p>\(error.message.html)</p>
                <p class="quiet"><code>\(error.name.text)</code></p></div></main>
                <span id="status" hidden></span>
                """,
            facts: [
                "error": .string(error.message), "code": .string(error.name.text),
                "signatureId": .text(signatureID),
            ])
        page.status = error.name.status
        return page
    }
}

extension String {
    /// The text with the characters escaped that HTML reads as more than text.
    var html: String {
        guard utf8.contains(where: { "&<>\"'".utf8.contains($0) }) else { return self }
        return replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
            .replacing("'", with: "&#39;")
    }
}
