import Foundation
import Subprocess
import Synchronization

#if canImport(System)
import System
#else
import SystemPackage
#endif

/// The programs that read and make PDF, each run in a process of its own with limits: a hostile file
/// cannot take us down.
struct Programs: Sendable {
    /// The programs that are needed, and the packages that bring them.
    static let needed = ["pdfinfo", "pdftotext", "pdftocairo", "qpdf", "rsvg-convert"]

    /// What a program did.
    struct Output: Sendable {
        /// The exit code; `nil` when it was ended for taking too long, or by a signal.
        var code: Int32?
        var output: String
        var errors: String
    }

    private let limits: DocumentLimits
    private let gate: Gate

    /// `nil` when one of them is missing.
    init?(_ limits: DocumentLimits) {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
            .split(separator: ":")
        let isThere = Self.needed.allSatisfy { name in
            folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
        }
        guard isThere else { return nil }
        self.limits = limits
        gate = Gate(limits.programs)
    }

    /// Runs a program in `folder`.
    ///
    /// - Throws: An error of the system when it cannot be started.
    func run(_ name: String, _ arguments: [String], in folder: String) async throws -> Output {
        await gate.enter()
        defer { gate.leave() }
        // The shell sets the limits of the process that takes its place.
        let script = """
            ulimit -v \(limits.memoryKibibytes); ulimit -t \(limits.seconds)
            ulimit -f \(limits.outputBytes / 512); exec "$@"
            """
        let words = ["-c", script, "sh", name] + arguments
        let limits = limits
        return try await withThrowingTaskGroup(of: Output?.self) { group in
            group.addTask {
                let result = try await Subprocess.run(
                    .path("/bin/sh"), arguments: Arguments(words),
                    // Equal documents are equal bytes, whenever they are made.
                    environment: .inherit.updating(["SOURCE_DATE_EPOCH": "0", "LC_ALL": "C.UTF-8"]),
                    workingDirectory: FilePath(folder),
                    output: .string(limit: limits.outputBytes), error: .string(limit: 64 << 10))
                let code: Int32? =
                    if case .exited(let code) = result.terminationStatus { code } else { nil }
                return Output(
                    code: code, output: result.standardOutput,
                    errors: result.standardError)
            }
            group.addTask {
                try await Task.sleep(for: .seconds(limits.seconds))
                return nil
            }
            defer { group.cancelAll() }
            let first = try await group.next() ?? nil
            return first ?? Output(code: nil, output: "", errors: "it took too long")
        }
    }
}

/// Lets so many in at once.
private final class Gate: Sendable {
    private struct State {
        var free: Int
        var waiting: [UnsafeContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ places: Int) { state = Mutex(State(free: places)) }

    func enter() async {
        await withUnsafeContinuation { continuation in
            let mayEnter = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if mayEnter { continuation.resume() }
        }
    }

    func leave() {
        let next: UnsafeContinuation<Void, Never>? = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
