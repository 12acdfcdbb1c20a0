import Callbacks
import Fixtures
import Testing

@testable import MockAPI

/// What may happen to a signature request, in any order.
@Suite struct SignatureRequestTests {
    private static let start: Int64 = 1_760_000_000

    private static func make(_ generator: inout SeededGenerator) -> SignatureRequest {
        var terms = SignatureRequest.Terms(
            requesterEmailAddress: "me@example.com", title: "NDA", originalTitle: "NDA")
        terms.allowsDecline = generator.next() % 2 == 0
        terms.allowsReassign = generator.next() % 2 == 0
        terms.isHeld = generator.next() % 4 == 0
        terms.isEmbedded = generator.next() % 3 == 0
        let isOrdered = generator.next() % 2 == 0
        let isGrouped = generator.next() % 4 == 0
        let signers = (0..<Int(1 + generator.next() % 4)).map { index in
            var signer = SignatureRequest.Signer(
                signatureID: generator.identifier(32), emailAddress: "s\(index)@example.com")
            signer.order = isOrdered ? index : nil
            signer.groupID = isGrouped && index < 2 ? "group" : nil
            return signer
        }
        return SignatureRequest(
            id: generator.identifier(), accountID: "account", clientID: nil, apiKey: "key",
            createdAt: start, terms: terms, signers: signers, documents: [])
    }

    private static func move(
        _ request: SignatureRequest, _ generator: inout SeededGenerator
    ) -> SignatureRequest.Move {
        let index = Int(generator.next() % UInt64(max(1, request.signers.count)))
        switch generator.next() % 16 {
        case 0: return .processed
        case 1: return generator.next() % 6 == 0 ? .refused(.fileError, "damaged") : .processed
        case 2: return .release
        case 3, 4, 5: return .view(index)
        case 6, 7, 8, 9: return .sign(index, [])
        case 10: return .decline(index, "no")
        case 11:
            return .reassign(
                index, name: "New", emailAddress: "new@example.com", reason: nil,
                newID: generator.identifier(32))
        case 12: return .bounce(index)
        case 13: return .remind(index)
        case 14: return generator.next() % 4 == 0 ? .cancel : .remind(index)
        default: return generator.next() % 4 == 0 ? .expire : .view(index)
        }
    }

    @Test func `no event comes out of order, is lost or doubled in 100,000 random moves`() throws {
        var generator = SeededGenerator(seed: 7)
        let schema = try #require(Contract.current.schemas["SignatureRequestResponse"])
        var moves = 0
        var kinds: Set<String> = []
        while moves < 100_000 {
            var request = Self.make(&generator)
            var history = History()
            var now = Self.start
            for _ in 0..<40 {
                moves += 1
                now += Int64(generator.next() % 4000)
                let before = request
                let move = Self.move(request, &generator)
                do {
                    let happenings = try request.apply(move, now: now)
                    for happening in happenings {
                        kinds.insert(happening.type.rawValue)
                        try history.take(happening)
                        if moves % 50 == 0 {
                            try Self.check(happening.request.json(base: "http://m"), schema)
                        }
                    }
                } catch let error as APIError {
                    #expect(request == before, "a refused move changed something")
                    #expect(error.name.status >= 400 && error.name.status < 500)
                }
            }
            try history.check(request)
        }
        #expect(kinds.count == 13, "\(kinds.sorted())")
    }

    /// An object has the members of its schema, with values of their types.
    private static func check(_ json: JSONValue, _ schema: Schema) throws {
        var validation = Validation(contract: .current)
        _ = try validation.object(json, schema, at: "")
        #expect(validation.ignored.isEmpty, "\(validation.ignored)")
        for field in Contract.current.fields(of: schema) where json[field.name]?.isNull == true {
            #expect(field.type.isNullable, "\(field.name) is null")
        }
    }

    /// The events of one request, and what they may not be.
    private struct History {
        var isSent = false
        var isOver = false
        var signed: Set<String> = []
        var allSigned = 0

        mutating func take(_ happening: SignatureRequest.Happening) throws {
            let type = happening.type
            #expect(!isOver || type == .signatureRequestCanceled, "\(type) behind the end")
            switch type {
            case .signatureRequestSent:
                #expect(!isSent)
                isSent = true
            case .signatureRequestPrepared:
                #expect(!isSent)
            case .signatureRequestCanceled, .signatureRequestExpired, .fileError,
                .signatureRequestDeclined:
                isOver = true
            case .signatureRequestAllSigned:
                allSigned += 1
                #expect(happening.request.isComplete)
                #expect(happening.request.signers.allSatisfy { $0.status == .signed })
                isOver = true
            default:
                #expect(isSent, "\(type) before the request was sent")
                if type == .signatureRequestSigned {
                    let id = try #require(happening.relatedSignatureID)
                    #expect(signed.insert(id).inserted, "signed twice")
                    #expect(!happening.request.isComplete)
                }
            }
        }

        func check(_ request: SignatureRequest) throws {
            #expect(allSigned == (request.isComplete ? 1 : 0))
            let left = Set(request.signers.filter { $0.status == .signed }.map(\.signatureID))
            #expect(left == signed)
        }
    }
}
