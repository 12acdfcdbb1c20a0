import Callbacks
import Testing

@Suite struct AcknowledgementTests {
    @Test(
        arguments: [
            (200, "Hello API Event Received", .exact),
            (200, "Hello API Event Received.", .contained),
            (200, "Hello API Event Received\n", .contained),
            (200, "<p>Hello API Event Received</p>", .contained),
            (200, "HHello API Hello API Event Received", .contained),
            (200, "hello api event received", .wrongBody),
            (200, "Hello API Event Receive", .wrongBody),
            (200, "Hello  API Event Received", .wrongBody),
            (200, "OK", .wrongBody),
            (200, " ", .wrongBody),
            (200, "", .emptyBody),
            (201, "Hello API Event Received", .wrongStatus),
            (204, "", .wrongStatus),
            (299, "Hello API Event Received", .wrongStatus),
            (300, "Hello API Event Received", .redirect),
            (302, "", .redirect),
            (399, "", .redirect),
            (400, "Hello API Event Received", .wrongStatus),
            (500, "", .wrongStatus),
        ] as [(Int, String, Acknowledgement)])
    func `an answer is judged by its status, then by its body`(
        status: Int, body: String, judgement: Acknowledgement
    ) {
        let acknowledgement = Acknowledgement(status: status, body: Array(body.utf8))
        #expect(acknowledgement == judgement)
        #expect(acknowledgement.isAccepted == (judgement == .exact || judgement == .contained))
        #expect(Outcome(acknowledgement).isAccepted == acknowledgement.isAccepted)
    }
}
