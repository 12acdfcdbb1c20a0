/// Finds the end of a body while its octets pass by unchanged (RFC 9112, sections 6 and 7.1).
struct HTTPBody {
    /// What is being read of a chunked body.
    private enum Place {
        case size, sizeEnd, extensionText, quotedText, quotedPair, data, dataCR, dataLF
        case lineStart, trailer, trailerLF, lastLF
    }

    private enum State {
        case length(Int)
        case chunked(Place)
        case untilClose
        case ended
    }

    /// Octets of a chunk's size and extensions.
    private static let maximumSizeLine = 4096
    /// Octets of all trailer fields.
    private static let maximumTrailers = 16 << 10
    /// The largest chunk: what fits in sixty bits.
    private static let maximumChunk = 1 << 60

    private var state: State
    private var chunk = 0
    private var digits = 0
    /// Octets of the line, or of the trailers.
    private var lineCount = 0
    /// The trailer field's name is still being read.
    private var isName = false

    init(_ framing: HTTPHead.Framing) {
        state =
            switch framing {
            case .none, .length(0): .ended
            case .length(let count): .length(count)
            case .chunked: .chunked(.size)
            case .untilClose: .untilClose
            }
    }

    /// Whether only the end of the connection ends it.
    var endsWithConnection: Bool { if case .untilClose = state { true } else { false } }

    var hasEnded: Bool { if case .ended = state { true } else { false } }

    /// Takes what belongs to the body from the front of `bytes`; returns how many octets that is.
    ///
    /// `data` is told where in `bytes` what the chunks carry is.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, data: ((Range<Int>) -> Void)? = nil
    ) throws(HTTPRefusal) -> Int {
        switch state {
        case .ended: return 0
        case .untilClose: return bytes.count
        case .length(let left):
            let count = min(left, bytes.count)
            state = count == left ? .ended : .length(left - count)
            return count
        case .chunked(let place): return try takeChunks(bytes, place, data)
        }
    }

    private mutating func takeChunks(
        _ bytes: UnsafeRawBufferPointer, _ start: Place, _ data: ((Range<Int>) -> Void)?
    ) throws(HTTPRefusal) -> Int {
        var place = start
        var index = 0
        while index < bytes.count {
            if case .data = place {
                let count = min(chunk, bytes.count - index)
                chunk -= count
                data?(index..<(index + count))
                index += count
                if chunk == 0 { place = .dataCR }
                continue
            }
            let octet = bytes[index]
            index += 1
            if case .lastLF = place {
                guard octet == HTTPBytes.lineFeed else { throw .malformed("a chunk's end") }
                state = .ended
                return index
            }
            place = try next(place, octet)
        }
        state = .chunked(place)
        return index
    }

    private mutating func next(_ place: Place, _ octet: UInt8) throws(HTTPRefusal) -> Place {
        switch place {
        case .size, .sizeEnd, .extensionText, .quotedText, .quotedPair:
            return try nextInSizeLine(place, octet)
        case .dataCR:
            guard octet == HTTPBytes.carriageReturn else { throw .malformed("a chunk's end") }
            return .dataLF
        case .dataLF:
            guard octet == HTTPBytes.lineFeed else { throw .malformed("a chunk's end") }
            (chunk, digits, lineCount) = (0, 0, 0)
            return .size
        default: return try nextInTrailers(place, octet)
        }
    }

    private mutating func nextInSizeLine(
        _ place: Place, _ octet: UInt8
    ) throws(HTTPRefusal) -> Place {
        lineCount += 1
        guard lineCount <= Self.maximumSizeLine else { throw .malformed("a chunk's extensions") }
        switch place {
        case .sizeEnd:
            guard octet == HTTPBytes.lineFeed else {
                throw .malformed("a bare CR in a chunk's size")
            }
            if chunk == 0 {
                lineCount = 0
                return .lineStart
            }
            return .data
        case .size:
            if let digit = octet.hexadecimalValue {
                guard chunk < Self.maximumChunk >> 4 else { throw .malformed("a chunk's size") }
                chunk = chunk << 4 | digit
                digits += 1
                guard digits <= 16 else { throw .malformed("a chunk's size") }
                return .size
            }
            guard digits > 0 else { throw .malformed("a chunk's size") }
            if octet == UInt8(ascii: ";") { return .extensionText }
            guard octet == HTTPBytes.carriageReturn else { throw .malformed("a chunk's size") }
            return .sizeEnd
        case .quotedPair:
            guard HTTPBytes.classes[Int(octet)] & HTTPBytes.text != 0 else {
                throw .malformed("a chunk's extensions")
            }
            return .quotedText
        case .quotedText where octet == UInt8(ascii: "\\"): return .quotedPair
        case .quotedText where octet == UInt8(ascii: "\""): return .extensionText
        case .extensionText where octet == UInt8(ascii: "\""): return .quotedText
        case .extensionText where octet == HTTPBytes.carriageReturn: return .sizeEnd
        default:
            guard HTTPBytes.classes[Int(octet)] & HTTPBytes.text != 0 else {
                throw .malformed("a chunk's extensions")
            }
            return place
        }
    }

    private mutating func nextInTrailers(
        _ place: Place, _ octet: UInt8
    ) throws(HTTPRefusal) -> Place {
        lineCount += 1
        guard lineCount <= Self.maximumTrailers else { throw .malformed("trailers") }
        switch place {
        case .lineStart where octet == HTTPBytes.carriageReturn: return .lastLF
        case .lineStart:
            guard HTTPBytes.classes[Int(octet)] & HTTPBytes.token != 0 else {
                throw .malformed("a trailer's name that is none")
            }
            isName = true
            return .trailer
        case .trailerLF:
            guard octet == HTTPBytes.lineFeed else { throw .malformed("a bare CR in a trailer") }
            return .lineStart
        default:
            if isName {
                if octet == HTTPBytes.colon {
                    isName = false
                } else if HTTPBytes.classes[Int(octet)] & HTTPBytes.token == 0 {
                    throw .malformed("a trailer's name that is none")
                }
                return .trailer
            }
            if octet == HTTPBytes.carriageReturn { return .trailerLF }
            guard HTTPBytes.classes[Int(octet)] & HTTPBytes.text != 0 else {
                throw .malformed("a trailer's value with a control character")
            }
            return .trailer
        }
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit.
    fileprivate var hexadecimalValue: Int? {
        switch self {
        case 0x30...0x39: Int(self - 0x30)
        case 0x41...0x46: Int(self - 0x37)
        case 0x61...0x66: Int(self - 0x57)
        default: nil
        }
    }
}
