import Dispatch
import Foundation
import Journal
import Synchronization

/// Standard output and standard error.
enum Terminal {
    private enum Output {
        case open
        /// The reader has left, as 'head' does: nobody to talk to, and no error.
        case left
        case failed(String)
    }

    private static let output = Mutex(Output.open)
    /// What ``standardOutputSoon(_:)`` has not written yet.
    private static let waiting = Mutex(Data())
    private static let maximumWaitingBytes = 1 << 20
    private static let writer = DispatchQueue(label: "countersign.output")

    /// Why standard output could not be written; the program's work goes on without it.
    static var failure: String? {
        output.withLock { if case .failed(let reason) = $0 { reason } else { nil } }
    }

    static func standardOutput(_ text: String) { standardOutput(Array(text.utf8)) }

    static func standardOutput(_ bytes: [UInt8]) {
        output.withLock { output in
            guard case .open = output else { return }
            do { try FileHandle.standardOutput.write(contentsOf: Data(bytes)) } catch {
                let number = error.systemErrorNumber ?? EIO
                output = number == EPIPE ? .left : .failed(String(cString: strerror(number)))
            }
        }
    }

    /// Writes behind the caller's back, many lines in one go where they come fast.
    static func standardOutputSoon(_ text: String) {
        let (isFirst, isFull) = waiting.withLock { waiting in
            defer { waiting.append(contentsOf: text.utf8) }
            return (waiting.isEmpty, waiting.count > maximumWaitingBytes)
        }
        if isFirst { writer.async { writeWaiting() } }
        if isFull { flush() }  // a reader who is slow slows us down
    }

    /// Returns when all that was said is written.
    static func flush() { writer.sync { writeWaiting() } }

    private static func writeWaiting() {
        let text = waiting.withLock { waiting in
            defer { waiting = Data() }
            return waiting
        }
        if !text.isEmpty { standardOutput(Array(text)) }
    }

    /// Writes, when somebody is there to read it: what is said here never decides how a run ends.
    static func standardError(_ text: String) {
        do { try FileHandle.standardError.write(contentsOf: Data(text.utf8)) } catch {}
    }

    /// Whether a stream is a terminal that wants colours.
    static func usesColour(
        _ choice: ColourChoice, descriptor: Int32, environment: [String: String]
    ) -> Bool {
        switch choice {
        case .on: return true
        case .off: return false
        case .auto:
            if let value = environment["NO_COLOR"], !value.isEmpty { return false }
            if let value = environment["CLICOLOR_FORCE"], value != "0" { return true }
            if environment["CLICOLOR"] == "0" || environment["TERM"] == "dumb" { return false }
            return isatty(descriptor) == 1
        }
    }
}

/// When to use colours.
enum ColourChoice: String, CaseIterable {
    case on, off, auto
}
