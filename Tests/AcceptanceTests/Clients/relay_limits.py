"""Limits of a relay on what is slow, idle or too much: octets a second, silence, connections of agents."""

import select
import socket
import time

from relay_handler import Server
from relay_shape import POOL
from relay_streams import upgraded
from relay_suite import ALICE, CASES, Suite, case
from relay_wire import answer, connect, get, post
from relay_world import DOMAIN, Failure, check, eventually, same

# Those of relay_streams.py are not ours.
CASES.clear()

RATE = 4_000_000
# So little that a piece of a body is paid for in more than a second.
SLOW_RATE, SLOW_BODY = 150_000, 1_000_000
# So little that this takes longer than a connection lingers.
TINY_RATE = 500
# Of what the rate alone makes of it: what fits into a window may be moved on credit.
LEAST = 0.8
# Seconds for what nothing slows down; a second more where something does.
AT_ONCE, ATTEMPTS = 0.5, 3
BODY = POOL * 4
# Seconds for what takes one, or so.
SOON = 8
# Of Linux's states of a connection: the other side has ended, and sent no reset (tcp_states.h).
CLOSE_WAIT = 8


class Moving:
    """A tunnel of its own, whose allowance nobody has used, and a handler that gives what it is asked for."""

    def __init__(self, world, name):
        self.world, self.host = world, f"{name}.{DOMAIN}"
        self.uploads = []
        self.server = Server(self.serve)
        self.agent = world.listen(name=name, target=self.server.target)

    def serve(self, wire, request):
        if request.method == "POST":
            self.uploads.append(request.body)
        wire.send(answer(BODY[:int(request.target[1:])]))

    def down(self, count):
        found = self.world.relay.ask(get(self.host, f"/{count}"))
        check((found.status, found.body) == (200, BODY[:count]), f"download: {found.head.start}")

    def up(self, count):
        found = self.world.relay.ask(post(self.host, BODY[:count], "/0"))
        same((found.status, found.error), (200, None), "upload")
        check(self.uploads.pop() == BODY[:count], "another body arrives")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.agent.kill()
        self.server.close()


def seconds_for(*calls):
    start = time.monotonic()
    for call in calls:
        call()
    return time.monotonic() - start


@case("--rate", RATE)
def rate_each_way(world):
    """A second's worth comes at once, and each further one takes a second."""
    notes = []
    for name in ("down", "up"):
        with Moving(world, name) as moving:
            seconds = seconds_for(lambda: getattr(moving, name)(3 * RATE))
            check(seconds > LEAST * 2, f"{name}: {3 * RATE} octets in {seconds:.2f} s")
            notes.append(f"{name} {seconds:.2f} s")
    return ", ".join(notes)


@case("--rate", RATE)
def ways_have_an_allowance_each(world):
    """Together both take a second more if what goes one way counts for the other."""
    for order in (("down", "up"), ("up", "down")):
        taken = []
        while not taken or min(taken) > AT_ONCE:
            check(len(taken) < ATTEMPTS, f"{' and '.join(order)} took {taken} s")
            with Moving(world, f"both-{order[0]}-{len(taken)}") as moving:
                first, second = (getattr(moving, way) for way in order)
                taken.append(seconds_for(lambda: first(RATE), lambda: second(RATE)))


@case("--rate", SLOW_RATE, "--request-timeout", "1s")
def own_slowness_is_not_the_senders(world):
    """A body that the relay itself takes slowly is not late."""
    with Moving(world, "slow") as moving:
        seconds = seconds_for(lambda: moving.up(SLOW_BODY))
        check(seconds > 2, f"{SLOW_BODY} octets in {seconds:.2f} s: nothing was slowed down")
        return f"{seconds:.2f} s"


@case("--rate", SLOW_RATE, "--stream-timeout", "1s")
def own_slowness_is_not_the_handlers(world):
    """Nor is an answer late that the relay itself passes on slowly."""
    with Moving(world, "slow") as moving:
        return f"{seconds_for(lambda: moving.down(2 * SLOW_BODY)):.2f} s"


@case("--rate", TINY_RATE)
def early_answer_of_a_slow_tunnel(world):
    """What the sender still sends is thrown away at no rate: its connection ends without a reset."""
    sender, wire = world.begin(get(ALICE, "/", f"Content-Length: {4 * SLOW_BODY}", method="PUT"))
    sender.send(BODY[:200 * TINY_RATE])
    wire.head()
    # With that the tunnel has moved so much that it would read nothing for the next seconds.
    wire.exactly(8 * TINY_RATE)
    wire.send(answer(b"too much", "413 Content Too Large"))
    world.handler.keep(wire)
    found = sender.answer()
    same((found.status, found.body), (413, b"too much"))
    same(sender.to_end(), (b"", "end"), "the end of the connection")
    eventually(lambda: world.relay.status()["connections"] == 0, "it lingers", seconds=SOON)
    state = sender.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    same(state, CLOSE_WAIT, "the state of the sender's connection")


