import Foundation

/// Standard output and standard error.
enum Terminal {
    static func standardOutput(_ text: String) { write(text, to: .standardOutput) }

    static func standardError(_ text: String) { write(text, to: .standardError) }

    /// Writes; when the reader has left, there is nobody to talk to any more, and that is no error.
    private static func write(_ text: String, to handle: FileHandle) {
        do { try handle.write(contentsOf: Data(text.utf8)) } catch { exit(0) }
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
