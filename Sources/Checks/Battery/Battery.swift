package import Callbacks
import Fixtures

/// The standard rules and all that they need to be run against a handler.
///
/// Equal configurations make equal requests, byte for byte.
package struct Battery: Sendable {
    package let configuration: Configuration
    /// The rules that will be run.
    package let rules: [Rule]

    /// What a run depends on.
    package struct Configuration: Sendable {
        /// The handler's URL, for reports and shell lines.
        package var target: String
        /// The key under which the handler verifies; `nil` means: see whether it is the published one.
        package var apiKey: String?
        /// The time of the events, in Unix seconds.
        package var now: Int64
        package var seed: UInt64
        package var selection: Selection
        /// So many failing rules end the run; `nil` means never.
        package var maximumFailures: Int?
        /// How long the prober waits for an answer; for judging slow ones.
        package var timeLimit: Duration
        package var wire: WireFormat
        /// Words of the command on which requests depend, for lines that reproduce them.
        package var commandArguments: [String]
        /// Words of curl about the connection, for the same lines.
        package var curlArguments: [String]

        package init(
            target: String, apiKey: String? = nil, now: Int64, seed: UInt64 = 0,
            selection: Selection = Selection(), maximumFailures: Int? = nil,
            timeLimit: Duration = .seconds(30), wire: WireFormat = WireFormat(),
            commandArguments: [String] = [], curlArguments: [String] = []
        ) {
            self.target = target
            self.apiKey = apiKey
            self.now = now
            self.seed = seed
            self.selection = selection
            self.maximumFailures = maximumFailures
            self.timeLimit = timeLimit
            self.wire = wire
            self.commandArguments = commandArguments
            self.curlArguments = curlArguments
        }

        var reproduction: Reproduction {
            Reproduction(
                target: target, seed: seed, timestamp: now, arguments: commandArguments,
                curlArguments: curlArguments)
        }
    }

    /// - Throws: ``CheckError`` with code `unknownRule`.
    package init(_ configuration: Configuration) throws(CheckError) {
        self.configuration = configuration
        rules = try configuration.selection.rules()
    }

    /// The request of one case, the same as in a run.
    ///
    /// - Throws: ``CheckError`` with code `unknownRule`, `unknownCase` or `noEvent`.
    package func request(ruleID: String, caseName: String) throws(CheckError) -> CallbackRequest {
        guard let rule = Rule.named(ruleID) else { throw Selection.unknown(ruleID) }
        let cases = try cases(of: rule)
        if let found = cases.first(where: { $0.name == caseName }) { return found.probe.request }
        throw CheckError(
            code: .unknownCase,
            message:
                "the rule \(ruleID) has no case of that name; it has \(listed(cases.map(\.name)))",
            path: caseName)
    }

    /// A file for curl that sends one case of a rule, or all of them in the rule's manner.
    ///
    /// `options`: Lines for each request, such as `insecure`.
    /// - Throws: ``CheckError`` with code `unknownRule`, `unknownCase` or `noEvent`.
    package func curl(
        ruleID: String, caseName: String, options: [String]
    ) throws(CheckError) -> CurlConfiguration {
        guard let rule = Rule.named(ruleID) else { throw Selection.unknown(ruleID) }
        guard caseName == Reproduction.allCases else {
            return CurlConfiguration(
                [try request(ruleID: ruleID, caseName: caseName)], to: configuration.target,
                options: options)
        }
        return CurlConfiguration(
            try cases(of: rule).map(\.probe.request), to: configuration.target, options: options,
            isParallel: rule.sending == .together)
    }

    /// The settings of all requests.
    var settings: Workshop.Settings {
        Workshop.Settings(
            apiKey: configuration.apiKey ?? DevelopmentKey.value, seed: configuration.seed,
            now: configuration.now, wire: configuration.wire)
    }

    func cases(of rule: Rule) throws(CheckError) -> [Case] {
        var workshop = Workshop(settings: settings, name: rule.id)
        do { return try rule.cases(&workshop) } catch {
            throw CheckError(
                code: .noEvent, message: "no event could be made: \(error)", path: rule.id)
        }
    }
}
