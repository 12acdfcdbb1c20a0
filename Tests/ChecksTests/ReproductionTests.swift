import Callbacks
import Checks
import Foundation
import Testing

/// Shell lines are run by a shell whose `curl` writes down what it was given.
@Suite struct ReproductionTests {
    private func reproduction(rule: String) async throws -> Finding {
        let card = await (try RuleTests.battery(only: [rule])).run(
            prober: ScriptedProber { probe in
                probe.request.callback?.eventType == .signatureRequestSent
                    && probe.request.callback?.signatureRequest?["title"]?.string?
                        .contains("O'Brien") != true
                    && !String(decoding: probe.request.body, as: UTF8.self).contains("1/2")
                    && probe.request.body.count < 100_000
                    && probe.request.headers.first("Content-Type")?.contains(":form") != true
                    ? .answer(200) : .answer(500, "")
            })
        return try #require(card.results.first?.verdict.findings.first)
    }

    /// The arguments of `curl` when a shell runs the line, and what it reads from standard input.
    private func arguments(
        of line: String, readsInput: Bool
    ) throws -> (
        arguments: [String], input: Data
    ) {
        let script =
            "countersign() { printf %s BODY; }\n"
            + "curl() { for a in \"$@\"; do printf '%s\\0' \"$a\" >&2; done; "
            + (readsInput ? "cat; " : "") + "}\n" + line + "\n"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        let (output, error) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = error
        try process.run()
        let input = output.fileHandleForReading.readDataToEndOfFile()
        let words = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return (
            words.split(separator: 0, omittingEmptySubsequences: false).dropLast()
                .map { String(decoding: $0, as: UTF8.self) }, input
        )
    }

    @Test func `a form is sent by curl as it would be by the service`() async throws {
        let finding = try await reproduction(rule: "quotes-and-backslashes")
        let line = try #require(finding.reproduction)
        let words = try arguments(of: line, readsInput: false).arguments
        let request = try RuleTests.battery().request(
            ruleID: "quotes-and-backslashes", caseName: "quotes")
        let json = try CallbackForm.json(
            in: request.body, contentType: request.headers.first("Content-Type"))
        #expect(words.prefix(3) == ["-sS", "-H", "User-Agent: HelloSign API"])
        let field = try #require(words.firstIndex(of: "--form-string"))
        #expect(words[field + 1] == "json=" + String(decoding: json, as: UTF8.self))
        #expect(words.last == "http://localhost:3000/callbacks")
        #expect(!line.contains("\n"))
    }

    @Test func `a form of another shape is sent byte for byte`() async throws {
        let finding = try await reproduction(rule: "other-boundary")
        let line = try #require(finding.reproduction)
        #expect(finding.caseName == "quoted")
        let (words, body) = try arguments(of: line, readsInput: true)
        let request = try RuleTests.battery().request(
            ruleID: "other-boundary", caseName: "quoted")
        #expect(Array(body) == request.body)
        #expect(
            words.contains(#"Content-Type: multipart/form-data; boundary="countersign:form=1""#))
        #expect(words.contains("@-") && !line.contains("\r"))
    }

    @Test func `a large body is made by the checker`() async throws {
        let finding = try await reproduction(rule: "large-payload")
        let line = try #require(finding.reproduction)
        #expect(
            line.hasPrefix(
                "countersign check http://localhost:3000/callbacks --seed 7 --timestamp 1700000000 "
                    + "--only large-payload --print-body one-megabyte | curl -sS "))
        #expect(
            String(decoding: try arguments(of: line, readsInput: true).input, as: UTF8.self)
                == "BODY")
    }
}
