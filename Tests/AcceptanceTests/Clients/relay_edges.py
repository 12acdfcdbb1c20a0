"""Requests at the edges: too large to keep, across event loops, pipelined and cut, with a long head."""

import hashlib
import time

from relay_handler import Server
from relay_peer import DATA, SYN, Peer
from relay_shape import POOL
from relay_suite import ALICE, Suite, case, own
from relay_wire import Ended, Wire, answer, get, post
from relay_world import DOMAIN, Child, Relay, check, eventually, folder, same

BOB = f"bob.{DOMAIN}"
# More than an agent keeps of a request.
LARGE = POOL * 6
# Most senders of a relay with so many loops are on others than the agent with one connection is.
LOOPS, SENDERS, STREAMS = 4, 12, 2
WARM_UP, REQUESTS, GROWTH = 5000, 20_000, 3 << 20
OPTIONS = 32
# Octets of a registration that comes one by one, and seconds of processor time that they may cost.
DRIPS, DRIP_SECONDS = 66_000, 3


def journal(world, data, *arguments):
    """What a command about the journal says: exit code, objects, and errors."""
    child = Child(world.program, "events", *arguments, "--data", data, "--format", "json")
    code = child.ended()
    eventually(lambda: child.lines.queue and child.lines.queue[-1] is None, "the output's end")
    return code, child.all_lines, child.error()


@case()
def body_too_large_to_keep(world):
    """It is passed on whole, and what is kept of it says so."""
    seen, data = [], folder()

    def take(wire, request):
        seen.append(hashlib.sha256(request.body).hexdigest())
        wire.send(answer(b"fine"))

    server = Server(take)
    agent = world.listen("--data", data, name="bob", target=server.target)
    same(world.relay.ask(post(BOB, LARGE, "/large?a=b", method="PUT")).status, 200)
    same(seen, [hashlib.sha256(LARGE).hexdigest()], "the body")
    line = agent.line("request")
    same((line["method"], line["path"], line["kept"]), ("PUT", "/large?a=b", False), "the line")
    agent.signal().ended()
    code, listed, error = journal(world, data, "list")
    same((code, [each["event_type"] for each in listed]), (0, ["not_kept"]), f"the list: {error}")
    same(listed[0]["destination"], f"{server.target}/large?a=b", "the destination in the list")
    code, _, error = journal(world, data, "resend", "1")
    check(code != 0 and "not kept" in error, f"exit code {code}: {error}")
    same(len(seen), 1, "requests at the handler")
    server.close()


# Across event loops


