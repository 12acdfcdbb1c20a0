import Callbacks
import Checks
import HTTPTransport
import OpenSSL
import Toolkit

/// What settings other than the default mean for lines that reproduce a request.
struct ReproductionWords {
    /// Words of `countersign check`.
    private(set) var command: [String] = []
    /// Words of curl.
    private(set) var curl: [String] = []
    /// Lines of a file for `curl --config`.
    private(set) var configuration: [String] = []

    init(_ settings: Settings) {
        // A key is never written out: the reader's shell has it.
        if settings.apiKey != nil { command += ["--api-key", "\"$COUNTERSIGN_API_KEY\""] }
        switch settings.client.trust {
        case .system: break
        case .anybody:
            command.append("--skip-verify")
            curl.append("-k")
            configuration.append("insecure")
        case .authorities(let file):
            let word = "\(ShellWord(file))"
            command += ["--ca", word]
            curl += ["--cacert", word]
            configuration.append("cacert = \"\(file.replacing("\"", with: "\\\""))\"")
        }
        let (wire, standard) = (settings.wire, WireFormat())
        if wire.form != standard.form { command += ["--body", wire.form.rawValue] }
        if wire.userAgent != standard.userAgent {
            command += ["--user-agent", "\(ShellWord(wire.userAgent))"]
        }
        if wire.contentSHA256 != standard.contentSHA256 {
            command += ["--content-sha256", wire.contentSHA256.rawValue]
        }
        for field in wire.additionalHeaders { command += ["-H", field.shellWord] }
    }
}
