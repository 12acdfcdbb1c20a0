"""What the relay makes of HTTP: each case plays the sender and the handler, step by step."""

import hashlib

from relay_handler import Server
from relay_shape import POOL
from relay_suite import ALICE, Suite, case, lines, tail
from relay_wire import answer, get, post
from relay_world import DOMAIN, check, same


@case()
def octets(world):
    """Head and body arrive as sent, and so does the answer."""
    sent = lines(
        "POST /a/b?c=d%20e HTTP/1.1", f"hOST: {ALICE}", "X-oDD:  two  ", "Accept: a", "accept: b",
        "Empty:", "Content-Length: 5", "X-Tab: a\tb", "Z: \xff")
    reply = lines("HTTP/1.1 200 Very well", "Set-Cookie: a", "set-cookie:b", "Content-Length: 3")
    request, found = world.pass_on(sent + b"hello", reply + b"abc")
    same(request.head.raw, sent[:-2] + lines(*tail(world)), "the head at the handler")
    same(request.body, b"hello", "the body at the handler")
    same(found.head.raw + found.raw_body, reply + b"abc", "the answer")


@case()
def chunks_and_trailers(world):
    body = b"5;a=\"b;\\\"\"\r\nhello\r\n00A ; x\r\n0123456789\r\n0\r\nX-Sum: 1\r\nx-sum:2\r\n\r\n"
    body = body.replace(b"00A ; x", b"00A;x")
    sent = lines(
        "POST / HTTP/1.1", f"Host: {ALICE}", "Transfer-Encoding: chunked", "Trailer: X-Sum") + body
    reply = lines("HTTP/1.1 200 OK", "Trailer: X-Sum", "Transfer-Encoding: chunked") + body
    request, found = world.pass_on(sent, reply)
    same(request.raw_body, body, "the chunks at the handler")
    same(request.head.get("Trailer"), "X-Sum", "Trailer")
    same(found.head.raw + found.raw_body, reply, "the answer")


@case()
def continue_comes_from_the_handler(world):
    sender, wire = world.begin(post(ALICE, b"", "/", "Expect: 100-continue").replace(
        b"Content-Length: 0", b"Content-Length: 5"))
    same(wire.head().get("Expect"), "100-continue", "Expect")
    check(not wire.rest, "a body before it was asked for")
    wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    same(sender.head().raw, b"HTTP/1.1 100 Continue\r\n\r\n", "the interim answer")
    sender.send(b"hello")
    same(wire.exactly(5), b"hello", "the body")
    wire.send(answer(b"fine"))
    same(sender.answer().body, b"fine", "the answer")
    world.handler.keep(wire)


@case()
def continue_is_not_waited_for(world):
    request, found = world.pass_on(
        post(ALICE, b"hello", "/", "Expect: 100-continue"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"fine"))
    same((request.body, found.body, len(found.interim)), (b"hello", b"fine", 1))


@case()
def expectation_is_refused(world):
    sender, wire = world.begin(get(
        ALICE, "/", "Expect: 100-continue", "Content-Length: 1000000", method="PUT"))
    wire.head()
    wire.send(answer(b"no", "417 Expectation Failed"))
    found = sender.answer()
    same((found.status, found.body, found.interim), (417, b"no", []))
    # Whether the body comes is not known; the connection must not be used for anything else.
    same(found.head.get("Connection"), "close", "Connection")
    sender.end() if world.relay.plain else None
    same(sender.to_end()[0], b"", "what follows")


@case()
def interim_answers_pass(world):
    early = lines("HTTP/1.1 103 Early Hints", "Link: </a>; rel=preload")
    _, found = world.pass_on(get(ALICE), early + early + answer(b"fine"))
    same([head.raw for head in found.interim], [early, early], "interim answers")
    same(found.body, b"fine")


@case()
def early_answer(world):
    """The handler answers and hangs up before it has read the body; the sender goes on sending."""
    for closes in (True, False):
        sender, wire = world.begin(get(ALICE, "/", "Content-Length: 104857600", method="POST"))
        wire.head()
        wire.send(answer(b"too much", "413 Content Too Large", *["Connection: close"] * closes))
        if closes:
            wire.close()
        sender.connection.settimeout(5)
        sent = 0
        try:
            while sent < 3 << 20:
                sent += sender.connection.send(POOL[:1 << 16])
        except OSError:
            pass
        found = sender.answer()
        same((found.status, found.body), (413, b"too much"), f"the answer, closes: {closes}")
        sender.close()
        wire.close()


@case()
def answers_without_bodies(world):
    """On one connection, so that a body that is read where none is would show."""
    sender = world.connect()
    for method, status, fields in [
            ("HEAD", "200 OK", ["Content-Length: 12345"]),
            ("HEAD", "200 OK", ["Transfer-Encoding: chunked"]),
            ("HEAD", "200 OK", []), ("GET", "204 No Content", []),
            ("GET", "304 Not Modified", ["Content-Length: 777", 'ETag: "a"']),
            ("GET", "304 Not Modified", []), ("HEAD", "404 Not Found", ["Content-Length: 9"]),
            ("DELETE", "204 No Content", []), ("GET", "200 OK", ["Content-Length: 0"])]:
        sender.send(get(ALICE, "/", method=method))
        wire = world.handler.next()
        same(wire.request().method, method, "the method")
        reply = lines(f"HTTP/1.1 {status}", *fields)
        wire.send(reply)
        world.handler.keep(wire)
        same(sender.answer(method).head.raw, reply, f"the answer to {method}")
    check(not sender.rest, "something behind the last answer")


