import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Relay

/// Edited samples: whatever comes of them is taken or refused, by the strict reading's word, and the same
/// however it is cut.
@Suite struct FuzzTests {
    static let seeds: [UInt64] = [1, 2, 3]
    static let rounds = 4000

    static let fields = [
        "Host: b\r\n", "Content-Length: 5\r\n", "content-length:0\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding:\tCHUNKED \r\n", "Connection: close\r\n",
        "Connection: x, keep-alive\r\n",
        "X-A: b\r\n", "X-A:\r\n", " folded\r\n", "\r\n", "\n", "\r", "\r\n\r\n", ": \r\n",
        "A : b\r\n",
        "Content-Length: 18446744073709551616\r\n", "Expect: 100-continue\r\n",
    ].map(octets)

    @Test(arguments: seeds)
    func `request heads are taken or refused as the grammar has it`(seed: UInt64) throws {
        try fuzzHeads(.request, Sample.all(.requests), seed) { StrictReading.request($0) }
    }

    @Test(arguments: seeds)
    func `answer heads are taken or refused as the grammar has it`(seed: UInt64) throws {
        let kind = seed.isMultiple(of: 2) ? HeadReading.Kind.answerToHead : .answer
        try fuzzHeads(kind, Sample.all(.answers), seed) {
            StrictReading.answer($0, isToHead: kind == .answerToHead)
        }
    }

    func fuzzHeads(
        _ kind: HeadReading.Kind, _ samples: [Sample], _ seed: UInt64,
        strict: ([UInt8]) -> StrictReading.Verdict<StrictReading.Head>
    ) throws {
        var mutation = Mutation(
            numbers: SeededNumbers(seed: seed), samples: samples.map(\.bytes), pieces: Self.fields)
        var takenCount = 0
        for _ in 0..<Self.rounds {
            let bytes = mutation.next()
            let word: Comment = "seed \(seed): \(text(bytes).debugDescription)"
            let read = Result { try HeadReading(kind, bytes) }
            switch (strict(bytes), read) {
            case (.taken(let facts), .success(let read?)):
                takenCount += 1
                try #require(read.strict == facts, word)
            case (.refused, .failure), (.unfinished, .success(nil)): break
            case (.unfinished, .failure):
                // Too early only where no end can make it good.
                if case .taken = strict(bytes + octets("\r\n\r\n")) {
                    Issue.record("refused too early; \(word)")
                    return
                }
            case (let strict, let read):
                Issue.record("\(read), and not \(strict); \(word)")
                return
            }
            let cuts = (0..<3).map { _ in mutation.numbers.number(in: 0...bytes.count) }.sorted()
            for ends in [Array(0...bytes.count), cuts + [bytes.count]] {
                let grown = Result { try HeadReading(kind, bytes, growingTo: ends) }
                try #require(grown.isRefused == read.isRefused, word)
                try #require((try? grown.get()) == (try? read.get()), word)
            }
        }
        #expect(
            (Self.rounds / 10..<Self.rounds * 9 / 10).contains(takenCount), "too mild or too wild")
    }

    @Test(arguments: seeds)
    func `chunked bodies are taken or refused as the grammar has it`(seed: UInt64) throws {
        let pieces = [
            "0\r\n\r\n", "5\r\nhello\r\n", "1;a=\"", "\"\r\n", ";\r\n", "A: b\r\n", "00", "\r\n",
            "\n",
        ]
        var mutation = Mutation(
            numbers: SeededNumbers(seed: seed), samples: Sample.all(.bodies).map(\.bytes),
            pieces: pieces.map(octets))
        var takenCount = 0
        for _ in 0..<Self.rounds {
            let bytes = mutation.next()
            let word: Comment = "seed \(seed): \(text(bytes).debugDescription)"
            let read = try? BodyReading(.chunked, bytes, ends: [bytes.count])
            switch (StrictReading.chunked(bytes), read) {
            case (.taken(let body), let read?):
                takenCount += 1
                try #require(read.hasEnded, word)
                try #require(StrictReading.Body(count: read.count, data: read.data) == body, word)
            case (.unfinished, let read?): try #require(!read.hasEnded, word)
            case (.unfinished, nil), (.refused, nil): break
            case (let strict, let read):
                Issue.record("\(String(describing: read)), and not \(strict); \(word)")
                return
            }
            let cuts = (0..<3).map { _ in mutation.numbers.number(in: 0...bytes.count) }.sorted()
            for ends in [Array(0...bytes.count), cuts + [bytes.count]] {
                try #require((try? BodyReading(.chunked, bytes, ends: ends)) == read, word)
            }
        }
        #expect(
            (Self.rounds / 10..<Self.rounds * 9 / 10).contains(takenCount), "too mild or too wild")
    }

    @Test(arguments: seeds)
    func `lines of the tunnel are messages, or malformed`(seed: UInt64) throws {
        let pieces = [
            #""type":"draining","#, #""line":-1,"#, #""allow":[],"#, "null", "1e9", "\"\\u0000\"",
            "{}", ",",
        ]
        var mutation = Mutation(
            numbers: SeededNumbers(seed: seed), samples: Sample.all(.messages).map(\.bytes),
            pieces: pieces.map(octets))
        var takenCount = 0
        for _ in 0..<Self.rounds {
            let bytes = mutation.next()
            let word: Comment = "seed \(seed): \(text(bytes).debugDescription)"
            let message: TunnelMessage
            do throws(TunnelMessage.Malformed) {
                message = try TunnelMessage(parsing: bytes)
            } catch {
                try #require(!error.description.isEmpty)
                continue
            }
            takenCount += 1
            let line = message.line.readableBytesView.dropLast()
            try #require(try TunnelMessage(parsing: Array(line)) == message, word)
            try #require(StrictMessage.problem(of: message, bytes) == nil, word)
        }
        #expect(
            (Self.rounds / 20..<Self.rounds * 9 / 10).contains(takenCount), "too mild or too wild")
    }

    // MARK: The corpus itself

    @Test(arguments: [HeadReading.Kind.request, .answer])
    func `the corpus's heads are taken or refused as they say`(kind: HeadReading.Kind) {
        for sample in Sample.all(kind == .request ? .requests : .answers) {
            let read = try? HeadReading(kind, sample.bytes)
            #expect((read != nil) == sample.isTaken, "\(sample.name)")
            let grown = try? HeadReading(kind, sample.bytes, growingTo: 0...sample.bytes.count)
            #expect(grown == read, "\(sample.name)")
        }
    }

    @Test func `the corpus's bodies are taken or refused as they say`() {
        for sample in Sample.all(.bodies) {
            let read = try? BodyReading(.chunked, sample.bytes, ends: [sample.bytes.count])
            #expect((read?.hasEnded == true) == sample.isTaken, "\(sample.name)")
            let grown = try? BodyReading(.chunked, sample.bytes, ends: 0...sample.bytes.count)
            #expect(grown == read, "\(sample.name)")
        }
    }

    @Test func `the corpus's messages are taken or refused as they say`() {
        for sample in Sample.all(.messages) {
            let message = try? TunnelMessage(parsing: sample.bytes)
            #expect((message != nil) == sample.isTaken, "\(sample.name)")
        }
    }
}

