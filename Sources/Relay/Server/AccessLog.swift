import Callbacks
import Foundation
import NIOCore

/// One line for each request, for those who want them: time, address, tunnel, request, status, reason,
/// octets and microseconds.
///
/// What is not known is a hyphen.
package final class AccessLog: Sendable {
    /// A request that is under way.
    struct Exchange {
        var tunnel: String?
        /// Who sent it.
        var address: String?
        var method: [UInt8]?
        var target: [UInt8]?
        var begun: NIODeadline
        /// Why we answered ourselves, or why the answer is not whole.
        var reason: String?
    }

    /// Octets of a method or target that a line has.
    private static let maximumTextBytes = 2048

    private let write: @Sendable (String) -> Void

    /// `write` takes whole lines, from any thread, and must not block for long.
    package init(write: @escaping @Sendable (String) -> Void) { self.write = write }

    /// `status`: `nil` when no answer began.
    func note(_ exchange: Exchange, status: Int?, requestBytes: Int) {
        let microseconds = (NIODeadline.now() - exchange.begun).nanoseconds / 1000
        let request = [exchange.method, exchange.target].map { $0.map(Self.escaped) ?? "-" }
        let words = [
            Date().ISO8601Format(), exchange.address.map { Self.escaped(Array($0.utf8)) } ?? "-",
            exchange.tunnel ?? "-", "\"\(request.joined(separator: " "))\"",
            status.map { "\($0)" } ?? "-", exchange.reason ?? "-", "\(requestBytes)",
            "\(microseconds)us",
        ]
        write(words.joined(separator: " ") + "\n")
    }

    /// Nothing in a line may end it, or a word in it: other octets than visible ASCII, quotes and backslashes
    /// are `\xNN`.
    private static func escaped(_ octets: [UInt8]) -> String {
        let isPlain = { (octet: UInt8) in
            octet > 0x20 && octet < 0x7f && octet != UInt8(ascii: "\"")
                && octet != UInt8(ascii: "\\")
        }
        let shown = octets.prefix(maximumTextBytes)
        if shown.allSatisfy(isPlain) { return String(decoding: shown, as: UTF8.self) }
        return shown.map {
            isPlain($0)
                ? String(UnicodeScalar($0))
                : "\\x" + String(decoding: hexadecimal([$0]), as: UTF8.self)
        }.joined()
    }
}
