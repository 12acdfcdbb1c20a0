import Callbacks
import Documents

/// The page on which a signer reads, fills in and signs.
struct SigningPage {
    let request: SignatureRequest
    let index: Int
    /// Opens the actions of the page.
    let token: String
    /// The sizes of each document's pages.
    let sheets: [[PageSize]]
    /// Whether pictures of the pages can be had.
    let hasPictures: Bool
    let redirectURL: String?
    /// Echoed by a host page at the right origin; `nil` when that is not asked for.
    let domainToken: String?

    var page: HTMLPage {
        let signer = request.signers[index]
        let name = (signer.name ?? signer.emailAddress).html
        let message = request.terms.message.map { "<p class=\"message\">\($0.html)</p>" } ?? ""
        let mode = request.terms.isTestMode ? " · test mode, not legally binding" : ""
        let body = """
            <header><div class="mark">Countersign mock\(mode)</div>
            <h1>\(request.terms.title.html)</h1>
            <p class="quiet">\(request.terms.requesterEmailAddress.html) asks \(name) to sign.</p>
            \(message)</header>
            <main id="work">\(pin)\(documents)\(otherFields)</main>
            <div class="actions"><span class="status" id="status" role="status"></span>\(buttons)</div>
            \(dialogs)
            """
        return HTMLPage(
            title: "Sign: \(request.terms.title)", body: body,
            facts: [
                "kind": "sign", "token": .string(token),
                "signatureId": .string(signer.signatureID),
                "signatureRequestId": .string(request.id), "redirectUrl": .text(redirectURL),
                "domainToken": .text(domainToken),
            ])
    }

    private var pin: String {
        guard request.signers[index].pin != nil else { return "" }
        return """
            <div class="card"><label>Access code
            <input id="pin" autocomplete="one-time-code"></label></div>
            """
    }

    private var buttons: String {
        var buttons = "<button data-deed=\"cancel\">Cancel</button>"
        if request.terms.allowsReassign {
            buttons += "<button data-opens=\"reassign-dialog\">Someone else signs</button>"
        }
        if request.terms.allowsDecline {
            buttons += "<button data-opens=\"decline-dialog\">Decline</button>"
        }
        return buttons + "<button class=\"primary\" id=\"sign\" data-deed=\"sign\">Sign</button>"
    }

    private var dialogs: String {
        var dialogs = ""
        if request.terms.allowsDecline {
            dialogs += """
                <dialog id="decline-dialog"><label>Why do you decline?
                <input id="decline-reason"></label>
                <button class="primary" data-deed="decline">Decline to sign</button>
                <form method="dialog"><button>Back</button></form></dialog>
                """
        }
        if request.terms.allowsReassign {
            dialogs += """
                <dialog id="reassign-dialog"><label>Name <input id="reassign-name"></label>
                <label>E-mail <input id="reassign-email" type="email"></label>
                <label>Reason <input id="reassign-reason"></label>
                <button class="primary" data-deed="reassign">Pass on</button>
                <form method="dialog"><button>Back</button></form></dialog>
                """
        }
        return dialogs
    }

    /// Fields of this signer, and whether each stands on a page that is shown.
    private var fields: [(json: JSONValue, isPlaced: Bool)] {
        request.fields(of: index).map { field in
            let document = field["document_index"]?.integer ?? 0
            let page = (field["page"]?.integer ?? 1) - 1
            return (
                field,
                hasPictures && sheets.indices.contains(document)
                    && sheets[document].indices.contains(page)
            )
        }
    }

