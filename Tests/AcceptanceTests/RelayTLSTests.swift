import Foundation
import Testing

/// TLS of relay and agent beside OpenSSL's own client and server, and curl.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RelayTLSTests {
    @Test func `relay and agent speak TLS as openssl and curl do, and trust nobody else's word`()
        async throws
    {
        try await withFolder { folder in
            let result = try await Program.run(
                "python3", ["\(Program.clients)/relay_tls.py", Program.countersign], in: folder)
            #expect(result.exitCode == 0, "\(result.output)\(result.error)")
            #expect(result.output.contains("\nPASS agent_refuses_certificates "))
            #expect(result.output.hasSuffix(" passed, 0 failed\n"))
        }
    }
}
