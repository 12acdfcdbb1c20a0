import NIOCore
import Testing
import Yamux

/// What a side says of its own accord: that it accepts a stream, and what comes up while it writes.
@Suite struct AcceptingTests {
    @Test func `a stream on which nothing is said yet is accepted when asked, and once`() throws {
        let server = Side(.server)
        server.isReading = false
        try server.receive(.window(1, .syn), .data(3, .syn, "x"), .window(5, .syn))
        let answered = try server.lastAccepted()
        server.send("hello", on: answered)
        #expect(try server.take() == [.data(5, .ack, "hello")])
        server.session.acceptStreams()
        let frames = try server.take()
        #expect(Set(frames) == [.window(1, .ack), .window(3, .ack)])
        server.session.acceptStreams()
        #expect(try server.take().isEmpty)
    }

    @Test func `our own streams are not accepted by us`() throws {
        let client = Side(.client)
        client.send("x", on: try client.open())
        _ = try client.take()
        client.session.acceptStreams()
        #expect(try client.take().isEmpty)
    }

    @Test func `who leaves in order takes what was opened before the peer heard of it`() throws {
        let client = Side(.client)
        client.session.goAway(.normal, takesLate: true)
        client.isReading = false
        #expect(try client.receive(.data(2, .syn, "late")).count == 1)
        let late = try client.lastAccepted()
        client.send("yes", on: late, isEnd: true)
        #expect(try client.take() == [.goAway(0), .data(2, [.ack, .fin], "yes")])
        #expect(client.session.open() == nil)
        // A reason that ends everything takes nothing.
        client.session.goAway(.protocolError)
        #expect(try client.receive(.data(4, .syn, "later")) == [])
        #expect(try client.take() == [.goAway(1), .window(4, .rst)])
    }

    @Test func `a session may be abandoned while its octets are taken`() throws {
        let client = Side(.client)
        client.session.ping(1)
        client.session.takeOutput { _ in _ = client.session.abandon() }
        #expect(!client.session.hasOutput)
    }

    @Test func `what is written while octets are taken is for the next time`() throws {
        let client = Side(.client)
        client.session.ping(1)
        var first: [UInt8] = []
        client.session.takeOutput { bytes in
            first = Array(bytes.readableBytesView)
            client.session.ping(2)
        }
        #expect(Frame.all(in: first) == [.ping(.syn, 1)])
        #expect(client.session.hasOutput)
        #expect(try client.take() == [.ping(.syn, 2)])
        client.session.ping(3)
        #expect(try client.take() == [.ping(.syn, 3)])
    }
}
