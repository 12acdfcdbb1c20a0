import ArgumentParser
import Dispatch
import Fixtures
import Foundation
import Synchronization
import Toolkit

/// Runs the command line: parses, ends on signals, and turns every error into one line and a code.
@main
enum Program {
    private enum End: Int32 {
        case wrongUse = 2
        case interrupted = 130
        case terminated = 143
    }

    /// Not of the main actor: the handlers of signals run on a queue of the system's.
    nonisolated static func main() async {
        raiseDescriptorLimit()
        signal(SIGPIPE, SIG_IGN)  // a reader who leaves is told by the write that fails
        let interruption = Mutex<End?>(nil)
        // A task of its own, as a signal has to reach it from outside.
        let task = Task { try await run(Array(CommandLine.arguments.dropFirst())) }
        let sources = [(SIGINT, End.interrupted), (SIGTERM, End.terminated)].map { number, end in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { @Sendable in
                let isSecond = interruption.withLock { old in
                    defer { old = end }
                    return old != nil
                }
                // Who waits for input cannot be asked to end.
                if isSecond || InputFile.isWaiting { exit(end.rawValue) }
                task.cancel()
            }
            source.resume()
            return source
        }
        let result = await task.result
        withExtendedLifetime(sources) {}
        Terminal.flush()
        if let end = interruption.withLock({ $0 }) { exit(end.rawValue) }
        var code: Int32 = 0
        if case .failure(let error) = result { code = report(error) }
        if let reason = Terminal.failure {
            say(Problem(.outputFailed, "standard output cannot be written: \(reason)"))
            code = End.wrongUse.rawValue
        }
        exit(code)
    }

    /// Takes as many descriptors as the system gives without being asked for more: a shell's usual 1,024 are
    /// fewer than the connections that a relay bears.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(descriptors, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(descriptors, &limit)
    }

    /// How many descriptors the program may have.
    nonisolated static var descriptorLimit: Int {
        var limit = rlimit()
        guard getrlimit(descriptors, &limit) == 0 else { return .max }
        return Int(clamping: limit.rlim_cur)
    }

    #if canImport(Glibc)
    private static let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    private static let descriptors = RLIMIT_NOFILE
    #endif

    private static func run(_ arguments: [String]) async throws {
        var command = try Countersign.parseAsRoot(arguments.isEmpty ? ["--help"] : arguments)
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }

    /// Prints what there is to say; returns the exit code.
    private static func report(_ error: any Error) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        if isOfParser(error) {
            let text = Countersign.fullMessage(for: error)
            guard Countersign.exitCode(for: error) != .success else {
                Terminal.standardOutput(text.hasSuffix("\n") ? text : text + "\n")
                return 0
            }
            let message = Countersign.message(for: error).replacing("\n", with: " ")
            let help = "see 'countersign \(helpPath(text))--help'"
            let hint = nearestCommand(message).map { "\($0), or " } ?? ""
            say(Problem(.wrongUse, "\(message); \(hint)\(help)"))
            return End.wrongUse.rawValue
        }
        say(Problem(error))
        return End.wrongUse.rawValue
    }

    /// Whether the argument parser threw it: those types are not public, so what is ours is told apart.
    private static func isOfParser(_ error: any Error) -> Bool {
        Problem(error).code == .unexpected && Countersign.exitCode(for: error) != .failure
    }

    /// A hint for a mistyped command, which the parser takes for an argument too many.
    private static func nearestCommand(_ message: String) -> String? {
        let words = CommandLine.arguments.dropFirst()
        guard let word = words.first, message.contains("'\(word)'") else { return nil }
        let known = Countersign.configuration.subcommands.map { $0._commandName }
        return suggestion(for: word, among: known)
    }

    private static func say(_ problem: Problem) {
        Terminal.standardError("error: \(problem)\n")
    }

    /// The subcommand of the usage line in the parser's message, such as `check `.
    private static func helpPath(_ text: String) -> String {
        guard let usage = text.split(separator: "\n").first(where: { $0.hasPrefix("Usage: ") })
        else {
            return ""
        }
        let words = usage.split(separator: " ").dropFirst(2)
            .prefix { $0.allSatisfy { $0.isLowercase || $0 == "-" } && !$0.hasPrefix("-") }
        return words.map { $0 + " " }.joined()
    }
}
