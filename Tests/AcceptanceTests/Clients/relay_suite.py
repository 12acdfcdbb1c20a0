"""Cases of a script, and the worlds that they run in."""

import argparse
import sys
import time

from relay_handler import Handler
from relay_shape import forwarded
from relay_wire import answer
from relay_world import DOMAIN, EXPECTED, Agent, Relay, check, same

ALICE = f"alice.{DOMAIN}"


def lines(*fields):
    """A head of these lines."""
    return "\r\n".join([*fields, "", ""]).encode("latin-1")


def tail(world, host=ALICE):
    """What the relay adds to a request's head."""
    return forwarded(host, "http" if world.relay.plain else "https")


def own(found, status, reason):
    """That an answer is ours, with that reason, and none of success."""
    same((found.status, found.error), (status, reason), "an answer of our own")
    check(found.status >= 400, "an answer of our own is one of success")


class World:
    """A relay, an agent named alice, and a handler for both ends of an exchange."""

    def __init__(self, program, relay=(), agent=(), plain=True, loops=1, handler=None):
        self.program = program
        self.handler = handler or Handler()
        self.relay = Relay(program, *relay, plain=plain, loops=loops)
        self.agent = Agent(program, self.relay, self.handler.target, *agent)

    def connect(self, **options):
        return self.relay.connect(**options)

    def listen(self, *arguments, name, target=None, **options):
        """A further agent, for the same handler unless another one is named."""
        target = self.handler.target if target is None else target
        return Agent(self.program, self.relay, target, *arguments, name=name, **options)

    def begin(self, data):
        """Sends something that makes a request, and gives both ends of it, the handler's unread."""
        sender = self.connect()
        sender.send(data)
        return sender, self.handler.next()

    def pass_on(self, data, reply=None, method="GET"):
        """Sends a request through, and gives what the handler saw and what the sender got."""
        sender, wire = self.begin(data)
        request = wire.request()
        wire.send(reply or answer(b"fine"))
        self.handler.keep(wire)
        found = sender.answer(method)
        sender.close()
        return request, found

    def errors(self):
        """What the processes said on standard error."""
        return "".join(
            f"  {name} said: {child.error()}\n"
            for name, child in [("relay", self.relay), ("agent", self.agent)] if child.error())

    def end(self):
        self.agent.kill()
        self.relay.kill()
        self.handler.close()


CASES = []


def case(*relay, agent=(), alone=False):
    """Makes a case of a function that takes a world, with these options of relay and agent.

    `alone`: nobody else has that world, so that the case may end its relay.
    """
    def add(function):
        owner = function.__name__ if alone else None
        CASES.append((function.__name__, function, (tuple(relay), tuple(agent), owner)))
        return function
    return add


class Suite:
    """Runs the cases of a script, `PROGRAM [--loops N] [--tls] [CASE …]`, with a line for each.

    Cases with equal options share a world, unless one of them failed in it.
    """

    def __init__(self, description):
        parser = argparse.ArgumentParser(
            description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("program")
        parser.add_argument("--loops", type=int, default=1)
        parser.add_argument("--tls", action="store_true", help="the public side speaks TLS")
        parser.add_argument("names", nargs="*")
        self.options, self.worlds = parser.parse_intermixed_args(), {}

    def run(self):
        failed = count = 0
        for name, function, key in CASES:
            if self.options.names and name not in self.options.names:
                continue
            count += 1
            start = time.monotonic()
            try:
                note = function(self.world(key))
                text = f"PASS {name} ({time.monotonic() - start:.2f} s)"
                print(text + (f": {note}" if note else ""), flush=True)
            except EXPECTED as reason:
                failed += 1
                print(f"FAIL {name}: {type(reason).__name__} {reason}", flush=True)
                if key in self.worlds:
                    print(self.worlds[key].errors(), end="", flush=True)
                    self.worlds.pop(key).end()
            if key[-1] and key in self.worlds:
                self.worlds.pop(key).end()
        for world in self.worlds.values():
            world.end()
        print(f"{count - failed} passed, {failed} failed", flush=True)
        sys.exit(1 if failed or not count else 0)

    def world(self, key):
        if key not in self.worlds:
            relay, agent, _ = key
            self.worlds[key] = World(
                self.options.program, relay, agent, plain=not self.options.tls,
                loops=self.options.loops)
        world = self.worlds[key]
        world.handler.reset()
        return world
