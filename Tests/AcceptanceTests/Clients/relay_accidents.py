"""Accidents: agents, handlers and senders that are gone in the middle; nobody waits, nothing leaks."""

import os
import signal
import threading
import time

from relay_crowd import Crowd, Others, counts, nothing_is_left
from relay_handler import Server
from relay_shape import POOL
from relay_suite import ALICE, Suite, case, own
from relay_wire import Ended, answer, get, post
from relay_world import DOMAIN, check, eventually, same

LOST = 200


def agent_dies(world, stop, reason="agent-lost", most=1.0):
    """An agent is lost in the middle of requests: the senders are told at once."""
    released, arrived = threading.Event(), threading.Semaphore(0)

    def hold(wire, request):
        if request.target.endswith("/begun"):
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun")
        arrived.release()
        released.wait(60)

    server = Server(hold)
    others_server = Server()
    other = world.listen(name="carol", target=others_server.target)
    agent = world.listen(name="bob", target=server.target)
    host = f"bob.{DOMAIN}"
    before = counts(world)
    with Others(world, f"carol.{DOMAIN}") as others:
        crowd = Crowd(world, LOST)
        kinds = [
            lambda n: get(host, f"/{n}"), lambda n: post(host, b"x" * 1000, f"/{n}"),
            lambda n: get(host, f"/{n}/begun"),
            lambda n: get(host, f"/{n}", "Transfer-Encoding: chunked", method="PUT")
            + b"5\r\nhello\r\n0\r\n\r\n"]
        crowd.send(lambda number: kinds[number % 4](number))
        for _ in range(LOST):
            check(arrived.acquire(timeout=30), "not all arrive")
        for wire in crowd.wires[2::4]:
            same(wire.until(b"begun")[-5:], b"begun")
        start = time.monotonic()
        stop(agent)
        for number, wire in enumerate(crowd.wires):
            if number % 4 == 2:
                same(wire.to_end()[0], b"", "behind what had begun")
            else:
                own(wire.answer(), 502, reason)
        seconds = time.monotonic() - start
        check(seconds < most, f"the last one learns it after {seconds:.2f} s")
        own(world.relay.ask(get(host)), 503, "agent-away")
        again = world.listen(name="bob", target=others_server.target)
        same(world.relay.ask(get(host)).body, b"seen", "a new agent of that name")
        again.kill()
    released.set()
    crowd.close()
    other.kill()
    agent.kill()
    nothing_is_left(world, before)
    return f"all told after {seconds * 1000:.0f} ms, {others.fine()}"


@case()
def one_of_two_agents_dies(world):
    """What waits behind a request that is lost goes to the agent that is left."""
    if world.relay.loops > 1:
        return "only with one event loop: others learn it a moment later"
    senders, each = 20, 30
    released, held = threading.Event(), threading.Semaphore(0)

    def hold(wire, request):
        held.release()
        released.wait(60)

    servers = Server(hold), Server()
    agents = [world.listen("--share", name="bob", target=one.target) for one in servers]
    wires = [world.connect() for _ in range(senders)]
    for wire in wires:
        wire.send(get(f"bob.{DOMAIN}") * each)
    # Each of them comes to the agent whose handler never answers.
    for _ in range(senders):
        check(held.acquire(timeout=30), "not all are held")
    agents[0].kill()
    for wire in wires:
        found = sorted(wire.answer().status for _ in range(each))
        same(found, [200] * (each - 1) + [502], "what a sender gets")
        wire.close()
    released.set()
    agents[1].kill()
    for server in servers:
        server.close()


@case()
def agent_is_killed(world):
    return agent_dies(world, lambda agent: agent.kill())


@case()
def handlers_reset(world):
    """Handlers that hang up with a reset, in front of an answer and in one."""
    before = counts(world)
    for number in range(100):
        sender, wire = world.begin(post(ALICE, POOL[:1000]))
        wire.head()
        if number % 2:
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun")
            sender.until(b"begun")
        wire.cut()
        if number % 2:
            same(sender.to_end()[0], b"", "behind what had begun")
        else:
            own(sender.answer(), 502, "handler-cut")
        sender.close()
    nothing_is_left(world, before)


@case()
def senders_reset(world):
    """Senders that hang up at every place of an exchange."""
    before = counts(world)
    data = post(ALICE, POOL[:5000])
    end = data.index(b"\r\n\r\n") + 4
    for place in [0, 1, 20, end - 2, end, 2000, len(data)]:
        for _ in range(10):
            sender = world.connect()
            sender.send(data[:place])
            if place >= end:
                wire = world.handler.next()
                wire.head()
            sender.cut()
            if place >= end:
                check(wire.to_end()[1] in ("end", "reset"), f"cut at {place}: nobody is told")
    for number in range(40):
        sender, wire = world.begin(data)
        wire.request()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + POOL[:1000 * number])
        sender.head()
        sender.cut()
        check(wire.to_end()[1] in ("end", "reset"), "the handler is not told")
    world.handler.reset()
    nothing_is_left(world, before)


@case()
def hasty_senders(world):
    """Senders that are gone before the agent has a connection to the handler."""
    server = Server()
    agent = world.listen(name="bob", target=server.target)
    same(world.relay.ask(get(f"bob.{DOMAIN}")).body, b"seen")
    before = counts(world), agent.descriptors
    data = post(f"bob.{DOMAIN}", POOL[:200000])
    for number in range(300):
        sender = world.connect()
        sender.send(data[:[400, 5000, 100000, 199000][number % 4]])
        sender.cut()
    nothing_is_left(world, before[0])
    eventually(
        lambda: agent.descriptors <= before[1] + 1,
        lambda: f"the agent has {agent.descriptors - before[1]} descriptors more")
    agent.kill()
    server.close()


@case()
def nothing_leaks(world):
    """Memory after 2,000 requests that end badly is what it was after 500."""
    def trouble(count):
        for number in range(count):
            sender = world.connect()
            sender.send(post(ALICE, POOL[:3000]))
            wire = world.handler.next()
            try:
                wire.request()
                if number % 3 == 0:
                    sender.cut()
                    wire.to_end()
                    continue
                if number % 3 == 1:
                    wire.cut()
                    sender.answer()
                else:
                    wire.send(answer(POOL[:20000], "500 Bad"))
                    world.handler.keep(wire)
                    sender.answer()
            except Ended:
                wire.close()
            sender.close()
        world.handler.reset()

    trouble(500)
    before, memory = counts(world), [world.relay.memory, world.agent.memory]
    trouble(2000)
    nothing_is_left(world, before)
    grown = [now - then for now, then in zip([world.relay.memory, world.agent.memory], memory)]
    check(max(grown) < 12 << 20, f"grown by {grown}")
    return f"grown by {[number >> 10 for number in grown]} KiB"


@case()
def relay_stops_in_the_middle(world):
    """SIGSTOP and SIGCONT, a laptop that sleeps: what is under way goes on."""
    sender, wire = world.begin(get(ALICE, "/before"))
    wire.request()
    os.kill(world.agent.pid, signal.SIGSTOP)
    wire.send(answer(b"fine"))
    check(world.handler.is_silent(0.5), "something happens")
    os.kill(world.agent.pid, signal.SIGCONT)
    same(sender.answer().body, b"fine")
    world.handler.keep(wire)
    same(world.pass_on(get(ALICE))[1].status, 200)


if __name__ == "__main__":
    Suite(__doc__).run()