@case()
def old_version(world):
    """HTTP/1.0: the connection ends behind the answer, unless the sender asks otherwise; no chunks."""
    sender, wire = world.begin(get(ALICE, version="1.0"))
    wire.request()
    wire.send(answer(b"fine"))
    world.handler.keep(wire)
    same(sender.answer().body, b"fine")
    same(sender.to_end(), (b"", "end"), "behind the answer")
    sender, wire = world.begin(get(ALICE, version="1.0"))
    wire.request()
    wire.send(b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nto the end")
    wire.close()
    found = sender.answer()
    same((found.head.get("Transfer-Encoding"), found.body), (None, b"to the end"))
    sender = world.connect()
    for _ in range(3):
        sender.send(get(ALICE, "/", "Connection: keep-alive", version="1.0"))
        world.handler.serve(answer(b"again"))
        found = sender.answer()
        same((found.body, found.head.get("Connection").lower()), (b"again", "keep-alive"))


@case()
def close_is_told(world):
    sender, wire = world.begin(get(ALICE, "/", "Connection: close"))
    check(wire.request().head.get("Connection") in (None, "keep-alive"), "it is passed on")
    wire.send(answer(b"fine"))
    world.handler.keep(wire)
    same(sender.answer().head.get("Connection"), "close", "Connection")
    same(sender.to_end(), (b"", "end"), "behind the answer")


@case()
def end_of_connection_becomes_chunks(world):
    sender = world.connect()
    sender.send(get(ALICE))
    wire = world.handler.next()
    wire.request()
    wire.send(lines("HTTP/1.1 200 OK", "X-A: b") + POOL[:100000])
    wire.close()
    found = sender.answer()
    same((found.head.get("Transfer-Encoding"), found.body), ("chunked", POOL[:100000]))
    sender.send(get(ALICE))
    world.handler.serve(answer(b"kept"))
    same(sender.answer().body, b"kept", "the next answer on the connection")


@case()
def pipelined(world):
    """Answers come in the order of the requests, with what belongs to each."""
    sender = world.connect()
    sender.send(b"".join(
        post(ALICE, b"b%d" % n, f"/{n}") if n % 3 else get(ALICE, f"/{n}") for n in range(100)))
    for number in range(100):
        wire = world.handler.next()
        request = wire.request()
        same(request.target, f"/{number}", "the target")
        same(request.body, b"b%d" % number if number % 3 else b"", "the body")
        wire.send(answer(b"a%d" % number))
        world.handler.keep(wire)
    for number in range(100):
        same(sender.answer().body, b"a%d" % number, "the answer")


@case()
def sender_that_says_no_more(world):
    """A half-closed sender still gets its answers."""
    if not world.relay.plain:
        return "only without TLS"
    sender = world.connect()
    sender.send(post(ALICE, b"one", "/1"), get(ALICE, "/2"))
    sender.end()
    same([r.target for r in world.handler.serve(answer(b"1"), answer(b"2"))], ["/1", "/2"])
    same([sender.answer().body, sender.answer().body], [b"1", b"2"])
    same(sender.to_end(), (b"", "end"), "behind the answers")


@case()
def sender_that_leaves(world):
    """The handler learns that nobody waits for its answer any more.

    Behind a whole request only a reset tells that: an end may be that of a half-closed sender.
    """
    for data, end in [(get(ALICE), "cut"), (post(ALICE, b"x" * 10)[:-5], "close")]:
        sender, wire = world.begin(data)
        wire.head()
        getattr(sender, end)()
        wire.rest.clear()
        check(wire.to_end()[1] in ("end", "reset"), "the handler's connection stays open")


@case()
def kept_connections_of_the_handler(world):
    """A connection that the handler has closed in the meantime costs no request."""
    for number in range(20):
        sender, wire = world.begin(get(ALICE, f"/{number}"))
        wire.request()
        wire.send(answer(b"fine"))
        same(sender.answer().status, 200, "before")
        wire.close() if number % 2 else wire.cut()
        sender.close()


@case()
def many_at_once(world):
    server = Server(lambda wire, request: wire.send(
        answer(hashlib.sha256(request.body).hexdigest().encode())))
    agent = world.listen(name="many", target=server.target)
    senders = [world.connect() for _ in range(200)]
    for number, sender in enumerate(senders):
        sender.send(post(f"many.{DOMAIN}", POOL[number:number + 3000]))
    for number, sender in enumerate(senders):
        digest = hashlib.sha256(POOL[number:number + 3000]).hexdigest().encode()
        same(sender.answer().body, digest, "the answer")
        sender.close()
    agent.kill()
    server.close()


if __name__ == "__main__":
    Suite(__doc__).run()
