import Callbacks
import Foundation
import HTTPTransport
import Journal
import Testing
import Toolkit

@Suite struct SettingsTests {
    private func settings(
        _ flags: [SettingKey: [String]] = [:], _ environment: [String: String] = [:],
        file: String? = nil
    ) throws -> Settings {
        try Settings(SettingSources(flags: flags, environment: environment, file: file))
    }

    private func problem(_ flags: [SettingKey: [String]]) -> Problem? {
        do { _ = try settings(flags) } catch { return error as? Problem }
        return nil
    }

    @Test func `without any source the defaults hold`() throws {
        let settings = try settings()
        #expect(settings.apiKey == nil)
        #expect(settings.seed == 1)
        #expect(settings.client.timeout == .seconds(30))
        #expect(settings.journal.storage == .folder(".countersign"))
        #expect(throws: Problem.self) { try settings.requireDestination() }
    }

    @Test func `a flag is stronger than the environment, and that than the file`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("api-key: file\ntimeout: 3s\nheader: ['A: 1', 'B: 2']\n".utf8).write(to: file)
        let environment = ["COUNTERSIGN_API_KEY": "environment"]
        let path = file.path()
        #expect(try settings(file: path).apiKey == "file")
        #expect(try settings([:], environment, file: path).apiKey == "environment")
        #expect(try settings([.apiKey: ["flag"]], environment, file: path).apiKey == "flag")
        let fromFile = try settings(file: path)
        #expect(fromFile.client.timeout == .seconds(3))
        #expect(fromFile.wire.additionalHeaders.map(\.name) == ["A", "B"])
    }

    @Test(arguments: [
        (SettingKey.timeout, "soon"), (.timeout, "0s"), (.seed, "-1"), (.body, "xml"),
        (.header, "no colon"), (.header, "A: b\r\nC: d"), (.userAgent, "a\nb"), (.sync, "often"),
        (.skipVerify, "maybe"),
    ])
    func `a value that does not fit is named with its flag`(_ key: SettingKey, _ text: String) {
        let problem = problem([key: [text]])
        #expect(problem?.code == .wrongValue)
        #expect(problem?.place == "--\(key.rawValue)")
        #expect(problem?.message.contains(text) == true)
    }

    @Test func `a file that was named must be there, and must make sense`() throws {
        #expect(throws: Problem.self) { try settings(file: "/nonexistent.yaml") }
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        for (text, hint) in [
            ("- a", "mapping"), ("timout: 3s", "did you mean timeout"), ("a: [", "no YAML"),
            ("timeout: {a: 1}", "must be a text"),
        ] {
            try Data(text.utf8).write(to: file)
            do {
                _ = try settings(file: file.path())
                Issue.record("'\(text)' was taken")
            } catch {
                let problem = try #require(error as? Problem)
                #expect(problem.code == .malformedConfiguration)
                #expect(problem.message.contains(hint), "\(problem)")
            }
        }
    }
}
