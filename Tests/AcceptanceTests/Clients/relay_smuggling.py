"""Ambiguous and broken requests, each with a poison behind it: refused, closed, never passed on.

    relay_smuggling.py PROGRAM [--loops N] [--tls] [NAME …]

Each case is sent in one piece and octet by octet. The handler keeps all octets that it sees.
"""

import argparse
import re
import sys
import threading

from relay_handler import Failure, Handler
from relay_smuggling_cases import BODIES, HEADS, VALID
from relay_suite import ALICE
from relay_wire import Ended, NotHTTP, Wire, answer, get
from relay_world import EXPECTED, Agent, Relay, brief, check, eventually, same

# Octets up to which a case is also sent one by one.
MOST_SINGLE = 600


class Recorder(Handler):
    """Keeps what comes on each connection, and answers what is whole."""

    def __init__(self):
        super().__init__()
        self.streams = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                wire = Recording(self.listener.accept()[0], seconds=None)
            except OSError:
                return
            self.streams.append(wire)
            threading.Thread(target=self.run, args=(wire,), daemon=True).start()

    def run(self, wire):
        try:
            while True:
                head = wire.head()
                raw, _ = wire.body(head)
                wire.whole.append(head.raw + raw)
                wire.is_over = True
                wire.send(answer(b"whole"))
        except (Ended, NotHTTP, OSError, ValueError):
            wire.is_over = True
            wire.close()

    @property
    def octets(self):
        return b"".join(bytes(wire.octets) for wire in self.streams)

    @property
    def whole(self):
        return [message for wire in self.streams for message in wire.whole]


class Recording(Wire):
    def __init__(self, connection, seconds):
        super().__init__(connection, seconds)
        self.octets, self.whole = bytearray(), []
        # Nothing is under way on it.
        self.is_over = True

    def fill(self):
        count = len(self.rest)
        super().fill()
        self.is_over = False
        self.octets += self.rest[count:]


class Battery:
    def __init__(self, options):
        self.recorder = Recorder()
        self.relay = Relay(options.program, plain=not options.tls, loops=options.loops)
        self.agent = Agent(options.program, self.relay, self.recorder.target)
        self.count = 0

    def send(self, data, is_single):
        """All that comes back for these octets, and how the connection ends."""
        wire = self.relay.connect(seconds=10)
        try:
            for piece in [data[n:n + 1] for n in range(len(data))] if is_single else [data]:
                wire.send(piece)
        except (Ended, OSError):
            pass  # It is refused before all of it is sent.
        return wire

    def refused(self, name, text, statuses, is_head, is_single):
        self.count += 1
        bad, poison = f"/bad{self.count}.", f"/poison{self.count}."
        data = text.replace("/bad", bad).encode("latin-1") + get(ALICE, poison)
        wire = self.send(data, is_single)
        back, _ = wire.to_end()
        wire.close()
        check(back, "closed without an answer")
        head = back.split(b"\r\n\r\n")[0] + b"\r\n\r\n"
        status = int(head.split(b" ")[1])
        check(status in statuses, f"answered with {status}: {brief(back)}")
        same(len(re.findall(rb"HTTP/1\.1 \d", back)), 1, f"answers in {brief(back)}")
        check(b"connection: close" in head.lower(), f"it does not say that it closes: {head}")
        check(b"countersign-error: " in head.lower(), f"it does not name the reason: {head}")
        if not is_head:
            eventually(
                lambda: all(wire.is_over for wire in self.recorder.streams),
                "the end of the connection to the handler", 5)
        self.follow_up()
        seen = self.recorder.octets
        check(poison.encode() not in seen, "the poison reached the handler")
        check(not is_head or bad.encode() not in seen, "the handler saw something of it")
        whole = [message for message in self.recorder.whole if bad.encode() in message]
        check(not whole, f"whole at the handler: {whole}")

    def follow_up(self):
        """A good request, behind which an earlier one would have arrived too."""
        found = self.relay.ask(get(ALICE, "/good"))
        same((found.status, found.body), (200, b"whole"), "the request behind it")

    def passed(self, text, body, is_single):
        data = text.encode("latin-1")
        wire = self.send(data + get(ALICE, "/behind", "Connection: close"), is_single)
        same([wire.answer().body, wire.answer().body], [b"whole", b"whole"], "the answers")
        same(wire.to_end(), (b"", "end"), "behind the answers")
        first = next(message for message in self.recorder.whole[-2:] if b"/bad" in message)
        same(first.split(b"\r\n\r\n", 1)[1], body.encode("latin-1"), "the body at the handler")

    def attempt(self, name, call):
        try:
            call()
            return True
        except (*EXPECTED, StopIteration, Failure) as reason:
            print(f"FAIL {name}: {type(reason).__name__} {reason}", flush=True)
            return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_intermixed_args()
    battery = Battery(options)
    battery.follow_up()
    calls = []
    for is_single in (False, True):
        for cases, is_head in ((HEADS, True), (BODIES, False)):
            for name, text, *statuses in cases:
                calls.append((name, text, is_single, lambda n=name, t=text, s=statuses, h=is_head,
                              o=is_single: battery.refused(n, t, s[0] if s else (400,), h, o)))
        for name, text, body in VALID:
            calls.append((name, text, is_single, lambda t=text, b=body, o=is_single:
                          battery.passed(t, b, o)))
    results = [
        battery.attempt(f"{name}{' (octet by octet)' if is_single else ''}", call)
        for name, text, is_single, call in calls
        if (not options.names or name in options.names)
        and not (is_single and len(text) > MOST_SINGLE)]
    results.append(battery.attempt("the end", lambda: check(
        b"/poison" not in battery.recorder.octets, "a poison arrived later")))
    print(f"{len(HEADS) + len(BODIES)} bad and {len(VALID)} good requests, in"
          f" {len(results)} ways: {results.count(True)} passed, {results.count(False)} failed")
    battery.agent.kill()
    battery.relay.kill()
    sys.exit(1 if False in results or not results else 0)


main()
