import TestSupport
import NIOCore
import OpenSSL
import Yamux

/// What the answering streams of a session share.
final class Notes {
    /// What was read on a stream, by its key.
    var tallies: [String: String] = [:]
    /// Streams that wait for a tally.
    var waiting: [String: AnsweringStream] = [:]
    var held: [AnsweringStream] = []
}

/// A stream of the peer: its first line says what is wanted, as `Peer/answers.go` has it.
final class AnsweringStream: TalkingStream {
    private enum State {
        case line([UInt8])
        case echo
        /// What to say once the peer has ended.
        case answer([UInt8])
        case tally(key: String, [UInt8])
        case reset(left: Int)
        /// What came while nothing was read.
        case held(ByteBuffer, isEnd: Bool)
        case open
        case done
    }

    private var state: State

    /// `isEcho`: there is no line, and all comes back.
    init(_ handler: SessionHandler, _ stream: YamuxStream, isEcho: Bool) {
        state = isEcho ? .echo : .line([])
        super.init(handler, stream)
    }

    override func stream(_ stream: YamuxStream, received bytes: ByteBuffer, isEnd: Bool) {
        var bytes = bytes
        if case .line(var line) = state {
            let start = bytes.readableBytesView.prefix { $0 != UInt8(ascii: "\n") }
            line += start
            guard start.count < bytes.readableBytes else {
                state = .line(line)
                return
            }
            bytes.moveReaderIndex(forwardBy: start.count + 1)
            handler.session.consumed(line.count + 1, of: stream)
            obey(String(decoding: line, as: UTF8.self))
        }
        take(bytes, isEnd: isEnd)
    }

    private func obey(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        let numbers = words.map { Int($0) ?? 0 }
        let notes = handler.notes
        switch words.first {
        case "echo": state = .echo
        case "answer": state = .answer(noise(numbers[1], seed: numbers[2]))
        case "early":
            state = .tally(key: words[1], [])
            say(ByteBuffer(bytes: noise(numbers[2], seed: numbers[3])), isEnd: true)
        case "told":
            state = .done
            if let tally = notes.tallies[words[1]] {
                tell(tally)
            } else {
                notes.waiting[words[1]] = self
            }
        case "reset": state = .reset(left: numbers[1])
        case "hold":
            state = .held(ByteBuffer(), isEnd: false)
            notes.held.append(self)
        case "release":
            state = .done
            for stream in notes.held { stream.release() }
            notes.held = []
            tell("ok")
        case "open": state = .open
        case "goaway":
            state = .done
            handler.session.goAway(.normal)
            tell("gone")
        default: handler.session.reset(stream)
        }
    }

    private func take(_ bytes: ByteBuffer, isEnd: Bool) {
        let count = bytes.readableBytes
        switch state {
        case .line, .done: handler.session.consumed(count, of: stream)
        case .echo:
            say(bytes, isEnd: isEnd)
            isRead(count)
        case .answer(let answer):
            if isEnd { say(ByteBuffer(bytes: answer), isEnd: true) }
        case .tally(let key, var read):
            read += bytes.readableBytesView
            state = .tally(key: key, read)
            handler.session.consumed(count, of: stream)
            if isEnd { note(key, read) }
        case .reset(let left):
            handler.session.consumed(count, of: stream)
            state = .reset(left: left - count)
            if count >= left { handler.session.reset(stream) }
        case .held(var all, let hadEnd):
            all.writeImmutableBuffer(bytes)
            state = .held(all, isEnd: isEnd || hadEnd)
        case .open:
            handler.session.consumed(count, of: stream)
            if count > 0 { open() }
        }
    }

    private func note(_ key: String, _ read: [UInt8]) {
        let sum = HashFunction.sha256.digest(of: read).map { octet in
            (octet < 16 ? "0" : "") + String(octet, radix: 16)
        }
        let tally = "\(read.count) \(sum.joined())"
        if let stream = handler.notes.waiting.removeValue(forKey: key) {
            stream.tell(tally)
        } else {
            handler.notes.tallies[key] = tally
        }
    }

    private func release() {
        guard case .held(let all, let isEnd) = state else { return }
        state = .echo
        take(all, isEnd: isEnd)
    }

    private func open() {
        state = .done
        guard let opened = handler.session.open() else { return tell("refused") }
        TalkingStream(handler, opened).say(ByteBuffer(string: "hello"), isEnd: true)
        tell("opened")
    }

    private func tell(_ line: String) { say(ByteBuffer(string: line + "\n"), isEnd: true) }
}

/// So many octets of a seed: the words of SplitMix64, each with its lowest octet first.
func noise(_ count: Int, seed: Int) -> [UInt8] {
    var numbers = SeededNumbers(seed: UInt64(truncatingIfNeeded: seed))
    var words = (0..<(count + 7) / 8).map { _ in numbers.next().littleEndian }
    return words.withUnsafeMutableBytes { Array($0.prefix(count)) }
}
