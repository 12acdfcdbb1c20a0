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
    /// Words of `countersign check` on which requests depend, as a shell takes them.
    let arguments: [String]
    /// Words of curl about the connection, as a shell takes them.
    let curlArguments: [String]

    package init(
        target: String, seed: UInt64, timestamp: Int64, arguments: [String] = [],
        curlArguments: [String] = []
    ) {
        self.target = target
        self.seed = seed
        self.timestamp = timestamp
        self.arguments = arguments
        self.curlArguments = curlArguments
    }

    /// The line for a case; `nil` when no such line does the same.
    func line(_ rule: Rule, _ oneCase: Case) -> String? {
        let request = oneCase.probe.request
        if case .disconnect = oneCase.probe.manner { return nil }
        if rule.sending != .alone {
            return generated(rule.id, "--curl", Self.allCases) + " | curl -K -"
        }
        let expect = oneCase.probe.manner == .expectContinue
        if request.body.count > Self.maximumBodyBytes {
            return generatedLine(rule.id, oneCase, expect: expect)
        }
        return line(for: request, expectContinue: expect)
    }

    /// The line for a terminal, in which the checker makes the request; `nil` when
    /// ``line(_:_:)`` is short.
    func shortLine(_ rule: Rule, _ oneCase: Case) -> String? {
        if case .disconnect = oneCase.probe.manner { return nil }
        guard rule.sending == .alone else { return nil }
        let count = oneCase.probe.request.body.count
        guard count > Self.maximumShortBytes else { return nil }
        if count > CurlConfiguration.maximumBodyBytes {
            return generatedLine(
                rule.id, oneCase, expect: oneCase.probe.manner == .expectContinue)
        }
        return generated(rule.id, "--curl", oneCase.name) + " | curl -K -"
    }

    /// What stands for all cases of a rule where one case is named.
    package static let allCases = "all"

    private func generatedLine(_ ruleID: String, _ oneCase: Case, expect: Bool) -> String {
        generated(ruleID, "--print-body", oneCase.name) + " | "
            + curl(oneCase.probe.request, data: "@-", expect: expect)
    }

    /// The line for a request whose body is not too long for one.
    func line(for request: CallbackRequest, expectContinue: Bool = false) -> String {
        let line = self
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

    private func generated(_ ruleID: String, _ flag: String, _ caseName: String) -> String {
        let begin = ["countersign", "check", target, "--seed", "\(seed)"]
        let end = ["--timestamp", "\(timestamp)", "--only", ruleID, flag, caseName]
        func quoted(_ words: [String]) -> [String] { words.map { ShellWord($0).description } }
        return (quoted(begin) + arguments + quoted(end)).joined(separator: " ")
    }

    /// curl writes a form of its own, with its own boundary: the same but for that.
    private func curlForm(_ request: CallbackRequest, json: String, expect: Bool) -> String {
        let form = " --form-string \(ShellWord("json=" + json))"
        return curlStart + headers(request, without: ["content-length", "content-type", "accept"])
            + (expect ? " -H 'Expect: 100-continue'" : "") + "\(form) \(ShellWord(target))"
    }

    private func curl(_ request: CallbackRequest, data: String?, expect: Bool) -> String {
        var line = curlStart
        if request.method != (data == nil ? "GET" : "POST") { line += " -X \(request.method)" }
        line += headers(request, without: ["content-length", "accept"])
        if expect { line += " -H 'Expect: 100-continue'" }
        if let data { line += " --data-binary \(ShellWord(data))" }
        return "\(line) \(ShellWord(target))"
    }

    private var curlStart: String { (["curl -sS"] + curlArguments).joined(separator: " ") }

    private func headers(_ request: CallbackRequest, without names: Set<String>) -> String {
        request.headers.filter { !names.contains($0.name.lowercased()) }
            .map { " -H \($0.shellWord)" }.joined()
    }
}

extension HeaderField {
    /// The field as a word of a shell; a secret value is a variable that the reader sets.
    package var shellWord: String {
        guard isSecret else { return ShellWord("\(name): \(value)").description }
        let variable = name.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }
        return "\"\(name): $\(String(variable))\""
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
