import Checks
import Synchronization

/// What a person sees on standard error while a check runs.
struct CheckProgress: Sendable {
    let style: Style
    /// On a terminal one line is written over and over; elsewhere only failures are told.
    let isTerminal: Bool
    private let counts = Counts()

    init(style: Style, isTerminal: Bool) {
        self.style = style
        self.isTerminal = isTerminal
    }

    func show(_ event: ProgressEvent) {
        switch event {
        case .started(let total): counts.value.withLock { $0 = (0, total) }
        case .began(let id):
            guard isTerminal else { return }
            let (done, total) = counts.value.withLock { $0 }
            Terminal.standardError("\r\u{1b}[K" + style.dim("\(done)/\(total) \(id)"))
        case .finished(let result):
            counts.value.withLock { $0.done += 1 }
            guard !isTerminal, result.verdict.status == .fail else { return }
            Terminal.standardError("failed: \(result.id)\n")
        }
    }

    /// Clears the line.
    func end() {
        if isTerminal { Terminal.standardError("\r\u{1b}[K") }
    }

    private final class Counts: Sendable {
        let value = Mutex((done: 0, total: 0))
    }
}
