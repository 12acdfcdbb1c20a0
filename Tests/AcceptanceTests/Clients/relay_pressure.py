"""Bodies that are larger than any memory they may take, and a side that does not take them."""

import functools
import hashlib
import select
import ssl
import threading

from relay_handler import Server
from relay_shape import POOL
from relay_streams import upgraded
from relay_suite import ALICE, CASES, Suite, case, lines
from relay_wire import answer, get
from relay_world import DOMAIN, check, same

MEGABYTE = 1 << 20
# What the system's own buffers may take in on three legs, beside what the tunnel's window does.
MOST_UNDER_WAY = 80 * MEGABYTE
MOST_MEMORY = 48 * MEGABYTE
BODY = 192 * MEGABYTE
SECONDS_WITHOUT_PROGRESS = 1.0
# Those of relay_streams.py are not ours.
CASES.clear()


class Memory:
    """How much more memory relay and agent take."""

    def __init__(self, world):
        self.children = {"relay": world.relay, "agent": world.agent}
        self.start = {name: child.memory for name, child in self.children.items()}
        self.most = dict.fromkeys(self.start, 0)

    def look(self):
        for name, child in self.children.items():
            self.most[name] = max(self.most[name], child.memory - self.start[name])
            check(self.most[name] < MOST_MEMORY, f"{name} grew by {self.most[name] >> 20} MiB")

    def __str__(self):
        return ", ".join(f"{name} +{most >> 20} MiB" for name, most in self.most.items())


def piece(place):
    """The body from there: the same megabyte again and again."""
    start = place % MEGABYTE
    return POOL[start:min(start + (1 << 16), MEGABYTE)]


def until_stalled(wire, memory):
    """Sends until the other side takes no more; returns how much that was."""
    wire.connection.setblocking(False)
    sent = 0
    while sent < BODY:
        try:
            sent += wire.connection.send(piece(sent))
        except (BlockingIOError, OSError):
            if not select.select([], [wire.connection], [], SECONDS_WITHOUT_PROGRESS)[1]:
                break
        if sent % (4 * MEGABYTE) < 1 << 16:
            memory.look()
    wire.connection.settimeout(20)
    return sent


def rest(wire, sent):
    while sent < BODY:
        wire.send(piece(sent))
        sent += len(piece(sent))


def digest_of(wire, memory):
    """SHA-256 of what comes, and of what was sent."""
    actual, count = hashlib.sha256(), 0
    while count < BODY:
        if not wire.rest:
            wire.fill()
        data = wire.exactly(min(len(wire.rest), BODY - count))
        actual.update(data)
        if (count + len(data)) // (8 * MEGABYTE) > count // (8 * MEGABYTE):
            memory.look()
        count += len(data)
    return actual.hexdigest()


@functools.cache
def expected_digest():
    expected, count = hashlib.sha256(), 0
    while count < BODY:
        expected.update(piece(count))
        count += len(piece(count))
    return expected.hexdigest()


def slow(world, giver, taker):
    """One side takes nothing for a while; the other is slowed down, and nothing piles up between."""
    memory = Memory(world)
    sent = until_stalled(giver, memory)
    check(sent < MOST_UNDER_WAY, f"{sent >> 20} MiB are taken although nobody reads them")
    # Others are served meanwhile.
    same(world.pass_on(get(ALICE, "/meanwhile"))[1].status, 200, "another request")
    thread = threading.Thread(target=rest, args=(giver, sent), daemon=True)
    thread.start()
    same(digest_of(taker, memory), expected_digest(), "SHA-256")
    thread.join(20)
    memory.look()
    return f"stalled at {sent >> 20} MiB, {memory}"


PIPELINED, EACH = 800, 100_000


@case()
def answers_that_nobody_reads(world):
    """A sender asks on and on, and reads later: what was asked for is answered then, and not before."""
    server = Server(lambda wire, request: wire.send(answer(POOL[:EACH])))
    agent = world.listen("--no-record", name="bob", target=server.target)
    memory = Memory(world)
    sender = world.connect()
    sender.send(get(f"bob.{DOMAIN}") * PIPELINED)
    sender.end() if world.relay.plain else None
    seen = -1
    while seen < len(server.seen):
        seen = len(server.seen)
        select.select([], [], [], SECONDS_WITHOUT_PROGRESS)
        memory.look()
    check(seen < PIPELINED, "all are answered although nobody reads")
    for number in range(PIPELINED):
        same(sender.answer().body == POOL[:EACH], True, f"answer {number}")
    memory.look()
    same(len(server.seen), PIPELINED, "requests at the handler")
    if world.relay.plain:
        same(sender.to_end(), (b"", "end"), "behind the last answer")
    sender.close()
    agent.kill()
    server.close()
    return f"stalled at {seen} answers, {memory}"


@case()
def refusals_that_nobody_reads(world):
    """The same of answers that are the relay's own."""
    memory = Memory(world)
    sender = world.connect()
    sender.connection.setblocking(False)
    requests, sent = get(f"nobody.{DOMAIN}") * 1000, 0
    while sent < BODY and select.select([], [sender.connection], [], SECONDS_WITHOUT_PROGRESS)[1]:
        try:
            # From wherever in a request the last piece ended.
            sent += sender.connection.send(requests[sent % len(requests):])
        except (BlockingIOError, ssl.SSLWantWriteError):
            pass
        memory.look()
    check(sent < MOST_UNDER_WAY, f"{sent >> 20} MiB of requests are taken")
    sender.close()
    return f"stalled at {sent >> 10} KiB, {memory}"


@case()
def slow_handler(world):
    sender, wire = world.begin(get(ALICE, "/", f"Content-Length: {BODY}", method="POST"))
    wire.head()
    note = slow(world, sender, wire)
    wire.send(answer(b"all of it"))
    world.handler.keep(wire)
    same(sender.answer().body, b"all of it")
    return note


@case()
def slow_reader(world):
    sender, wire = world.begin(get(ALICE))
    wire.request()
    wire.send(lines("HTTP/1.1 200 OK", f"Content-Length: {BODY}"))
    sender.head()
    note = slow(world, wire, sender)
    world.handler.keep(wire)
    return note


@case()
def slow_socket(world):
    sender, wire = upgraded(world)
    return slow(world, sender, wire)


@case()
def many_stalled_at_once(world):
    """Forty bodies that nobody takes share a bounded memory."""
    memory = Memory(world)
    ends = []
    for number in range(40):
        sender, wire = world.begin(get(ALICE, f"/{number}", f"Content-Length: {BODY}", method="PUT"))
        sender.connection.settimeout(0.05)
        try:
            for _ in range(256):
                sender.connection.sendall(POOL[:1 << 16])
        except OSError:
            pass
        ends.append((sender, wire))
    for name, child in memory.children.items():
        memory.most[name] = child.memory - memory.start[name]
    # Windows grow by 64 MiB on each connection of the agent, beside the 256 KiB of each stream.
    windows = 64 * MEGABYTE * world.relay.loops + len(ends) * (256 << 10)
    check(max(memory.most.values()) < 2 * windows, f"{memory}")
    for sender, wire in ends:
        sender.close()
    for sender, wire in ends:
        wire.to_end()
    same(world.pass_on(get(ALICE, "/afterwards"))[1].status, 200)
    return str(memory)


if __name__ == "__main__":
    Suite(__doc__).run()
