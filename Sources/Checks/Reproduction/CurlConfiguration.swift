package import Callbacks

/// A file for `curl --config` that sends requests as the checker does, byte for byte.
///
/// - SeeAlso: curl(1), `--config`.
package struct CurlConfiguration: Hashable, Sendable {
    /// Octets of one body: curl reads lines of at most 100 KiB, and an escape takes two octets.
    package static let maximumBodyBytes = 48 << 10

    private let requests: [CallbackRequest]
    private let target: String
    private let options: [String]
    private let isParallel: Bool

    /// Requests to `target`, one after another or all at once.
    ///
    /// `options`: Lines for each request, such as `insecure`.
    package init(
        _ requests: [CallbackRequest], to target: String, options: [String] = [],
        isParallel: Bool = false
    ) {
        self.requests = requests
        self.target = target
        self.options = options
        self.isParallel = isParallel
    }

    /// The file's text.
    package var text: String {
        let parts = requests.map { request in
            let body = String(decoding: request.body, as: UTF8.self)
            let fields = request.headers.filter { $0.name.lowercased() != "content-length" }
                .map { "header = \(Self.quoted("\($0.name): \($0.value)"))" }
            let lines =
                ["url = \(Self.quoted(target))", "request = \(Self.quoted(request.method))"]
                + ["silent", "show-error", "no-progress-meter", "include"] + options + fields
                + (request.body.isEmpty ? [] : ["data-raw = \(Self.quoted(body))"])
                + ["write-out = \"\\n[\(Self.summary)]\\n\\n\""]
            return lines.joined(separator: "\n") + "\n"
        }
        return (isParallel ? "parallel\nparallel-immediate\n" : "")
            + parts.joined(separator: "next\n")
    }

    /// What an answer does not say by itself: curl opens another connection without a word where the
    /// handler did not keep the first.
    private static let summary =
        "%{response_code}, %{time_total} s, new connections: %{num_connects}"

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": quoted += "\\\\"
            case "\"": quoted += "\\\""
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{b}": quoted += "\\v"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
