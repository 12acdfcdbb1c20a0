"""What flows: other protocols behind an upgrade, server-sent events, bodies piece by piece."""

import base64
import hashlib
import threading

from relay_shape import POOL
from relay_suite import ALICE, Suite, case, lines
from relay_wire import Ended, answer, get
from relay_world import check, eventually, same

KEY = base64.b64encode(b"0123456789abcdef").decode()
ACCEPT = base64.b64encode(hashlib.sha1(
    (KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
HANDSHAKE = get(
    ALICE, "/socket", "Upgrade: websocket", "Connection: keep-alive, Upgrade",
    f"Sec-WebSocket-Key: {KEY}", "Sec-WebSocket-Version: 13")
SWITCH = lines(
    "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
    f"Sec-WebSocket-Accept: {ACCEPT}")


def upgraded(world, behind=b"", early=b""):
    """Both ends of a connection that speaks something else; octets right behind either side's last word."""
    sender, wire = world.begin(HANDSHAKE + early)
    request = wire.request()
    same(request.head.get("Upgrade"), "websocket", "Upgrade")
    check("upgrade" in request.head.get("Connection").lower(), "Connection")
    same(request.head.get("Sec-WebSocket-Key"), KEY, "the key")
    wire.send(SWITCH + behind)
    found = sender.answer()
    same(found.status, 101)
    same(found.head.get("Upgrade"), "websocket", "Upgrade")
    same(found.head.get("Sec-WebSocket-Accept"), ACCEPT, "the handshake's answer")
    check("upgrade" in found.head.get("Connection").lower(), "Connection")
    return sender, wire


@case()
def sockets_echo(world):
    sender, wire = upgraded(world)
    for size in (1, 2, 125, 126, 65535, 65536, 1 << 20):
        data = POOL[size:2 * size]
        threading.Thread(target=sender.send, args=(data,), daemon=True).start()
        same(wire.exactly(size) == data, True, f"{size} octets at the handler")
        threading.Thread(target=wire.send, args=(data,), daemon=True).start()
        same(sender.exactly(size) == data, True, f"{size} octets at the sender")
    wire.send(b"the handler speaks by itself")
    same(sender.exactly(28), b"the handler speaks by itself")
    wire.close()
    same(sender.to_end()[0], b"", "behind the end")


@case()
def octets_right_behind_the_handshake(world):
    sender, wire = upgraded(world, behind=b"first words of the handler", early=b"hasty sender")
    same(sender.exactly(26), b"first words of the handler")
    same(wire.exactly(12), b"hasty sender")
    sender.close()
    check(wire.to_end()[1] in ("end", "reset"), "the handler is not told of the end")


@case()
def half_closed_socket(world):
    if not world.relay.plain:
        return "only without TLS"
    sender, wire = upgraded(world)
    sender.send(b"all I have to say").end()
    same(wire.to_end(), (b"all I have to say", "end"), "at the handler")
    wire.send(b"an answer to that")
    wire.close()
    same(sender.to_end(), (b"an answer to that", "end"), "at the sender")
    sender, wire = upgraded(world)
    wire.send(b"that is all").end()
    same(sender.until(b"all"), b"that is all")
    try:
        sender.send(b"not for me")
        wire.until(b"for me")
    except Ended:
        pass  # A handler's half close may be taken for its end.


@case()
def half_closed_before_the_switch(world):
    if not world.relay.plain:
        return "only without TLS"
    sender, wire = world.begin(HANDSHAKE + b"all I have to say")
    sender.end()
    wire.head()
    wire.send(SWITCH)
    same(wire.to_end(), (b"all I have to say", "end"), "at the handler")
    wire.send(b"an answer to that")
    wire.close()
    same(sender.answer().status, 101)
    same(sender.to_end(), (b"an answer to that", "end"), "at the sender")


@case()
def sender_speaks_on_behind_the_end(world):
    """The handler ends first: what the sender still says is no reason to lose the handler's last words."""
    sender, wire = upgraded(world)
    wire.send(b"that is all")
    wire.close()
    same(sender.exactly(11), b"that is all")
    for _ in range(3):
        sender.send(POOL[:1 << 16])
    if world.relay.plain:
        sender.end()
    same(sender.to_end(), (b"", "end"), "the end")


@case()
def upgrade_is_declined(world):
    for reply, status in [
            (answer(b"no sockets here"), 200), (answer(b"", "426 Upgrade Required",
             "Upgrade: websocket", "Connection: Upgrade"), 426), (answer(b"bad", "400 Bad"), 400)]:
        sender, wire = world.begin(HANDSHAKE)
        wire.request()
        wire.send(reply)
        world.handler.keep(wire)
        same(sender.answer().status, status)
        sender.send(get(ALICE, "/after"))
        same([request.target for request in world.handler.serve(answer(b"fine"))], ["/after"])
        same(sender.answer().body, b"fine", "the next answer on the connection")
        sender.close()


@case("--maximum-streams", "5")
def declined_upgrades_leave_nothing(world):
    for number in range(30):
        sender, wire = world.begin(HANDSHAKE)
        wire.request()
        wire.send(answer(b"no"))
        world.handler.keep(wire)
        found = sender.answer()
        same((found.status, found.error), (200, None), f"the answer to upgrade {number}")
        sender.close()


@case()
def switch_that_nobody_asked_for(world):
    sender, wire = world.begin(get(ALICE))
    wire.request()
    wire.send(SWITCH + b"something else")
    found = sender.answer()
    check(found.status == 502, f"a 101 is handed to a sender that did not ask: {found.status}")


@case()
def upgrade_with_a_body(world):
    """h2c and the like: the request has a body, so it stays HTTP, without the upgrade."""
    request, _ = world.pass_on(get(
        ALICE, "/", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMA",
        "Content-Length: 5", method="POST") + b"hello")
    same(request.body, b"hello")
    same(request.head.get("Upgrade"), None, "Upgrade")


def events(world, head, frame, last):
    """Each event must be there before the next one is made."""
    sender, wire = world.begin(get(ALICE, "/events", "Accept: text/event-stream"))
    wire.request()
    wire.send(head)
    found = sender.head()
    same(found.get("Content-Type"), "text/event-stream")
    for number in range(200):
        event = b"id: %d\ndata: %s\n\n" % (number, b"x" * (number % 50))
        wire.send(frame(event))
        got = sender.until(b"\n\n")
        check(got.endswith(event), f"event {number} is {got}")
    wire.send(last)
    if last:
        world.handler.keep(wire)
    else:
        wire.close()
    check(sender.until(b"0\r\n\r\n").endswith(b"0\r\n\r\n"), "the end of the stream")


@case()
def events_one_by_one(world):
    head = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream"]
    events(world, lines(*head), lambda event: event, b"")
    events(
        world, lines(*head, "Transfer-Encoding: chunked"),
        lambda event: b"%x\r\n%s\r\n" % (len(event), event), b"0\r\n\r\n")


@case()
def many_event_streams(world):
    ends = [world.begin(get(ALICE, f"/{number}")) for number in range(100)]
    for sender, wire in ends:
        wire.request()
        wire.send(lines("HTTP/1.1 200 OK", "Content-Type: text/event-stream"))
        sender.head()
    for number in range(10):
        for _, wire in ends:
            wire.send(b"data: %d\n\n" % number)
        for sender, _ in ends:
            check(sender.until(b"\n\n").endswith(b"data: %d\n\n" % number), "an event is missing")
    # Who closes may only be half closed; the next events tell.
    for sender, wire in ends:
        sender.close()
    for _, wire in ends:
        try:
            eventually(lambda: wire.send(b"data: nobody\n\n") is None, "the end", 5)
        except Ended:
            pass


@case()
def request_body_piece_by_piece(world):
    sender, wire = world.begin(get(ALICE, "/", "Transfer-Encoding: chunked", method="POST"))
    wire.head()
    for number in range(100):
        sender.send(b"3\r\n%03d\r\n" % number)
        same(wire.exactly(8), b"3\r\n%03d\r\n" % number, "the chunk")
    sender.send(b"0\r\n\r\n")
    same(wire.exactly(5), b"0\r\n\r\n", "the last chunk")
    wire.send(answer(b"fine"))
    world.handler.keep(wire)
    same(sender.answer().body, b"fine")


@case()
def both_at_once(world):
    """The handler answers each piece of the body before the next one is sent."""
    sender, wire = world.begin(get(ALICE, "/", "Transfer-Encoding: chunked", method="POST"))
    wire.head()
    wire.send(lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"))
    sender.head()
    for number in range(100):
        sender.send(b"3\r\n%03d\r\n" % number)
        wire.send(wire.exactly(8))
        same(sender.exactly(8), b"3\r\n%03d\r\n" % number, "the echo")
    sender.send(b"0\r\n\r\n")
    wire.send(wire.exactly(5))
    same(sender.exactly(5), b"0\r\n\r\n", "the end")
    sender.send(get(ALICE, "/next"))
    world.handler.keep(wire)
    same([r.target for r in world.handler.serve(answer(b"fine"))], ["/next"])


if __name__ == "__main__":
    Suite(__doc__).run()
