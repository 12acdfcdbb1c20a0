import Callbacks
import Checks
import Fixtures
import Journal
import Testing
import Toolkit

@Suite struct ProblemTests {
    @Test func `every code has a name that leads back to it, and an explanation`() {
        for code in ProblemCode.allCases {
            #expect(ProblemCode(name: code.name) == code)
            #expect(ProblemCode(name: code.name.lowercased()) == code)
            #expect(code.explanation.count > 40)
        }
        #expect(ProblemCode(name: "CS-9999") == nil)
        #expect(ProblemCode(name: "1204") == nil)
    }

    @Test func `a problem is one line with its code and its place`() {
        let problem = Problem(.unknownPath, "there is no such member", at: "fax.titel")
        #expect(problem.description == "CS-1204 fax.titel: there is no such member")
        #expect(Problem(.wrongUse, "what?").description == "CS-1001 what?")
    }

    @Test func `an error of a module keeps its meaning`() {
        let journal = JournalError(code: .full, message: "no room", path: "folder")
        #expect(Problem(journal) == Problem(.diskFull, "no room", at: "folder"))
        let fixture = FixtureError(code: .unknownFlow, message: "none", path: "flow:x")
        #expect(Problem(fixture).code == .unknownFlow)
        struct Surprise: Error {}
        #expect(Problem(Surprise()).code == .unexpected)
    }
}