    private var documents: String {
        guard hasPictures else {
            let names = request.documents.map { "<li>\($0.name.html)</li>" }.joined()
            return "<div class=\"card\"><p>The documents:</p><ul>\(names)</ul></div>"
        }
        var html = ""
        for (document, pages) in sheets.enumerated() {
            for (page, size) in pages.enumerated() {
                let source = "/editor/page/\(token)/\(document)/\(page).png"
                let label = "\(request.documents[document].name), page \(page + 1)".html
                let placed = fields.filter {
                    $0.isPlaced && ($0.json["document_index"]?.integer ?? 0) == document
                        && ($0.json["page"]?.integer ?? 1) - 1 == page
                }
                // Its shape is there before the picture is, so that the fields stand in their places.
                html += "<div class=\"sheet\" style=\"aspect-ratio:\(size.width)/\(size.height)\">"
                html += "<img alt=\"\(label)\" src=\"\(source)\">"
                html += placed.map { self.placed($0.json, size) }.joined()
                html += "</div>"
            }
        }
        return html
    }

    private func placed(_ field: JSONValue, _ size: PageSize) -> String {
        func share(_ name: String, of whole: Double, _ fallback: Int) -> String {
            let value = Double(min(max(field[name]?.integer ?? fallback, 0), 100_000))
            return "\((value / whole * 10_000).rounded() / 100)%"
        }
        let type = field["type"]?.string ?? "text"
        return """
            <div class="field \(type == "signature" ? "signature" : "")" style="left:\
            \(share("x", of: size.width, 0));top:\(share("y", of: size.height, 0));width:\
            \(share("width", of: size.width, 100));height:\(share("height", of: size.height, 16))">\
            \(control(field))</div>
            """
    }

    /// Fields that no shown page has a place for.
    private var otherFields: String {
        let rest = fields.filter { !$0.isPlaced }
        let signature =
            fields.contains { $0.json["type"]?.string == "signature" }
            ? "" : "<label>Signature <input value=\"\(signatureName.html)\" readonly></label>"
        guard !rest.isEmpty || !signature.isEmpty else { return "" }
        let rows = rest.map { field, _ in
            "<label>\((field["name"]?.string ?? field["api_id"]?.string ?? "").html) "
                + "\(control(field))</label>"
        }
        return "<div class=\"card\">\(rows.joined())\(signature)</div>"
    }

    private var signatureName: String {
        request.signers[index].name ?? request.signers[index].emailAddress
    }

    private func control(_ field: JSONValue) -> String {
        let id = (field["api_id"]?.string ?? "").html
        let label = (field["name"]?.string ?? field["api_id"]?.string ?? "").html
        let isRequired = field["required"]?.bool ?? false
        let attributes =
            "data-api-id=\"\(id)\" aria-label=\"\(label)\"\(isRequired ? " required" : "")"
        switch field["type"]?.string ?? "text" {
        case "checkbox", "radio":
            let isChecked = field["is_checked"]?.bool ?? false ? " checked" : ""
            guard field["type"] == "radio" else {
                return "<input type=\"checkbox\" \(attributes)\(isChecked)>"
            }
            let group = (field["group"]?.string ?? id).html
            return "<input type=\"radio\" name=\"group-\(group)\" \(attributes)\(isChecked)>"
        case "signature":
            return "<input \(attributes) value=\"\(signatureName.html)\">"
        case "initials":
            let initials = signatureName.split(separator: " ").compactMap(\.first)
            return "<input \(attributes) value=\"\(String(initials).html)\">"
        case "dropdown":
            let chosen = field["content"]?.string
            let choices =
                (isRequired ? [] : [""]) + (field["options"]?.array ?? []).compactMap(\.string)
            let options = choices.map {
                "<option\($0 == chosen ? " selected" : "")>\($0.html)</option>"
            }
            return "<select \(attributes)>\(options.joined())</select>"
        case "date_signed": return "<input aria-label=\"\(label)\" value=\"(today)\" readonly>"
        case "hyperlink": return "<span>\(label)</span>"
        default:
            let content = field["content"]?.string ?? ""
            let hint = field["placeholder"]?.string ?? field["name"]?.string ?? ""
            return
                "<input \(attributes) value=\"\(content.html)\" placeholder=\"\(hint.html)\">"
        }
    }
}