extension Result {
    var isRefused: Bool { if case .failure = self { true } else { false } }
}

extension HeadReading {
    /// What the strict reading says of it.
    var strict: StrictReading.Head {
        let framing =
            switch framing {
            case .none: "none"
            case .length(let count): "\(count)"
            case .chunked: "chunked"
            case .untilClose: "close"
            }
        return StrictReading.Head(
            count: count, start: method.isEmpty ? ["\(status)"] : [method, target],
            fields: fields.map { [$0.name, $0.value] }, framing: framing)
    }
}

/// What a line of the tunnel must say to be taken, by another reader of JSON.
enum StrictMessage {
    /// What is wrong with a line that was taken for that message.
    static func problem(of message: TunnelMessage, _ bytes: [UInt8]) -> String? {
        guard
            let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        else { return "no JSON" }
        let type = object["type"] as? String
        switch message {
        case .register(let registration):
            guard type == "register" else { return "type \(type ?? "-")" }
            guard object["version"] as? Int == 1 else { return "version" }
            guard registration.agent == object["agent"] as? String, !registration.agent.isEmpty,
                registration.agent.utf8.count <= 64
            else { return "agent" }
            guard registration.name == object["name"] as? String else { return "name" }
            guard registration.token == object["token"] as? String else { return "token" }
            let authentication = object["basic_auth"] as? String
            return registration.options.basicAuthentication == authentication ? nil : "basic_auth"
        case .registered(let registered):
            guard type == "registered" else { return "type" }
            let loops = object["loops"] as? Int ?? 0
            return (0..<max(0, loops)).contains(registered.loop) && loops == registered.loops
                ? nil : "loops"
        case .refused(let refusal):
            return type == "refused" && refusal.message == object["message"] as? String
                ? nil : "refused"
        case .draining: return type == "draining" ? nil : "draining"
        }
    }
}
