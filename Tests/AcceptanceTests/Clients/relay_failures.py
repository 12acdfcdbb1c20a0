"""When there is no answer to hand back: what the sender gets, how soon, and that it is no success."""

import time

from relay_handler import Server
from relay_suite import ALICE, Suite, case, own
from relay_wire import Ended, answer, get, post
from relay_world import DOMAIN, check, eventually, same, unused_port

# What "at once" means on a machine that is busy with other tests.
AT_ONCE = 1.0
REQUESTS = [
    (get, "GET"), (lambda host: get(host, method="HEAD"), "HEAD"),
    (lambda host: post(host, b"x" * 100), "POST"), (lambda host: post(host, b"x" * 300000), "POST"),
    (lambda host: get(host, "/", "Transfer-Encoding: chunked", method="PUT") + b"1\r\na\r\n0\r\n\r\n",
     "PUT"),
    (lambda host: get(host, "/", "Expect: 100-continue", "Content-Length: 5", method="POST"), "POST"),
    (lambda host: get(host, "/", "Upgrade: websocket", "Connection: upgrade"), "GET"),
    (lambda host: get(host, version="1.0"), "GET")]


def cut(wire):
    """That a connection ends in the middle of an answer, and not like a whole one."""
    try:
        found = wire.answer()
    except Ended:
        return
    check(False, f"a cut answer looks whole: {found}")


def refused_at_once(world, host, status, reason):
    for request, method in REQUESTS:
        start = time.monotonic()
        found = world.relay.ask(request(host), method)
        own(found, status, reason)
        check(time.monotonic() - start < AT_ONCE, f"it took {time.monotonic() - start:.2f} s")
        check(found.interim == [], "a promise before the refusal")
        same(found.head.get("Cache-Control"), "no-store", "Cache-Control")
        check(bool(found.body) == (method != "HEAD"), "the body says why, but not for HEAD")


def nothing_is_left(world):
    def settled():
        status = world.relay.status()
        return status["streams"] == 0 and status["requests"] == 0
    eventually(settled, lambda: f"open requests: {world.relay.status()}")


@case()
def nobody_listens(world):
    refused_at_once(world, f"nobody.{DOMAIN}", 503, "agent-away")
    nothing_is_left(world)


@case()
def agent_that_has_left(world):
    agent = world.listen(name="bob")
    agent.kill()
    eventually(
        lambda: world.relay.ask(get(f"bob.{DOMAIN}")).error == "agent-away", "agent-away")
    refused_at_once(world, f"bob.{DOMAIN}", 503, "agent-away")


@case()
def handler_refuses(world):
    agent = world.listen(name="bob", target=f"http://127.0.0.1:{unused_port()}")
    refused_at_once(world, f"bob.{DOMAIN}", 502, "handler-refused")
    agent.kill()
    nothing_is_left(world)


@case()
def handler_comes_later(world):
    port = unused_port()
    agent = world.listen(name="bob", target=f"http://127.0.0.1:{port}")
    own(world.relay.ask(get(f"bob.{DOMAIN}")), 502, "handler-refused")
    handler = Server(port=port)
    same(world.relay.ask(get(f"bob.{DOMAIN}")).body, b"seen")
    agent.kill()
    handler.close()


