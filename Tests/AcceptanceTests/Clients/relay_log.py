"""The access log: a line for each request, however it ends, and nothing in it that a sender may forge."""

import re
from pathlib import Path

from relay_admin import metrics
from relay_handler import Server
from relay_shape import POOL
from relay_suite import ALICE, CASES, Suite, case, lines, own
from relay_wire import answer, get, post
from relay_world import DOMAIN, brief, check, eventually, folder, same

# Those of relay_admin.py are not ours.
CASES.clear()

FILE = Path(folder()) / "access.log"
LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z (?P<address>[0-9a-f.:]+) (?P<tunnel>-|[a-z0-9-]+) "
    r"\"(?P<method>-|[!#$%&'*+.^_`|~0-9A-Za-z-]+) (?P<target>-|(?:[!#-\[\]-~]|\\x[0-9a-f]{2})+)\" "
    r"(?P<status>-|[1-5]\d\d) (?P<reason>-|[a-z-]+) (?P<octets>\d+) \d+us")
FORGED = b"\n2025-11-25T10:00:00Z 10.6.6.6 alice \"GET /forged\" 200 - 0 1us\n"
LONG = "/" + "long" * 1000


class Log:
    """What is written from now on."""

    def __init__(self):
        self.start = len(self.all())

    @staticmethod
    def all():
        return FILE.read_bytes().split(b"\n")[:-1] if FILE.exists() else []

    def next(self, count=1):
        """The next lines, which are no more than these, and all of them are of our form."""
        eventually(
            lambda: len(self.all()) >= self.start + count,
            lambda: f"{count} lines: {self.all()[self.start:]}", seconds=5)
        found, self.start = self.all()[self.start:], len(self.all())
        same(len(found), count, f"lines of {brief(found, 400)}")
        return [self.read(line) for line in found]

    @staticmethod
    def read(line):
        match = LINE.fullmatch(line.decode("latin-1"))
        check(match, f"no line of the log: {line[:300]}")
        check(len(line) < 4096, f"a line of {len(line)} octets")
        return match.groupdict()


def shown(line):
    return tuple(line[key] for key in ("tunnel", "method", "target", "status", "reason"))


NOTHING = ("-", "-", "-", "400", "bad-request")
REFUSED = {
    "a bare line feed": b"GET /x HTTP/1.1\n" + FORGED * 80 + b"\r\n\r\n",
    "a bare line feed in a field": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + FORGED * 80 + b"\r\n\r\n",
    "two hosts": lines(
        "GET /forged HTTP/1.1", f"Host: {ALICE}", f"Host: {ALICE}", 'X: " 200 - "' * 400),
    "no host": lines("GET /forged HTTP/1.1", 'X: " 200 - "' * 400),
    "octets that are no text": b"GET /\0\x1b[2J\x80\xff\" HTTP/1.1\r\n" + b"\x1b\r\xff\"" * 2000
    + b"\r\n\r\n",
    "no request at all": b"\x16\x03\x01 " + FORGED * 80 + b"\r\n\r\n"}


@case("--access-log", FILE)
def refused_requests(world):
    """Nothing of them is in the log, wherever in them an earlier request's target would be."""
    for target in ("/", LONG):
        for what, data in REFUSED.items():
            log, sender = Log(), world.connect()
            sender.send(get(ALICE, target))
            world.handler.serve(answer(b"fine"))
            same(sender.answer().body, b"fine")
            own(sender.ask(data), 400, "bad-request")
            good, bad = log.next(2)
            same(shown(good)[:2] + (good["status"],), ("alice", "GET", "200"), what)
            check(target.startswith(good["target"]), f"{what}: {good}")
            same(shown(bad), NOTHING, what)
            sender.close()


@case("--access-log", FILE)
def refused_at_first(world):
    for what, data in REFUSED.items():
        log = Log()
        world.pass_on(get(ALICE, LONG))
        log.next()
        own(world.relay.ask(data), 400, "bad-request")
        same(shown(log.next()[0]), NOTHING, what)
    log = Log()
    own(world.relay.ask(get(ALICE, "/" + "x" * 100_000)), 431, "head-too-large")
    same(shown(log.next()[0]), ("-", "-", "-", "431", "head-too-large"))


