"""Crowds: the relay bears them, answers the others meanwhile, and nothing is left over.

    relay_hostile.py PROGRAM [--loops N] [--tls] [CASE …]

Thousands of connections need descriptors here and in the processes: the hard limit must allow 12,000.
"""

import resource
import selectors
import threading
import time

from relay_crowd import HARD, Crowd, Others, counts, nothing_is_left
from relay_handler import Server
from relay_suite import ALICE, Suite, case
from relay_wire import Ended, answer, get, post
from relay_world import DOMAIN, Agent, Failure, Relay, check, eventually, same

SLOW, IDLE, HELD = 2000, 10000, 1000
# What an open connection may take in relay and agent together.
MOST_IDLE_BYTES = 40 << 10


@case("--head-timeout", "2s", "--maximum-connections", "20000")
def slow_heads(world):
    """2,000 senders that drip a head, an octet at a time, and never end it."""
    server = Server()
    agent = world.listen(name="bob", target=server.target)
    before = counts(world)
    head = get(ALICE, "/slow", "X-A: " + "b" * 1000)
    with Others(world, f"bob.{DOMAIN}") as others:
        start = time.monotonic()
        crowd = Crowd(world, SLOW)
        selector = selectors.DefaultSelector()
        for wire in crowd.wires:
            selector.register(wire.connection, selectors.EVENT_READ, wire)
        place, back = 0, {}
        while len(back) < SLOW and time.monotonic() - start < 30:
            for wire in crowd.wires:
                if wire not in back:
                    try:
                        wire.send(head[place:place + 1])
                    except Ended:
                        pass
            place += 1
            deadline = time.monotonic() + 0.2
            while (left := deadline - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    back[key.data] = key.data.to_end()[0]
                    selector.unregister(key.fileobj)
        seconds = time.monotonic() - start
    same(len(back), SLOW, "closed connections")
    wrong = [data for data in back.values() if data and not data.startswith(b"HTTP/1.1 408 ")]
    same(wrong, [], "answers that are no 408")
    told = sum(data.startswith(b"HTTP/1.1 408 ") for data in back.values())
    check(told > SLOW * 0.9, f"only {told} are told why")
    check(world.handler.is_silent(0.05), "a part of a head reached the handler")
    crowd.close()
    agent.kill()
    nothing_is_left(world, before)
    return f"all gone after {seconds:.1f} s, {others.fine()}"


@case("--idle-timeout", "300s", "--head-timeout", "300s", "--maximum-connections", "20000")
def idle_connections(world):
    """10,000 connections that have had an answer and say no more."""
    server = Server()
    agent = world.listen("--quiet", "--no-record", name="bob", target=server.target)
    host = f"bob.{DOMAIN}"
    for _ in range(50):
        world.relay.ask(get(host))
    before, memory = counts(world), world.relay.memory + agent.memory
    with Others(world, host) as others:
        crowd = Crowd(world, 0)
        for number in range(IDLE):
            wire = world.connect(seconds=60)
            same(wire.ask(get(host)).body, b"seen", f"answer {number}")
            crowd.wires.append(wire)
        each = (world.relay.memory + agent.memory - memory) // IDLE
        check(world.relay.descriptors >= IDLE, "they are not open")
        for wire in crowd.wires[::100]:
            same(wire.ask(get(host)).body, b"seen", "a later answer")
    crowd.close()
    nothing_is_left(world, before)
    agent.kill()
    server.close()
    check(each < MOST_IDLE_BYTES, f"{each} octets for each")
    return f"{each} octets for each, {others.fine()}"


@case("--maximum-connections", "20000")
def held_requests(world):
    """1,000 requests that the handler holds at once, and answers in the end."""
    released, arrived = threading.Event(), threading.Semaphore(0)

    def hold(wire, request):
        if request.target != "/others":
            arrived.release()
            released.wait(60)
        wire.send(answer(request.target.encode() + request.body))

    server = Server(hold)
    agent = world.listen(name="bob", target=server.target)
    host = f"bob.{DOMAIN}"
    before = counts(world)
    with Others(world, host) as others:
        crowd = Crowd(world, HELD)
        crowd.send(lambda number: post(host, b"%d" % number * 100, f"/{number}"))
        for _ in range(HELD):
            check(arrived.acquire(timeout=60), "not all arrive")
        same(world.relay.status()["requests"] >= HELD, True, "requests under way")
        released.set()
        for number, found in enumerate(crowd.answers()):
            same(found.body, b"/%d" % number + b"%d" % number * 100, f"answer {number}")
    crowd.close()
    nothing_is_left(world, before)
    agent.kill()
    server.close()
    return others.fine()


@case()
def descriptors_of_a_shell(world):
    """Both raise the limit of 1,024 descriptors that a shell gives to what they may have."""
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, HARD))

    relay = Relay(world.program, loops=world.relay.loops, preexec_fn=lower)
    released, arrived = threading.Event(), threading.Semaphore(0)

    def hold(wire, request):
        arrived.release()
        released.wait(60)
        wire.send(answer(b"held"))

    server = Server(hold)
    agent = Agent(world.program, relay, server.target, preexec_fn=lower)
    crowd = Crowd(relay, 1500)
    crowd.send(lambda number: get(ALICE, f"/{number}"))
    for _ in range(1500):
        check(arrived.acquire(timeout=20), "not all arrive")
    released.set()
    same({found.body for found in crowd.answers()}, {b"held"}, "the answers")
    crowd.close()
    agent.kill()
    relay.kill()
    server.close()


@case("--maximum-tunnels", "5")
def too_many_tunnels(world):
    agents = [world.listen(name=f"t{number}") for number in range(4)]
    sixth = world.listen(name="sixth", wait=False)
    same(sixth.ended(), 2, "the exit code of an agent too many")
    check("limit" in sixth.error(), sixth.error())
    agents[0].kill()

    def seventh():
        try:
            return world.listen(name="seventh")
        except Failure:
            return None

    agents.append(eventually(seventh, "a place is free again"))
    same(world.relay.status()["tunnels"][-1]["name"], "t3", "the tunnels")
    for agent in agents:
        agent.kill()


if __name__ == "__main__":
    Suite(__doc__).run()