@case("--stream-timeout", "1s")
def sender_alone_keeps_a_socket_open(world):
    """Octets in one direction are enough; silence in both ends it."""
    for talker, listener in (("sender", "handler"), ("handler", "sender")):
        ends = dict(zip(("sender", "handler"), upgraded(world)))
        start = time.monotonic()
        count = 0
        while time.monotonic() < start + 3:
            ends[talker].send(b"tick")
            same(ends[listener].exactly(4), b"tick", f"after {time.monotonic() - start:.2f} s")
            count += 1
            ended = select.select([ends[talker].connection], [], [], 0.25)[0]
            check(not ended, f"it ended after {count} words of the {talker}")
        ends[listener].send(b"still here")
        same(ends[talker].exactly(10), b"still here", "the other way")
        start = time.monotonic()
        for name, end in ends.items():
            end.connection.settimeout(SOON)
            same(end.to_end()[0], b"", f"what the {name} gets then")
        check(time.monotonic() - start > 0.5, "it did not wait for a word")
    eventually(lambda: world.relay.status()["connections"] == 0, "nothing is left")


@case("--stream-timeout", "1s")
def pause_in_an_answer(world):
    """Shorter ones pass; a longer one is the end, and the answer does not look whole."""
    sender, wire = world.begin(get(ALICE))
    wire.request()
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    sender.head()
    for number in range(8):
        wire.send(b"%d" % number)
        same(sender.exactly(1), b"%d" % number)
        check(not select.select([sender.connection], [], [], 0.25)[0], f"it ended after {number}")
    sender.connection.settimeout(SOON)
    same(sender.to_end()[0], b"", "behind what had begun")
    check(wire.to_end()[1] in ("end", "reset"), "the handler is not told")


MOST_AGENTS = 3
ONE_LOOP = "only with one loop, as an agent has a connection for each"


@case("--maximum-agent-connections", MOST_AGENTS, alone=True)
def agents_connections(world):
    """One too many is closed without a word; the others go on, and one that leaves makes room."""
    if world.relay.loops > 1:
        return ONE_LOOP
    server = Server()
    agents = {
        name: world.listen(name=name, target=server.target)
        for name in [f"agent-{number}" for number in range(1, MOST_AGENTS)]}
    for _ in range(3):
        stranger = connect(world.relay.agents)
        same(stranger.to_end()[0], b"", "what a connection too many gets, which says nothing")
    late = world.listen(name="late", target=server.target, wait=False)
    same(late.ended(), 2, "the exit code of an agent too many")
    check(late.error().startswith("error: CS-"), late.error())
    for name in agents:
        same(world.relay.ask(get(f"{name}.{DOMAIN}")).body, b"seen", name)
    agents["agent-1"].kill()

    def is_taken():
        try:
            return world.listen(name="late", target=server.target)
        except Failure:
            return None

    late = eventually(is_taken, "there is room for another agent")
    same(world.relay.ask(get(f"late.{DOMAIN}")).body, b"seen", "late")
    for agent in [late, *agents.values()]:
        agent.kill()
    server.close()


@case("--maximum-agent-connections", MOST_AGENTS, alone=True)
def strangers_on_the_agents_port(world):
    """Connections that say nothing count, too; those that end are forgotten."""
    if world.relay.loops > 1:
        return ONE_LOOP
    strangers = [connect(world.relay.agents) for _ in range(MOST_AGENTS - 1)]
    for stranger in strangers:
        check(not select.select([stranger.connection], [], [], 0.1)[0], "it is closed too early")
    before = world.relay.status()["turned_away"]
    same(connect(world.relay.agents).to_end()[0], b"", "one too many")
    same(world.relay.status()["turned_away"], {**before, "agents": before["agents"] + 1}, "counted")
    same(world.pass_on(get(ALICE))[1].status, 200, "the agent that is there")
    for stranger in strangers:
        stranger.close()

    def is_taken():
        stranger = connect(world.relay.agents)
        try:
            return not select.select([stranger.connection], [], [], 0.1)[0]
        finally:
            stranger.close()

    eventually(is_taken, "there is room again", SOON)


if __name__ == "__main__":
    Suite(__doc__).run()
