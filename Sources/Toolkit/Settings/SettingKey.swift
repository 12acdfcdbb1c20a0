/// What can be set by a flag, by the environment and in countersign.yaml, under one name.
package enum SettingKey: String, Hashable, Sendable, CaseIterable {
    case apiKey = "api-key"
    case forwardTo = "forward-to"
    case data
    case ephemeral
    case sync
    case timeout
    case seed
    case body
    case header
    case skipVerify = "skip-verify"
    case ca
    case userAgent = "user-agent"
    case contentSHA256 = "content-sha256"
    case color
    case host
    case port
    case reporting
    case textTagError = "text-tag-error"
    case processing
    case plan
    case rateLimits = "rate-limits"
    case allowFileHost = "allow-file-host"
    case clock
    case publicURL = "public-url"
    case tls
    case controlToken = "control-token"
    case clockSpeed = "clock-speed"
    case relay
    case relayCA = "relay-ca"
    case relaySkipVerify = "relay-skip-verify"
    case name
    case token
    case domain
    case publicAddress = "public"
    case agents
    case admin
    case certificate = "cert"
    case key

    /// Such as `COUNTERSIGN_API_KEY`.
    package var environmentName: String {
        "COUNTERSIGN_" + rawValue.uppercased().split(separator: "-").joined(separator: "_")
    }

    /// Whether its value must not be shown.
    package var isSecret: Bool { [.apiKey, .controlToken, .token].contains(self) }
}

/// A value and where it came from.
package struct SettingValue: Hashable, Sendable {
    package var text: String
    /// Such as `--timeout`, `COUNTERSIGN_TIMEOUT` or `countersign.yaml:3`.
    package var origin: String
}
