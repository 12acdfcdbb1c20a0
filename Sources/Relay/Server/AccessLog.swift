import NIOCore
import Foundation
import Synchronization

/// One line for each request, for those who want them: address, tunnel, request, status, times.
package final class AccessLog: Sendable {
    /// A request that is under way.
    struct Exchange {
        var tunnel: String
        var address: String
        var method: String
        var target: String
        var begun: NIODeadline
        /// Why we answered ourselves.
        var reason: String?
    }

    /// Octets of a target that a line has.
    private static let maximumTargetBytes = 2048

    private let write: @Sendable (String) -> Void

    /// `write` takes whole lines, from any thread, and must not block for long.
    package init(write: @escaping @Sendable (String) -> Void) { self.write = write }

    func note(_ exchange: Exchange, status: Int, requestBytes: Int) {
        let microseconds = (NIODeadline.now() - exchange.begun).nanoseconds / 1000
        let target = exchange.target.utf8.prefix(Self.maximumTargetBytes)
        let path = String(decoding: target, as: UTF8.self).replacing("\"", with: "%22")
        write(
            "\(Date().ISO8601Format()) \(exchange.address) \(exchange.tunnel.isEmpty ? "-" : exchange.tunnel) "
                + "\"\(exchange.method) \(path)\" \(status) \(exchange.reason ?? "-") "
                + "\(requestBytes) \(microseconds)us\n")
    }
}