@case("--access-log", FILE)
def requests_for_nobody(world):
    """What was a request has its line, whoever it was for; of a sender's earlier one nothing is in it."""
    for host, tunnel, status, reason in [
            ("elsewhere.test", "-", "404", "unknown-host"),
            (f"nobody.{DOMAIN}", "nobody", "503", "agent-away")]:
        log, sender = Log(), world.connect()
        for target in (LONG, "/short"):
            found = sender.ask(get(host, target))
            same(found.status, int(status), host)
            line = log.next()[0]
            same(shown(line), (tunnel, "GET", target[:2048], status, reason), host)
        sender.close()


@case("--access-log", FILE)
def targets(world):
    """What would end the target, or is no text everywhere, is written by its number."""
    server = Server()
    agent = world.listen(name="bob", target=server.target)
    for target, expected in [
            (b"/plain?a=b%22", "/plain?a=b%22"), (b'/a"b', r"/a\x22b"), (b"/a\\b", r"/a\x5cb"),
            (b"/a\\x22b", r"/a\x5cx22b"), (b"/\xc3\xa9", r"/\xc3\xa9"), (b"/\x80\xff", r"/\x80\xff"),
            (b"/" + b"x" * 5000, "/" + "x" * 2047)]:
        log = Log()
        found = world.relay.ask(b"GET " + target + b" HTTP/1.1\r\nHost: bob.relay.test\r\n\r\n")
        line = log.next()[0]
        if found.error:
            same(shown(line), NOTHING, f"{target}")
        else:
            same(shown(line), ("bob", "GET", expected, "200", "-"), f"{target}")
    agent.kill()
    server.close()


@case("--access-log", FILE, "--head-timeout", "300ms", alone=True)
def head_that_does_not_come(world):
    log, sender = Log(), world.connect()
    world.pass_on(get(ALICE, LONG))
    log.next()
    sender.send(b"GET /forged HTTP/1.1\r\nHost: " + ALICE.encode() + FORGED.replace(b"\n", b"") * 80)
    own(sender.answer(), 408, "head-timeout")
    same(shown(log.next()[0]), ("-", "-", "-", "408", "head-timeout"))


BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun"


@case("--access-log", FILE, alone=True)
def sender_that_is_gone(world):
    """Before an answer, and in one."""
    log = Log()
    sender, wire = world.begin(post(ALICE, POOL[:1000], "/gone"))
    wire.request()
    sender.cut()
    line = log.next()[0]
    same(shown(line), ("alice", "POST", "/gone", "-", "sender-gone"))
    same(line["octets"], "1000", "octets of the request")
    same(metrics(world).get('cut_total{reason="sender-gone"}'), 1, "countersign_relay_cut_total")
    sender, wire = world.begin(get(ALICE, "/begun"))
    wire.request()
    wire.send(BEGUN)
    sender.until(b"begun")
    sender.cut()
    same(shown(log.next()[0]), ("alice", "GET", "/begun", "200", "sender-gone"))
    same(metrics(world).get('cut_total{reason="sender-gone"}'), 2, "countersign_relay_cut_total")


@case("--access-log", FILE, alone=True)
def agent_that_is_lost(world):
    """Before an answer it is an answer of ours, in one it is what the sender has seen of it."""
    log, agent = Log(), world.listen(name="bob")
    begun, begun_wire = world.begin(get(f"bob.{DOMAIN}", "/begun"))
    begun_wire.request()
    begun_wire.send(BEGUN.replace(b"200 OK", b"202 Yes"))
    begun.until(b"begun")
    agent.kill()
    begun.to_end()
    same(shown(log.next()[0]), ("bob", "GET", "/begun", "202", "agent-lost"))
    same(metrics(world).get('cut_total{reason="agent-lost"}'), 1, "countersign_relay_cut_total")
    agent = world.listen(name="bob")
    waiting, wire = world.begin(get(f"bob.{DOMAIN}", "/waiting"))
    wire.request()
    agent.kill()
    own(waiting.answer(), 502, "agent-lost")
    same(shown(log.next()[0]), ("bob", "GET", "/waiting", "502", "agent-lost"))
    same(metrics(world).get('cut_total{reason="agent-lost"}'), 1, "countersign_relay_cut_total")


@case("--access-log", FILE, alone=True)
def handler_that_hangs_up(world):
    """In an answer: the line has what the sender has seen, and a reason."""
    log = Log()
    sender, wire = world.begin(get(ALICE, "/begun"))
    wire.request()
    wire.send(BEGUN)
    sender.until(b"begun")
    wire.cut()
    sender.to_end()
    line = log.next()[0]
    same(shown(line)[:4], ("alice", "GET", "/begun", "200"))
    check(line["reason"] != "-", "an answer that is cut looks whole")


if __name__ == "__main__":
    Suite(__doc__).run()
