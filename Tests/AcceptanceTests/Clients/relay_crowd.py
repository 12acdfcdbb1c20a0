"""Many senders at once, those who are served meanwhile, and what must be left behind."""

import resource
import threading
import time

from relay_wire import Ended, get
from relay_world import check, eventually, same

# All of it runs on the same processors, this program's threads too.
MOST_LATENCY = 3.0

HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (HARD, HARD))


class Crowd:
    """Many connections of senders, in one thread."""

    def __init__(self, world, count):
        self.wires = [world.connect(seconds=60) for _ in range(count)]

    def send(self, data):
        for number, wire in enumerate(self.wires):
            wire.send(data(number))

    def answers(self):
        return [wire.answer() for wire in self.wires]

    def close(self):
        for wire in self.wires:
            wire.close()


class Others:
    """A sender who goes on meanwhile, and notes how long its answers take."""

    def __init__(self, world, host):
        self.world, self.host = world, host
        self.longest, self.count, self.failures = 0, 0, []
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        wire = self.world.connect()
        while not self.is_over.wait(0.01):
            start = time.monotonic()
            try:
                found = wire.ask(get(self.host, "/others"))
                if found.status != 200:
                    self.failures.append(found)
            except (Ended, OSError) as reason:
                self.failures.append(reason)
                wire = self.world.connect()
            self.longest = max(self.longest, time.monotonic() - start)
            self.count += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()

    def fine(self):
        same(self.failures, [], "the others")
        check(self.count > 0, "nobody else asked")
        check(self.longest < MOST_LATENCY, f"others waited {self.longest:.2f} s")
        return f"{self.count} others, {self.longest * 1000:.0f} ms at the most"


def counts(world):
    return [world.relay.descriptors, world.agent.descriptors]


def nothing_is_left(world, before):
    """Descriptors and streams are as they were, but for what is kept for the next request."""
    def settled():
        status = world.relay.status()
        return status["streams"] == 0 and status["requests"] == 0 and all(
            now <= then + 64 for now, then in zip(counts(world), before))
    eventually(
        settled, lambda: f"{world.relay.status()}, descriptors {before}, now {counts(world)}")
