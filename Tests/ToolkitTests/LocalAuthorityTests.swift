import Foundation
import Journal
import OpenSSL
import Testing
import Toolkit

@Suite struct LocalAuthorityTests {
    /// Lends the path of a folder that is not there yet, and removes it.
    private func withPath(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "authority-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test func `an authority is made once for a folder, and used from then on`() throws {
        try withPath { path in
            let first = try LocalAuthority(.folder(path))
            let names = ["ca.pem", "ca-key.pem"]
            let files = names.map { FileManager.default.contents(atPath: "\(path)/\($0)") }
            let second = try LocalAuthority(.folder(path))
            #expect(second.certificatePEM == first.certificatePEM)
            #expect(
                names.map { FileManager.default.contents(atPath: "\(path)/\($0)") } == files)
            #expect(files[0] == Data(first.certificatePEM.utf8))
            #expect(LocalAuthority.file(in: path) == "\(path)/ca.pem")
        }
    }

    @Test func `its files are their owner's alone`() throws {
        try withPath { path in
            _ = try LocalAuthority(.folder(path))
            for (name, mode) in [("", 0o700), ("/ca.pem", 0o600), ("/ca-key.pem", 0o600)] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path + name)
                #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
            }
        }
    }

    @Test func `each folder has its own, and memory another each time`() throws {
        var certificates: Set<String> = []
        try withPath { certificates.insert(try LocalAuthority(.folder($0)).certificatePEM) }
        try withPath { certificates.insert(try LocalAuthority(.folder($0)).certificatePEM) }
        for _ in 0..<2 { certificates.insert(try LocalAuthority(.memory).certificatePEM) }
        #expect(certificates.count == 4)
    }

    @Test func `half an authority is made anew, and a damaged one is told of`() throws {
        try withPath { path in
            let first = try LocalAuthority(.folder(path))
            try FileManager.default.removeItem(atPath: path + "/ca.pem")
            #expect(try LocalAuthority(.folder(path)).certificatePEM != first.certificatePEM)
            try Data("no certificate".utf8).write(to: URL(filePath: path + "/ca.pem"))
            let error = #expect(throws: OpenSSLError.self) { try LocalAuthority(.folder(path)) }
            #expect(error?.code == .unreadable)
        }
    }

    @Test func `a folder that cannot be made is told of`() throws {
        try withPath { path in
            try Data("a file".utf8).write(to: URL(filePath: path))
            let error = #expect(throws: Problem.self) { try LocalAuthority(.folder(path)) }
            #expect(error?.code == .unusableFolder)
            #expect(error?.place == path)
        }
    }
}
