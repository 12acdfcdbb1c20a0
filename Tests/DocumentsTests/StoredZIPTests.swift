import Testing

@testable import Documents

@Suite(.timeLimit(.minutes(1))) struct StoredZIPTests {
    private let files: [(name: String, bytes: [UInt8])] = [
        ("Größe 🙂.pdf", Array("%PDF-1.4".utf8)), ("empty.pdf", []),
        ("all.bin", (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }),
    ]

    @Test func `another program reads names and bytes, and finds the checksums right`() async throws
    {
        guard let tools = try Tools() else { return }
        let script = """
            import sys, zipfile
            archive = zipfile.ZipFile('in')
            assert archive.testzip() is None
            for info in archive.infolist():
                bits = (info.compress_type, info.flag_bits, info.date_time[:3])
                print(ascii(info.filename), list(bits), sum(archive.read(info)), info.file_size)
            """
        let result = try await tools.run("python3", ["-c", script], on: StoredZIP.make(files))
        #expect(result.code == 0, "\(result.errors)")
        let sums = files.map { $0.bytes.reduce(0) { $0 + Int($1) } }
        #expect(
            result.output == """
                'Gr\\xf6\\xdfe \\U0001f642.pdf' [0, 2048, (1980, 1, 1)] \(sums[0]) 8
                'empty.pdf' [0, 2048, (1980, 1, 1)] 0 0
                'all.bin' [0, 2048, (1980, 1, 1)] \(sums[2]) 1000

                """)
    }

    @Test func `an archive of nothing is one`() async throws {
        #expect(StoredZIP.make([]).count == 22)
        guard let tools = try Tools() else { return }
        let script = "import zipfile; print(zipfile.ZipFile('in').namelist())"
        let result = try await tools.run("python3", ["-c", script], on: StoredZIP.make([]))
        #expect(result.output == "[]\n", "\(result.errors)")
    }

    @Test func `equal files are equal archives`() {
        #expect(StoredZIP.make(files) == StoredZIP.make(files))
    }
}
