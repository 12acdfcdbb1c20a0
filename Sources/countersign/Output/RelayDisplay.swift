import Callbacks
import Relay
import Toolkit

/// Shows where a relay is, and what its operator should know.
struct RelayDisplay: Sendable {
    let format: OutputFormat
    let style: Style

    func ready(_ ready: RelayRun.Ready) {
        guard format != .json else {
            let value: JSONValue = [
                "type": "ready", "domain": .string(ready.domain),
                "public": .string("\(ready.publicAddress)"),
                "agents": .string("\(ready.agentAddress)"),
                "admin": ready.admin.map { .string("\($0)") } ?? .null,
                "control_token": ready.controlToken.map { .string($0) } ?? .null,
                "ca": ready.authority.map { .string($0) } ?? .null, "loops": JSONValue(ready.loops),
            ]
            return Terminal.standardOutputSoon(value.text(.plain) + "\n")
        }
        guard format == .text else {
            return Terminal.standardOutputSoon(
                "ready \(ready.publicAddress) \(ready.agentAddress)\n")
        }
        let scheme = ready.isPublicPlain ? "plain HTTP" : "HTTPS"
        var rows = [
            ("senders", "\(style.bold("\(ready.publicAddress)"))  \(scheme), NAME.\(ready.domain)"),
            ("agents", "\(style.bold("\(ready.agentAddress)"))  TLS"),
        ]
        if let admin = ready.admin {
            let token = ready.controlToken.map { "  Authorization: Bearer \($0)" } ?? ""
            rows.append(("status", "http://\(admin)/\(token)"))
        }
        let who =
            ready.isOpen
            ? "anybody who reaches the agents' address"
            : "\(ready.tokens) \(ready.tokens == 1 ? "token" : "tokens"); 'countersign relay token add NAME' makes one"
        rows.append(("who may", who))
        rows.append(("try", "countersign listen 3000 " + Self.listenFlags(ready)))
        Terminal.standardOutputSoon(
            rows.map { "\(style.dim($0.0.padded(to: 8))) \($0.1)\n" }.joined()
                + style.green("ready") + style.dim("; Ctrl-C ends") + "\n\n")
    }

    /// What an agent is told, as far as we know it.
    private static func listenFlags(_ ready: RelayRun.Ready) -> String {
        let address = ready.agentAddress
        let isHere = ["127.0.0.1", "localhost", "::1"].contains(address.host)
        var words = ["--relay \(isHere ? "\(address)" : "\(ready.domain):\(address.port)")"]
        words.append(ready.isOpen ? "--name demo" : "--token \"$TOKEN\"")
        if let authority = ready.authority { words.append("--relay-ca \(authority)") }
        return words.joined(separator: " ")
    }

    func note(_ text: String) {
        guard format != .json else {
            let value: JSONValue = ["type": "note", "text": .string(text)]
            return Terminal.standardOutputSoon(value.text(.plain) + "\n")
        }
        Terminal.standardError(text + "\n")
    }
}