@case()
def handler_hangs_up(world):
    """In front of an answer: 502. In one: the sender's connection is cut."""
    for end in ("close", "cut"):
        for begun in (b"", b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"):
            sender, wire = world.begin(post(ALICE, b"x"))
            wire.request()
            wire.send(begun)
            getattr(wire, end)()
            own(sender.answer(), 502, "handler-cut")
        for begun in (
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"):
            sender, wire = world.begin(get(ALICE))
            wire.request()
            wire.send(begun)
            getattr(wire, end)()
            cut(sender)
    sender, wire = world.begin(get(ALICE))
    wire.request()
    wire.send(b"HTTP/1.1 200 OK\r\n\r\nto the end that is none")
    same(sender.until(b"none")[-4:], b"none", "what came before the reset")
    wire.cut()
    cut_body = sender.to_end()[0]
    check(not cut_body.endswith(b"0\r\n\r\n"), "a reset looks like the end of the answer")
    nothing_is_left(world)


@case()
def handler_is_no_web_server(world):
    for data in (b"SSH-2.0-OpenSSH_9\r\n", b"\x15\x03\x01\x00\x02\x02\x28" * 10, b"hello\n" * 100,
                 b"HTTP/2.0 200 OK\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"ICY 200 OK\r\n\r\n"):
        sender, wire = world.begin(get(ALICE))
        wire.request()
        wire.send(data)
        wire.close()
        found = sender.answer()
        own(found, 502, "handler-not-http")
        check(data.strip() not in found.body, "what came is shown to the sender")


@case(agent=("--timeout", "300ms"))
def handler_is_too_slow(world):
    for data in (get(ALICE), post(ALICE, b"x" * 1000)):
        sender, wire = world.begin(data)
        wire.request()
        start = time.monotonic()
        own(sender.answer(), 504, "handler-timeout")
        check(time.monotonic() - start < 2, f"it took {time.monotonic() - start:.2f} s")
        same(wire.to_end()[0], b"", "what the handler gets then")
    same(world.pass_on(get(ALICE))[1].status, 200, "the next")
    nothing_is_left(world)


@case("--maximum-head", "4096", "--maximum-body", "10000")
def too_large(world):
    handler = world.handler
    for count in (5000, 100000):
        own(world.relay.ask(get(ALICE, "/", "X: " + "x" * count)), 431, "head-too-large")
        own(world.relay.ask(get(ALICE, "/" + "x" * count)), 431, "head-too-large")
    same(world.pass_on(get(ALICE, "/", "X: " + "x" * 3900))[1].status, 200, "just fits")
    own(world.relay.ask(get(ALICE, "/", "Content-Length: 10001", method="POST")), 413,
        "body-too-large")
    own(world.relay.ask(post(ALICE, b"x" * 200000)), 413, "body-too-large")
    check(handler.is_silent(), "a request that is too large reaches the handler")
    same(world.pass_on(post(ALICE, b"x" * 10000))[0].body, b"x" * 10000, "just fits")
    # Chunks tell their sizes too late: the handler sees the beginning, and no end.
    sender, wire = world.begin(get(ALICE, "/", "Transfer-Encoding: chunked", method="POST"))
    wire.head()
    sender.send(b"2000\r\n" + b"x" * 8192 + b"\r\n", b"2000\r\n" + b"x" * 8192 + b"\r\n0\r\n\r\n")
    own(sender.answer(), 413, "body-too-large")
    seen, _ = wire.to_end()
    check(not seen.endswith(b"0\r\n\r\n"), "the handler sees an end")


@case("--head-timeout", "300ms", "--request-timeout", "500ms", "--idle-timeout", "400ms")
def too_slow(world):
    sender = world.connect()
    sender.send(b"GET / HTTP/1.1\r\nHost: al")
    own(sender.answer(), 408, "head-timeout")
    sender, wire = world.begin(get(ALICE, "/", "Content-Length: 5", method="POST") + b"ab")
    wire.head()
    own(sender.answer(), 408, "body-timeout")
    same(wire.to_end()[0], b"ab", "what the handler gets then")
    sender = world.connect()
    same(sender.to_end(), (b"", "end"), "a connection without a request")
    sender.close()
    sender = world.connect()
    sender.send(get(ALICE))
    world.handler.serve(answer(b"fine"))
    same(sender.answer().body, b"fine")
    same(sender.to_end(), (b"", "end"), "a connection without a further request")


@case("--maximum-streams", "3")
def too_busy(world):
    if world.relay.loops > 1:
        return "only with one loop, as the limit is for each"
    held = [world.begin(get(ALICE, f"/{number}")) for number in range(3)]
    own(world.relay.ask(get(ALICE)), 503, "too-busy")
    for sender, wire in held:
        wire.request()
        wire.send(answer(b"fine"))
        same(sender.answer().body, b"fine")
        world.handler.keep(wire)
    same(world.pass_on(get(ALICE))[1].status, 200, "afterwards")


@case("--maximum-connections", "5")
def too_many_connections(world):
    kept = [world.connect() for _ in range(5)]
    for wire in kept:
        wire.send(get(ALICE))
        world.handler.serve(answer(b"fine"))
        same(wire.answer().body, b"fine")
    before = world.relay.status()["turned_away"]
    try:
        found = world.connect().ask(get(ALICE))
        check(False, f"a sixth connection is answered: {found.status}")
    except (Ended, OSError):
        pass
    same(world.relay.status()["turned_away"], {**before, "senders": before["senders"] + 1}, "counted")
    for wire in kept:
        wire.close()

    def is_served():
        try:
            return world.relay.ask(get(f"nobody.{DOMAIN}")).status == 503
        except (Ended, OSError):
            return False

    eventually(is_served, "a connection is taken again")


@case()
def refusals_keep_the_connection(world):
    """A request that is whole can be followed by another one behind a refusal."""
    sender = world.connect()
    for _ in range(3):
        own(sender.ask(post(f"nobody.{DOMAIN}", b"abc")), 503, "agent-away")
        own(sender.ask(get("other.example")), 404, "unknown-host")
    sender.send(get(ALICE))
    world.handler.serve(answer(b"fine"))
    same(sender.answer().body, b"fine", "the next answer on the connection")
    nothing_is_left(world)


if __name__ == "__main__":
    Suite(__doc__).run()
