import Foundation
import Testing

/// Three relays behind HAProxy, with the configuration that is in `scripts/haproxy`.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RelayClusterTests {
    private static let isThere =
        ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy", "/usr/bin/haproxy"]
        .contains { FileManager.default.isExecutableFile(atPath: $0) }

    /// `plain`: HAProxy reads what senders say; `tls`: it passes their TLS on.
    @Test(arguments: [("plain", 100), ("tls", 30)])
    func `the names of a relay that is killed are served by the others, which lose nothing`(
        _ kind: String, _ tunnels: Int
    ) async throws {
        guard Self.isThere else {
            print("skipped: no HAProxy is there to stand in front of three relays")
            return
        }
        try await withFolder { folder in
            let result = try await Program.run(
                "python3",
                [
                    "\(Program.clients)/relay_cluster.py", Program.countersign, kind, "\(tunnels)",
                ], in: folder)
            #expect(result.exitCode == 0, "\(result.output)\(result.error)")
            #expect(result.output.contains("\nPASS a relay is killed "))
            #expect(result.output.hasSuffix(" passed, 0 failed\n"))
        }
    }
}
