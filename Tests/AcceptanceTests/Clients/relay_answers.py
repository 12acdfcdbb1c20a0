"""Answers of a handler that two readers could take for different ones: the sender gets a 502 or a cut
connection, and nobody ever gets what belongs to another request."""

from relay_suite import ALICE, Suite, case, lines, own
from relay_wire import Ended, NotHTTP, answer, get
from relay_world import brief, check, same

FORGED = answer(b"forged", "200 OK", "X-Forged: yes")


def whole(*fields, body=b"", start="HTTP/1.1 200 OK"):
    return lines(start, *fields) + body


CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"

# The answer cannot be understood from its head on.
BAD_HEADS = {
    "two lengths": whole("Content-Length: 5", "Content-Length: 6", body=b"hello!"),
    "two equal lengths": whole("Content-Length: 5", "Content-Length: 5", body=b"hello"),
    "length and chunks": whole("Content-Length: 5", CHUNKED, body=CHUNKS),
    "chunks and length": whole(CHUNKED, "Content-Length: 5", body=CHUNKS),
    "negative length": whole("Content-Length: -5", body=b"hello"),
    "length that is none": whole("Content-Length: five", body=b"hello"),
    "gzip, chunked": whole("Transfer-Encoding: gzip, chunked", body=CHUNKS),
    "identity": whole("Transfer-Encoding: identity", body=b"hello"),
    "bare CR": whole("X-A: b\rContent-Length: 0", "Content-Length: 5", body=b"hello"),
    "bare LF": whole("X-A: b\nContent-Length: 0", "Content-Length: 5", body=b"hello"),
    "NUL": whole("X-A: b\0c", "Content-Length: 5", body=b"hello"),
    "folded": whole("X-A: b", " Content-Length: 0", "Content-Length: 5", body=b"hello"),
    "space before the colon": whole("Content-Length : 5", body=b"hello"),
    "line without a colon": whole("X-A", "Content-Length: 5", body=b"hello"),
    "status of two digits": whole("Content-Length: 5", start="HTTP/1.1 20 OK", body=b"hello"),
    "status of four digits": whole("Content-Length: 5", start="HTTP/1.1 2000 OK", body=b"hello"),
    "status 099": whole("Content-Length: 5", start="HTTP/1.1 099 OK", body=b"hello"),
    "status that is none": whole("Content-Length: 5", start="HTTP/1.1 two OK", body=b"hello"),
    "version 2": whole("Content-Length: 5", start="HTTP/2.0 200 OK", body=b"hello"),
    "control character in the reason": whole(start="HTTP/1.1 200 O\x01K", body=b"hello"),
    "huge head": whole(*["X-A: " + "b" * 10000] * 100, "Content-Length: 5", body=b"hello"),
    "endless first line": b"HTTP/1.1 200 " + b"O" * 1000000 + b"\r\n\r\n",
    "no head": b"\r\n\r\nhello",
    "request": get(ALICE, "/"),
}
# It goes wrong behind the head, so that the sender may have seen a part.
BAD_BODIES = {
    "bad size": whole(CHUNKED, body=b"xyz\r\nhello\r\n0\r\n\r\n"),
    "bad size later": whole(CHUNKED, body=b"5\r\nhello\r\n5g\r\nhello\r\n0\r\n\r\n"),
    "size beyond 64 bits": whole(CHUNKED, body=b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    "more than the size": whole(CHUNKED, body=b"5\r\nhello!\r\n0\r\n\r\n"),
    "size that ends in LF": whole(CHUNKED, body=b"5\nhello\r\n0\r\n\r\n"),
    "extension with CR": whole(CHUNKED, body=b"5;a=\rb\r\nhello\r\n0\r\n\r\n"),
    "folded trailer": whole(CHUNKED, body=b"0\r\nX-A: b\r\n c\r\n\r\n"),
    "trailer with NUL": whole(CHUNKED, body=b"0\r\nX-A: \0\r\n\r\n"),
    "large trailers": whole(CHUNKED, body=b"0\r\n" + b"X-A: b\r\n" * 20000 + b"\r\n"),
}
# The answer is good, and something follows that nobody asked for.
GARBAGE = {
    "another answer": (answer(b"mine") + FORGED, "GET"),
    "text": (answer(b"mine") + b"forged", "GET"),
    "answer behind chunks": (whole(CHUNKED, body=b"4\r\nmine\r\n0\r\n\r\n") + FORGED, "GET"),
    "body of a HEAD": (whole("Content-Length: 97", body=FORGED), "HEAD"),
    "body of a 204": (whole(start="HTTP/1.1 204 No Content") + FORGED, "GET"),
    "body of a 304": (
        whole("Content-Length: 97", start="HTTP/1.1 304 Not Modified") + FORGED, "GET"),
    "empty lines": (answer(b"mine") + b"\r\n\r\n", "GET"),
}


def next_is_good(world, number):
    """Three further requests get what belongs to them."""
    for step in range(3):
        body = b"good %d %d" % (number, step)
        request, found = world.pass_on(get(ALICE, f"/good-{number}-{step}"), answer(body))
        same((request.target, found.status, found.body), (f"/good-{number}-{step}", 200, body))


def hand(world, data, *fields, method="GET"):
    """Gives an answer to a request; returns the sender's end."""
    sender, wire = world.begin(get(ALICE, "/bad", *fields, method=method))
    wire.request()
    try:
        wire.send(data)
    except Ended:
        pass  # It hangs up on us.
    world.handler.keep(wire)
    return sender


def failures_of(world, table, call):
    for number, (name, entry) in enumerate(table.items()):
        try:
            call(number, entry)
        except (Ended, NotHTTP) as reason:
            check(False, f"{name}: {type(reason).__name__} {reason}")
        except Exception as reason:
            raise type(reason)(f"{name}: {reason}") from None
    return f"{len(table)} answers"


@case()
def heads_that_are_none(world):
    def call(number, data):
        sender = hand(world, data)
        found = sender.answer()
        own(found, 502, "handler-not-http")
        check(b"hello" not in found.body, "a part of it comes along")
        sender.close()
        next_is_good(world, number)
    return failures_of(world, BAD_HEADS, call)


@case()
def bodies_that_go_wrong(world):
    def call(number, data):
        sender = hand(world, data, "Connection: close")
        back, _ = sender.to_end()
        is_ours = back.startswith(b"HTTP/1.1 502 ")
        check(is_ours or b"\r\n0\r\n\r\n" not in back, f"it looks whole: {brief(back)}")
        next_is_good(world, number)
    return failures_of(world, BAD_BODIES, call)


@case()
def more_than_was_asked_for(world):
    def call(number, entry):
        data, method = entry
        sender = hand(world, data, method=method)
        found = sender.answer(method)
        if found.status != 502:
            same(found.body, b"mine" if b"mine" in data else b"", "the body")
        # The connection may go on, but only with what belongs to the next request.
        try:
            sender.send(get(ALICE, f"/next-{number}", "Connection: close"))
            world.handler.serve(answer(b"next"))
            same(sender.answer().body, b"next", "the next answer on the connection")
        except Ended:
            pass
        sender.close()
        next_is_good(world, number)
    return failures_of(world, GARBAGE, call)


@case()
def answers_that_nobody_waits_for(world):
    """Octets on a kept connection, between two requests, are no answer to the next one."""
    for number in range(10):
        sender, wire = world.begin(get(ALICE, "/first"))
        wire.request()
        wire.send(answer(b"first"))
        same(sender.answer().body, b"first")
        wire.send(FORGED)
        check(wire.to_end()[1] in ("end", "reset"), "the connection is kept")
        sender.send(get(ALICE, f"/second-{number}"))
        same([r.target for r in world.handler.serve(answer(b"second"))], [f"/second-{number}"])
        same(sender.answer().body, b"second", "the next answer")
        sender.close()


@case()
def interim_answers_without_end(world):
    """Not for ever: somebody gives up, and the sender gets no success."""
    sender, wire = world.begin(get(ALICE, "/", "Connection: close"))
    wire.request()
    sent = 0
    try:
        for _ in range(2000):
            wire.send(lines("HTTP/1.1 103 Early Hints", "X-A: b") * 100)
            sent += 100
        wire.send(answer(b"at last"))
    except Ended:
        pass
    back, _ = sender.to_end()
    check(b"200 OK" not in back, f"{sent} interim answers are taken")
    check(b"HTTP/1.1 502 " in back or not back.endswith(b"at last"), "no end")
    next_is_good(world, 0)
    return f"{back.count(b' 103 ')} passed"


@case()
def interim_answers_with_bodies(world):
    sender = hand(world, lines("HTTP/1.1 103 Early Hints", "Content-Length: 97") + FORGED)
    # Whatever an interim answer says, no body belongs to it: what follows is the answer.
    found = sender.answer()
    check(found.body in (b"forged", b"") or found.status == 502, f"{found}")
    next_is_good(world, 1)


@case()
def chunks_for_old_senders(world):
    """A handler that sends chunks to HTTP/1.0: the sender must not see their sizes."""
    sender, wire = world.begin(get(ALICE, version="1.0"))
    wire.request()
    wire.send(lines("HTTP/1.1 200 OK", CHUNKED) + CHUNKS)
    world.handler.keep(wire)
    back, _ = sender.to_end()
    check(
        back.startswith(b"HTTP/1.1 502 ") or back.endswith(b"\r\n\r\nhello"),
        f"an old sender gets {back}")
    next_is_good(world, 2)


@case()
def failure_behind_an_interim_answer(world):
    """A 100 is no answer: what goes wrong behind it still has its own status."""
    for end in ("close", "cut"):
        sender, wire = world.begin(get(
            ALICE, "/", "Expect: 100-continue", "Content-Length: 5", method="POST"))
        wire.head()
        wire.send(lines("HTTP/1.1 100 Continue"))
        same(sender.head().start, b"HTTP/1.1 100 Continue")
        sender.send(b"hello")
        wire.exactly(5)
        getattr(wire, end)()
        own(sender.answer(), 502, "handler-cut")


@case(agent=("--timeout", "300ms"))
def slowness_behind_an_interim_answer(world):
    sender, wire = world.begin(get(ALICE))
    wire.request()
    wire.send(lines("HTTP/1.1 103 Early Hints"))
    own(sender.answer(), 504, "handler-timeout")


@case()
def request_is_not_repeated(world):
    """A POST that the handler has seen is not sent again when it hangs up on it without an answer."""
    sender = world.connect()
    sender.send(get(ALICE, "/warm"))
    world.handler.serve(answer(b"warm"))
    same(sender.answer().body, b"warm")
    sender.send(b"POST /once HTTP/1.1\r\nHost: alice.relay.test\r\nContent-Length: 4\r\n\r\nonce")
    wire = world.handler.next()
    same(wire.request().target, "/once")
    wire.close()
    check(world.handler.is_silent(1), "the handler gets it a second time")
    own(sender.answer(), 502, "handler-cut")


if __name__ == "__main__":
    Suite(__doc__).run()
