import ArgumentParser
import Callbacks
import Checks
import Fixtures
import Foundation
import Toolkit

/// Says more about a rule, an error code, an event type or an outcome.
struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says more about a rule, an error code or an event type.",
        discussion: """
            countersign explain refuses-wrong-key
            countersign explain CS-1204
            countersign explain signature_request_downloadable
            """)

    @Argument(help: "A rule's id, a code such as CS-1204, or an event type.")
    var name: String

    func run() throws {
        if let code = ProblemCode(name: name) {
            return Terminal.standardOutput(Paragraph.wrap("\(code.name)\n\n\(code.explanation)\n"))
        }
        if let rule = Rule.named(name) {
            let text = """
                \(rule.id): \(rule.title)

                \(rule.requirement)

                \(rule.explanation)

                \(rule.documentation)

                """
            return Terminal.standardOutput(Paragraph.wrap(text))
        }
        if let type = EventType(rawValue: name).known {
            let resource = type.resource.map { "The payload carries \($0.rawValue)." }
            let kinds = type.kinds.map { "the \($0.rawValue)'s URL" }.joined(separator: " and ")
            let text = """
                \(name): \(type.trigger)

                Reported to \(kinds). \(resource ?? "The payload carries no resource.")

                An example: countersign trigger \(name) --print

                """
            return Terminal.standardOutput(Paragraph.wrap(text))
        }
        let known =
            Rule.standard.map(\.id) + EventType.all.map(\.rawValue)
            + ProblemCode.allCases.map(\.name)
        let hint =
            suggestion(for: name, among: known)
            ?? "rules are in 'countersign check --list', events in 'countersign trigger --list'"
        throw Problem(.wrongUse, "nothing is known about '\(name)'; \(hint)")
    }
}

/// Text for reading.
enum Paragraph {
    /// Characters of a line.
    private static let width = 80

    /// Breaks long lines between words.
    static func wrap(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            // What is set off by spaces is an example, to be left as it is.
            guard line.count > width, !line.hasPrefix(" ") else { return String(line) }
            var lines: [String] = [""]
            for word in line.split(separator: " ") {
                let last = lines[lines.count - 1]
                if last.isEmpty {
                    lines[lines.count - 1] = String(word)
                } else if last.count + 1 + word.count <= width {
                    lines[lines.count - 1] += " " + word
                } else {
                    lines.append(String(word))
                }
            }
            return lines.joined(separator: "\n")
        }.joined(separator: "\n")
    }
}

/// Prints a completion script.
struct Completion: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a completion script for a shell.",
        discussion: "countersign completion bash > /etc/bash_completion.d/countersign")

    @Argument(help: "bash, zsh or fish.")
    var shell: String

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else {
            throw ValidationError(
                "there is no completion for '\(shell)'; bash, zsh and fish have one")
        }
        Terminal.standardOutput(Countersign.completionScript(for: shell) + "\n")
    }
}

/// Prints the version.
struct PrintVersion: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Prints the version.")

    func run() throws { Terminal.standardOutput(Version.text + "\n") }
}

/// Starts the correct handler that comes along.
struct SampleHandler: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample-handler", abstract: "Starts a correct handler to try things on.",
        discussion: "countersign sample-handler --port 3000")

    @Option(help: "The port; 0 takes a free one.")
    var port = 3000

    @Option(help: "The account's API key (default: the published example key).")
    var apiKey: String?

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port is 0 to 65535") }
    }

    func run() throws {
        let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let program = own.deletingLastPathComponent().appending(path: "sample-handler").path()
        var words = [program, "--port", "\(port)"]
        if let apiKey { setenv("COUNTERSIGN_API_KEY", apiKey, 1) }
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        // It takes this process's place, so that signals and exit codes are its own.
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        execv(program, &arguments)
        words.removeAll()
        throw Problem(
            .missingProgram, "\(String(cString: strerror(errno))); build it with 'swift build'",
            at: program)
    }
}
