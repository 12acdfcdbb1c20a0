import Callbacks

/// Writes shell lines that send a case's request again, without the checker where that is possible.
package struct Reproduction: Hashable, Sendable {
    /// Octets of a body that a line holds; a larger one is made by the checker itself.
    package static let maximumBodyBytes = 8192
    /// Octets of a body that a line in a terminal holds.
    static let maximumShortBytes = 256

    /// The handler's URL.
    let target: String
    let seed: UInt64
    let timestamp: Int64
    /// More arguments of `countersign check` on which requests depend.
    let arguments: [String]

    package init(target: String, seed: UInt64, timestamp: Int64, arguments: [String] = []) {
        self.target = target
        self.seed = seed
        self.timestamp = timestamp
        self.arguments = arguments
    }

    /// The line for a case; `nil` when no such line does the same.
    func line(ruleID: String, _ oneCase: Case) -> String? {
        let request = oneCase.probe.request
        if case .disconnect = oneCase.probe.manner { return nil }
        let expect = oneCase.probe.manner == .expectContinue
        if request.body.count > Self.maximumBodyBytes {
            return generatedLine(ruleID: ruleID, oneCase, expect: expect)
        }
        return Self.line(for: request, target: target, expectContinue: expect)
    }

    /// The line for a case whose body the checker makes; `nil` when ``line(ruleID:_:)`` is as short.
    func shortLine(ruleID: String, _ oneCase: Case) -> String? {
        if case .disconnect = oneCase.probe.manner { return nil }
        guard oneCase.probe.request.body.count > Self.maximumShortBytes else { return nil }
        return generatedLine(
            ruleID: ruleID, oneCase, expect: oneCase.probe.manner == .expectContinue)
    }

    private func generatedLine(ruleID: String, _ oneCase: Case, expect: Bool) -> String {
        generated(ruleID: ruleID, caseName: oneCase.name) + " | "
            + curl(oneCase.probe.request, data: "@-", expect: expect)
    }

    /// The line for a request whose body is not too long for one.
    static func line(
        for request: CallbackRequest, target: String, expectContinue: Bool = false
    )
        -> String
    {
        let line = Reproduction(target: target, seed: 0, timestamp: 0)
        if let json = request.onlyMultipartField {
            return line.curlForm(request, json: json, expect: expectContinue)
        }
        if request.body.isEmpty { return line.curl(request, data: nil, expect: expectContinue) }
        if request.body.isPrintable, request.body.first != UInt8(ascii: "@") {
            let text = String(decoding: request.body, as: UTF8.self)
            return line.curl(request, data: text, expect: expectContinue)
        }
        return "printf %b \(ShellWord(printing: request.body)) | "
            + line.curl(request, data: "@-", expect: expectContinue)
    }

    private func generated(ruleID: String, caseName: String) -> String {
        let words =
            ["countersign", "check", target, "--seed", "\(seed)", "--timestamp"]
            + ["\(timestamp)"] + arguments + ["--only", ruleID, "--print-body", caseName]
        return words.map { ShellWord($0).description }.joined(separator: " ")
    }

    /// curl writes a form of its own, with its own boundary: the same but for that.
    private func curlForm(_ request: CallbackRequest, json: String, expect: Bool) -> String {
        let form = " --form-string \(ShellWord("json=" + json))"
        return "curl -sS" + headers(request, without: ["content-length", "content-type", "accept"])
            + (expect ? " -H 'Expect: 100-continue'" : "") + "\(form) \(ShellWord(target))"
    }

    private func curl(_ request: CallbackRequest, data: String?, expect: Bool) -> String {
        var line = "curl -sS"
        if request.method != (data == nil ? "GET" : "POST") { line += " -X \(request.method)" }
        line += headers(request, without: ["content-length", "accept"])
        if expect { line += " -H 'Expect: 100-continue'" }
        if let data { line += " --data-binary \(ShellWord(data))" }
        return "\(line) \(ShellWord(target))"
    }

    private func headers(_ request: CallbackRequest, without names: Set<String>) -> String {
        request.headers.filter { !names.contains($0.name.lowercased()) }
            .map { " -H \(ShellWord("\($0.name): \($0.value)"))" }.joined()
    }
}

extension CallbackRequest {
    /// The field's text when the body is the form that the service sends and nothing else.
    var onlyMultipartField: String? {
        guard method == "POST", let type = headers.first("Content-Type"),
            type.hasPrefix("multipart/form-data; boundary="),
            let json = try? CallbackForm.json(in: body, contentType: type),
            let text = String(validating: json, as: UTF8.self), !text.utf8.contains(0)
        else { return nil }
        let boundary = String(type.dropFirst("multipart/form-data; boundary=".count))
        // Another boundary than the service's may be what the case is about.
        guard boundary.count == BodyForm.boundary(0).count, boundary.hasPrefix("---"),
            body == BodyForm.multipart.body(json: json, boundary: boundary)
        else { return nil }
        return text
    }
}

extension [UInt8] {
    /// Whether this is UTF-8 without control characters.
    fileprivate var isPrintable: Bool {
        String(validating: self, as: UTF8.self) != nil && allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    }
}
