import Callbacks
import Foundation
import Testing

@testable import MockAPI

/// A request as a row of the journal, which is put together by hand.
@Suite struct StoredRequestTests {
    /// A request of which every member is set to something else than what it is without.
    private var full: SignatureRequest {
        var terms = SignatureRequest.Terms(
            requesterEmailAddress: "me@example.com", title: "Title \"é\"", originalTitle: "Old")
        terms.isTestMode = true
        terms.isEmbedded = true
        terms.subject = "Subject"
        terms.message = "a\nb\u{0}"
        terms.metadata = StoredJSON(["z": "1", "a": ["n": .number("1.50")]])
        terms.expiresAt = 1_760_000_001
        terms.ccEmailAddresses = ["cc@example.com"]
        terms.signingRedirectURL = "https://example.com/"
        terms.templateIDs = ["template"]
        terms.customFields = [StoredJSON(["name": "custom"])]
        terms.attachments = [StoredJSON(["name": "attachment"])]
        terms.formFields = [StoredJSON(["api_id": "field"])]
        terms.usesTextTags = true
        terms.hidesTextTags = true
        terms.ignoresTextTagErrors = true
        terms.allowsDecline = true
        terms.allowsReassign = true
        terms.isHeld = true
        terms.formView = "enabled"
        let signer = SignatureRequest.Signer(
            signatureID: "signature", groupID: "group", emailAddress: "s@example.com",
            name: "Signer", role: "Role", order: 1, status: .declined, declineReason: "no",
            signedAt: 1, lastViewedAt: 2, lastRemindedAt: 3, pin: "1234",
            phoneNumber: "+14155550100", phoneNumberType: "delivery", reassignedBy: "by",
            reassignmentReason: "because", reassignedFrom: "from", error: "error")
        return SignatureRequest(
            id: "request", accountID: "account", clientID: "client", apiKey: "key",
            createdAt: .max, phase: .declined, terms: terms, signers: [signer],
            documents: [DocumentReference(name: "a.pdf", fileID: "file", pages: 7)],
            bulkSendJobID: "job", responses: [StoredJSON(["value": true])], isRemoved: true,
            isBeingCanceled: true, forcedOutcome: "file_error")
    }

    private func written(_ request: SignatureRequest) throws -> SignatureRequest {
        try SignatureRequest.read(
            request.id, request.body(JSONEncoder()), JSONDecoder())
    }

    /// Members that are as they are without being set: a test would not notice that they are lost.
    private func unset(_ value: Any, _ path: String = "") -> [String] {
        Mirror(reflecting: value).children.flatMap { child -> [String] in
            let place = "\(path).\(child.label ?? "")"
            let mirror = Mirror(reflecting: child.value)
            if mirror.displayStyle == .optional || mirror.displayStyle == .collection {
                return mirror.children.isEmpty ? [place] : unset(child.value, place)
            }
            if let flag = child.value as? Bool { return flag ? [] : [place] }
            return child.value is StoredJSON ? [] : unset(child.value, place)
        }
    }

    @Test func `every member is written and read`() throws {
        #expect(unset(full).isEmpty, "this test does not set \(unset(full))")
        #expect(try written(full) == full)
    }

    @Test func `what is not set is not set afterwards`() throws {
        let terms = SignatureRequest.Terms(
            requesterEmailAddress: "", title: "", originalTitle: "")
        for phase in SignatureRequest.Phase.allCases {
            var request = SignatureRequest(
                id: "", accountID: "", apiKey: "", createdAt: 0, phase: phase, terms: terms,
                signers: [], documents: [])
            request.signers = SignatureRequest.Signer.Status.allCases.map {
                .init(signatureID: "", emailAddress: "", status: $0)
            }
            #expect(try written(request) == request)
        }
    }

    @Test func `it is the same inside of another row`() throws {
        let draft = UnclaimedDraft(
            id: "draft", accountID: "account", apiKey: "key", type: "send_document", request: full)
        let body = try draft.body(JSONEncoder())
        #expect(try UnclaimedDraft.read(draft.id, body, JSONDecoder()) == draft)
    }

    @Test func `a row that cannot be read is an error, and no request`() throws {
        let row = try #require(JSONValue(parsing: Array(full.body(JSONEncoder()))).object)
        for name in ["id", "account", "key", "created", "phase", "terms"] {
            var broken = row
            broken[name] = nil
            #expect(throws: (any Error).self, "without \(name)") {
                try SignatureRequest.read(
                    "", Data(JSONValue.object(broken).encoded(.plain)), JSONDecoder())
            }
        }
        #expect(throws: (any Error).self) {
            try SignatureRequest.read("", Data("no JSON".utf8), JSONDecoder())
        }
    }
}