class Crossings:
    """A relay with event loops of which one only has a connection to the agent, and senders on all."""

    def __init__(self, world, *arguments):
        self.relay = Relay(world.program, *arguments, plain=world.relay.plain, loops=LOOPS)
        self.peer = Peer(self.relay)
        same(self.peer.register("alice")["type"], "registered", "the peer")
        self.senders = [self.relay.connect(seconds=5) for _ in range(SENDERS)]

    def ask(self):
        for sender in self.senders:
            sender.send(get(ALICE))

    def serve(self, count):
        for _ in range(count):
            self.peer.answer(self.peer.request()[0], answer(b"fine"))

    def rounds(self, requests):
        for _ in range(requests // SENDERS):
            self.ask()
            self.serve(SENDERS)
            for sender in self.senders:
                same(sender.answer().body, b"fine")

    def end(self):
        self.peer.close()
        self.relay.kill()


@case()
def limit_of_streams_across_loops(world):
    """It is the connection's, whichever loops its senders are on."""
    both = Crossings(world, "--maximum-streams", STREAMS)
    try:
        for sender in both.senders[:STREAMS]:
            sender.send(get(ALICE))
        streams = [both.peer.request()[0] for _ in range(STREAMS)]
        for sender in both.senders[STREAMS:]:
            own(sender.ask(get(ALICE)), 503, "too-busy")
        for stream in streams:
            both.peer.answer(stream, answer(b"fine"))
        for sender in both.senders[:STREAMS]:
            same(sender.answer().body, b"fine")
    finally:
        both.end()


@case()
def nothing_is_left_of_crossings(world):
    both = Crossings(world)
    try:
        both.rounds(WARM_UP)
        before = both.relay.memory
        both.rounds(REQUESTS)
        grown = both.relay.memory - before
        check(grown < GROWTH, f"the relay grew by {grown} octets in {REQUESTS} requests")
        return f"{grown >> 10} KiB"
    finally:
        both.end()


# Handlers


class OneByOne(Server):
    """A handler that serves one connection until its end before it takes the next."""

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.run(Wire(connection, seconds=None))


@case()
def kept_connection_ends_soon(world):
    """An idle one is not the agent's for long: handlers have few."""
    world.pass_on(get(ALICE))
    kept = world.handler.idle[0]
    start = time.monotonic()
    kept.connection.settimeout(5)
    same(kept.to_end(), (b"", "end"), "an idle connection to a handler")
    return f"after {time.monotonic() - start:.2f} s"


@case()
def handler_with_one_thread(world):
    """One that keeps its connection, and serves nobody else meanwhile, serves all in turn."""
    server = OneByOne()
    agent = world.listen(name="bob", target=server.target)
    start = time.monotonic()
    senders = [world.connect(seconds=8) for _ in range(3)]
    for sender in senders:
        sender.send(get(BOB))
    for sender in senders:
        same(sender.answer().body, b"seen", f"after {time.monotonic() - start:.2f} s")
    seconds = time.monotonic() - start
    check(seconds < 6, f"three requests took {seconds:.2f} s")
    agent.kill()
    server.close()
    return f"{seconds:.2f} s"


# Heads


@case()
def connection_that_names_much(world):
    """Each field is compared with all that it names, so that is little."""
    def named(*counts):
        return [f"Connection: {', '.join(f'x-{n}' for n in range(count))}" for count in counts]

    for counts in ([OPTIONS + 1], [OPTIONS, 1], [1] * (OPTIONS + 1), [5000]):
        own(world.relay.ask(get(ALICE, "/", *named(*counts))), 400, "bad-request")
    check(world.handler.is_silent(), "a refused request reached the handler")
    for counts in ([OPTIONS], [OPTIONS // 2] * 2):
        request, found = world.pass_on(get(ALICE, "/", *named(*counts), "X-0: of this hop"))
        same(found.status, 200, f"{counts} options")
        same(request.head.get("X-0"), None, "a field that Connection names")


@case("--maximum-head", 1_000_000, agent=("--host-header", "rewrite"))
def long_head_that_is_changed(world):
    field = "long " * 80_000
    request, found = world.pass_on(get(ALICE, "/", f"X-Long: {field}"))
    same(found.status, 200)
    same(request.head.get("X-Long"), field.strip(), "the field")
    same(request.head.get("Host"), f"127.0.0.1:{world.handler.port}", "the host")


@case()
def sender_that_waits_for_a_word(world):
    """It gets that from an agent that answers by itself, too."""
    agent = world.listen("--respond-with", "ack", name="bob", target="")
    for length in (5, 300_000):
        sender = world.connect(seconds=5)
        sender.send(get(
            BOB, "/", f"Content-Length: {length}", "Expect: 100-continue", method="POST"))
        same(sender.head().start, b"HTTP/1.1 100 Continue", "the word")
        found = sender.ask(POOL[:length])
        same((found.status, found.error, found.interim), (200, None, []), "the answer")
        sender.close()
    agent.kill()


@case()
def second_request_is_cut(world):
    """Nobody waits for its rest, behind the first one's answer."""
    if not world.relay.plain:
        return "skipped, as TLS has no half of an end here"
    sender, wire = world.begin(
        get(ALICE, "/first") + get(ALICE, "/second", "Content-Length: 100", method="POST")
        + b"begun")
    sender.end()
    same(wire.request().target, "/first")
    wire.send(answer(b"first"))
    world.handler.keep(wire)
    same(sender.answer().body, b"first")
    sender.connection.settimeout(3)
    data, how = sender.to_end()
    check(not data.startswith(b"HTTP/1.1 2"), f"half a request has an answer: {data[:200]}")
    return how


@case()
def registration_that_drips(world):
    """Its octets are not looked at again and again."""
    peer, before = Peer(world.relay), world.relay.cpu
    peer.send(DATA, SYN, 1, body=b"{")
    try:
        for _ in range(DRIPS // 1000):
            peer.wire.send((b"\0\0\0\0\0\0\0\1\0\0\0\1 ") * 1000)
    except Ended:
        pass  # The relay has seen enough.
    peer.ended()
    seconds = world.relay.cpu - before
    check(seconds < DRIP_SECONDS, f"{seconds:.2f} s of processor time")
    return f"{seconds:.2f} s of processor time"


if __name__ == "__main__":
    Suite(__doc__).run()
