"""Three relays behind HAProxy, a hundred tunnels and load on all of them; relays are killed.

    relay_cluster.py PROGRAM [plain|tls] [NAMES] [LOOPS]

HAProxy runs with scripts/haproxy/haproxy.cfg, but for its addresses. With `plain` it reads what the
senders say, with `tls` it passes their TLS on to the relays. Prints a line for each case.
"""

import asyncio
import os
import queue
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

from relay_certificates import Authority
from relay_handler import Failure
from relay_wire import SECONDS, connect, get
from relay_world import DOMAIN, Agent, Child, Relay, check, eventually, folder, run, same

PROGRAM = sys.argv[1]
IS_PLAIN = (sys.argv[2:] or ["plain"])[0] == "plain"
COUNT = int((sys.argv[3:] or ["100"])[0])
LOOPS = int((sys.argv[4:] or ["1"])[0])
TEMPLATE = Path(__file__).resolve().parents[3] / "scripts/haproxy/haproxy.cfg"
# Debian's is where a user's PATH does not lead.
HAPROXY = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
NAMES = [f"name{number:03}" for number in range(COUNT)]
# Seconds that a name may be away, and from one request for a name to its next.
AWAY, PAUSE = 3.0, 0.2
# How often each name is asked for in the time that a slow request takes, and then until a second
# after that in which a name may be away.
SLOW, REST = 13, 8


def replaced(text, pattern, value):
    """The text with something else in place of what has to be there."""
    changed, count = re.subn(pattern, value, text)
    check(count, f"nothing in {TEMPLATE} is {pattern}")
    return changed


class Balancer:
    """HAProxy with the shipped configuration, on sockets that this process has opened."""

    def __init__(self, relays):
        self.folder = folder()
        self.socket = f"{self.folder}/admin.sock"
        listeners = {name: self.listener() for name in ["7443", "443", "80"]}
        text = TEMPLATE.read_text()
        text = replaced(text, "/run/haproxy/admin.sock", self.socket)
        text = replaced(text, "maxconn 20000", "maxconn 2000")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            text = replaced(text, r"127\.0\.0\.1:10700", f"127.0.0.1:{free.getsockname()[1]}")
        for name, listener in listeners.items():
            text = replaced(text, rf"(?m)^( +)bind :{name}$", rf"\1bind fd@{listener.fileno()}")
        for number, relay in enumerate(relays, 1):
            text = replaced(text, rf"10\.0\.0\.1{number}:7443", relay.agents)
            text = replaced(text, rf"10\.0\.0\.1{number}:8443", relay.public)
            text = replaced(
                text, rf"id {number} port 9090", f"id {number} port {relay.admin.split(':')[1]}")
        self.file = Path(self.folder) / "haproxy.cfg"
        self.file.write_text(text)
        self.agents = f"localhost:{listeners['7443'].getsockname()[1]}"
        self.senders = listeners["80" if IS_PLAIN else "443"].getsockname()
        self.log = open(f"{self.folder}/log", "w+")
        self.process = subprocess.Popen(
            [HAPROXY, "-W", "-db", "-f", self.file], stdout=self.log, stderr=self.log,
            stdin=subprocess.DEVNULL, pass_fds=[each.fileno() for each in listeners.values()])
        self.listeners = listeners
        eventually(lambda: os.path.exists(self.socket), self.said)

    @staticmethod
    def listener():
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        return listener

    def said(self):
        self.log.seek(0)
        return self.log.read()[-2000:]

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(SECONDS)
            connection.connect(self.socket)
            connection.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def states(self):
        """What each backend takes each relay for."""
        lines = self.ask("show stat").splitlines()
        keys = lines[0].lstrip("# ").split(",")
        rows = [dict(zip(keys, line.split(","))) for line in lines[1:] if line]
        return {
            (row["pxname"], row["svname"]): row["status"].split()[0] for row in rows
            if row["svname"].startswith("relay")}

    def knows(self, number, state):
        return all(
            found == state for (_, name), found in self.states().items()
            if name == f"relay{number}")

    def reload(self):
        """A new worker takes over; returns once it has."""
        before = self.worker()
        self.process.send_signal(signal.SIGUSR2)
        eventually(lambda: self.worker() not in (None, before), "a new worker of HAProxy")

    def worker(self):
        try:
            return re.search(r"(?m)^Pid: (\d+)", self.ask("show info"))[1]
        except (OSError, TypeError):
            return None

    def end(self):
        self.process.kill()
        self.process.wait()


class Load(threading.Thread):
    """Requests for every name all the time, and the handler that they reach."""

    def __init__(self, ca):
        super().__init__(daemon=True)
        self.results, self.stale, self.handler = queue.SimpleQueue(), 0, None
        self.is_up, self.has_ended = threading.Event(), threading.Event()
        # How many slow requests have reached the handler.
        self.held = threading.Semaphore(0)
        self.ca, self.address = ca, None
        self.start()
        self.is_up.wait(SECONDS)

    def run(self):
        asyncio.run(self.main())

    async def main(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1024)
        self.handler = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.begun, self.over, self.released = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.is_up.set()
        await self.begun.wait()
        self.context = None if IS_PLAIN else ssl.create_default_context(cafile=self.ca)
        await asyncio.gather(*[self.drive(name, number) for number, name in enumerate(NAMES)])
        self.has_ended.set()
        await server.serve_forever()

    def begin(self, address):
        self.address = address
        self.loop.call_soon_threadsafe(self.begun.set)

    def end(self):
        """No further requests; returns once there are none. The handler stays."""
        self.loop.call_soon_threadsafe(self.over.set)
        check(self.has_ended.wait(SECONDS), "requests do not end")

    async def serve(self, reader, writer):
        """Answers with what was asked for."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                host = re.search(r"(?im)^host: (.*)\r$", head)[1]
                if head.split()[1].startswith("/slow"):
                    self.held.release()
                    await self.released.wait()
                body = f"{host} {head.split()[1]}".encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    async def drive(self, name, number):
        connection, count, rest = None, 0, PAUSE * number / COUNT
        while not await self.is_over_in(rest):
            start = time.monotonic()
            try:
                found, connection = await asyncio.wait_for(
                    self.ask(name, f"/{name}/{count}", connection), 2 * AWAY)
            except (OSError, EOFError, ValueError, asyncio.TimeoutError) as reason:
                found, connection = f"{type(reason).__name__} {reason}", None
            end = time.monotonic()
            self.results.put((start, end, name, found))
            count, rest = count + 1, PAUSE - (end - start)
        if connection:
            connection[1].close()

    async def is_over_in(self, seconds):
        """Whether the end comes by then."""
        try:
            async with asyncio.timeout(seconds):
                return await self.over.wait()
        except TimeoutError:
            return False

    async def ask(self, name, target, connection):
        """`None` or what is wrong, and the connection when it can be used again."""
        host = f"{name}.{DOMAIN}"
        # Every other name has a connection for each request.
        is_kept = int(name[-1]) % 2 == 0
        fields = [] if is_kept else ["Connection: close"]
        is_fresh = connection is None
        reader, writer = connection or await asyncio.open_connection(
            *self.address, ssl=self.context, server_hostname=host if self.context else None)
        try:
            writer.write(get(host, target, *fields))
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except (OSError, EOFError) as reason:
            writer.close()
            # A kept connection may end at any time before an answer begins.
            if is_fresh or getattr(reason, "partial", b""):
                raise
            self.stale += 1
            return await self.ask(name, target, None)
        lengths = re.search(r"(?im)^content-length: (\d+)\r$", head)
        body = (await reader.readexactly(int(lengths[1]))).decode() if lengths else ""
        is_last = not is_kept or re.search(r"(?im)^connection: close\r$", head) or not lengths
        if is_last:
            writer.close()
        status = head.split()[1]
        reason = re.search(r"(?im)^countersign-error: (.*)\r$", head)
        wrong = None
        if status != "200":
            wrong = f"{status} {reason[1] if reason else 'of somebody else'}"
        elif body != f"{host} {target}":
            wrong = f"another's answer: {body[:100]}"
        return wrong, None if is_last else (reader, writer)

    def slowly(self, names):
        """Has a slow request under way for each name; gives futures of what is wrong with them."""
        async def ask(name):
            return (await self.ask(name, f"/slow/{name}", None))[0]

        futures = [asyncio.run_coroutine_threadsafe(ask(name), self.loop) for name in names]
        for _ in futures:
            check(self.held.acquire(timeout=SECONDS), "a slow request does not reach the handler")
        return futures

    def answer_the_slow(self):
        self.loop.call_soon_threadsafe(self.released.set)

    def since(self, start, count):
        """Results of requests that ended since then, until each name has `count` that begin now."""
        now, left, results = time.monotonic(), dict.fromkeys(NAMES, count), []
        deadline = now + count * PAUSE + SECONDS
        while left:
            try:
                result = self.results.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                result = None
            check(
                result and time.monotonic() < deadline,
                f"not {count} requests in time for {len(left)} names: {list(left)[:5]}")
            begun, end, name, _ = result
            if end >= start:
                results.append(result)
            if begun > now and name in left:
                left[name] -= 1
                if not left[name]:
                    del left[name]
        return results


class Cluster:
    def __init__(self):
        self.authority = Authority(folder())
        self.certificate = self.authority.certificate(
            "relay", [DOMAIN, f"*.{DOMAIN}", "localhost", "*.localhost"])
        self.data = folder()
        added = subprocess.run(
            [PROGRAM, "relay", "token", "add", "name*", "--data", self.data], check=True,
            capture_output=True, text=True)
        self.token = added.stdout.split("\n")[-2]
        self.relays = [self.relay(number) for number in (1, 2, 3)]
        self.balancer = Balancer(self.relays)
        self.load = Load(self.authority.file)
        self.agents = []

    def relay(self, number, ports=("127.0.0.1:0",) * 3):
        # One folder for all: the tokens are in it, and a relay keeps nothing else.
        return Relay(
            PROGRAM, "--trust-forwarded", "127.0.0.1/32", "--drain-timeout", "15s",
            plain=IS_PLAIN, loops=LOOPS, data=self.data, certificate=self.certificate, ports=ports,
            seconds=60)

    def agent(self, name):
        return Child(
            PROGRAM, "listen", self.load.handler, "--relay", self.balancer.agents, "--relay-ca",
            self.authority.file, "--name", name, "--format", "json", "--quiet", "--no-record",
            "--ephemeral", env={**os.environ, "COUNTERSIGN_TOKEN": self.token})

    def places(self):
        """The relay that has each name's agent, by the relays' own word."""
        places = {name: set() for name in NAMES}
        for number, relay in enumerate(self.relays, 1):
            if relay.process.poll() is not None:
                continue
            for name in NAMES:
                wire = connect(
                    relay.public, None if IS_PLAIN else self.authority.file, f"{name}.{DOMAIN}")
                if wire.ask(get(f"{name}.{DOMAIN}", f"/{name}/place")).status == 200:
                    places[name].add(number)
                wire.close()
        return places

    def of(self, number):
        return [name for name, places in self.places().items() if places == {number}]

    def watch(self, count):
        """The next requests for each name; all must be answered by the handler."""
        return self.unharmed(self.load.since(time.monotonic(), count), "all of them")

    def unharmed(self, results, whose):
        lost = [(name, found) for _, _, name, found in results if found]
        check(not lost, f"{len(lost)} of {len(results)} requests lost for {whose}: {lost[:5]}")
        return f"{len(results)} requests"

    def moved(self, number, end, midway=lambda: None):
        """Ends a relay under load; the others lose nothing, and its names are back in time."""
        names = set(self.of(number))
        check(names, f"relay {number} has no name")
        start = time.monotonic()
        end()
        results = self.load.since(start, SLOW)
        midway()
        results += self.load.since(start, REST)
        back = start + AWAY
        own = [result for result in results if result[2] in names]
        others = self.unharmed(
            [result for result in results if result[2] not in names], "the other names")
        late = [(name, found) for begun, _, name, found in own if found and begun > back]
        check(not late, f"still away after {AWAY} s: {late[:5]}")
        lost = [result for result in own if result[3]]
        away = max([end - start for _, end, _, found in lost] or [0])
        kinds = {}
        for *_, found in lost:
            kinds[found] = kinds.get(found, 0) + 1
        check(away <= AWAY, f"the last lost request ended {away:.2f} s after the end: {kinds}")
        return (
            f"{len(names)} names moved within {away:.2f} s ({len(lost)} requests lost: {kinds}), "
            f"{others} for the others")


CLUSTER = Cluster()
RELAYS, BALANCER, LOAD = CLUSTER.relays, CLUSTER.balancer, CLUSTER.load


def healthy():
    eventually(lambda: all(BALANCER.knows(number, "UP") or BALANCER.knows(number, "no")
                           for number in (1, 2, 3)), lambda: BALANCER.states())


def tunnels():
    start = time.monotonic()
    CLUSTER.agents = [CLUSTER.agent(name) for name in NAMES]
    for agent, name in zip(CLUSTER.agents, NAMES):
        ready = agent.line("ready", 120)
        same(ready["name"], name)
        check(DOMAIN in ready["url"], ready["url"])
    took = time.monotonic() - start
    counts = [len(CLUSTER.of(number)) for number in (1, 2, 3)]
    same(sum(counts), COUNT, "names that are at one relay each")
    check(COUNT < 30 or min(counts) >= COUNT // 10, f"a relay has next to nothing: {counts}")
    return f"{counts} in {took:.1f} s"


def agreement():
    LOAD.begin(BALANCER.senders)
    return CLUSTER.watch(16)


def spellings():
    """Names in capitals, with a port, in the path."""
    for name in NAMES[:10]:
        for host, target, wanted in [
            (f"{name.upper()}.{DOMAIN.upper()}", "/capitals", "/capitals"),
            (f"{name}.{DOMAIN}:8080", "/port", "/port"), (DOMAIN, f"/{name}/path", "/path"),
            ("127.0.0.1", f"/{name}/path", "/path"),
        ]:
            wire = connect("127.0.0.1:%d" % BALANCER.senders[1])
            found = wire.ask(get(host, target))
            same((found.status, found.body.decode()), (200, f"{host} {wanted}"))
            wire.close()


def killed():
    return CLUSTER.moved(2, RELAYS[1].process.kill)


def returned():
    before = CLUSTER.places()
    RELAYS[1] = CLUSTER.relay(2, RELAYS[1].ports)
    eventually(lambda: BALANCER.knows(2, "UP"), lambda: BALANCER.states())
    found = CLUSTER.watch(16)
    same(CLUSTER.places(), before, "where the names are")
    return f"{found}, and no name moved"


def again():
    """What moved goes on to another one, and some of it home."""
    note = CLUSTER.moved(3, RELAYS[2].process.kill)
    check(CLUSTER.of(2), "nothing moved to the relay that came back")
    RELAYS[2] = CLUSTER.relay(3, RELAYS[2].ports)
    eventually(lambda: BALANCER.knows(3, "UP"), lambda: BALANCER.states())
    return note


def stopped():
    """A relay that takes connections and does nothing is as good as dead; it may wake up."""
    note = CLUSTER.moved(2, lambda: RELAYS[1].signal(signal.SIGSTOP))
    check(BALANCER.knows(2, "DOWN"), f"it stands still: {BALANCER.states()}")
    RELAYS[1].signal(signal.SIGCONT)
    eventually(lambda: BALANCER.knows(2, "UP"), lambda: BALANCER.states())
    found = CLUSTER.watch(11)
    same(CLUSTER.of(2), [], "names at the relay that woke up")
    return f"{note}; {found} when it woke up"


def drained():
    """A relay that is asked to end sends its agents elsewhere, and answers what is under way."""
    slow = LOAD.slowly(CLUSTER.of(1)[:10])

    def answer():
        same([failure(each) for each in slow if each.done()], [], "slow requests that ended early")
        LOAD.answer_the_slow()

    note = CLUSTER.moved(1, lambda: RELAYS[0].signal(signal.SIGTERM), answer)
    same(RELAYS[0].ended(), 143, "exit code")
    wrong = [reason for each in slow if (reason := failure(each))]
    check(not wrong, f"{len(wrong)} of {len(slow)} slow requests were lost: {wrong[:3]}")
    return note


def failure(future):
    """What is wrong with a slow request."""
    try:
        return future.result(SECONDS)
    except (OSError, EOFError, ValueError) as reason:
        return f"{type(reason).__name__} {reason}"


def reloaded():
    """A new worker of HAProxy learns where the names are, also those that moved, in a moment."""
    before = CLUSTER.places()
    start = time.monotonic()
    BALANCER.reload()
    results = LOAD.since(start, 11)
    early = [
        result for result in results if result[3] == "503 agent-away" and result[0] < start + 1]
    # HAProxy's own: of some 40,000 requests over 120 reloads one found its new connection closed.
    caught = [
        result for result in results
        if (result[3] or "").startswith("ConnectionResetError") and result[0] < start + 1]
    check(len(caught) <= 1, f"closed by the reload: {[begun - start for begun, *_ in caught]} s on")
    others = [result for result in results if result not in early + caught]
    found = CLUSTER.unharmed(others, "all of them")
    same(CLUSTER.places(), before, "where the names are")
    return f"{found}, {len(early)} before it knew, {len(caught)} caught by the change"


def disconnected():
    """All agents end as they are asked to, and no relay has one left."""
    LOAD.end()
    for agent in CLUSTER.agents:
        agent.signal(signal.SIGTERM)
    codes = {agent.ended(30) for agent in CLUSTER.agents}
    same(codes, {143}, "exit codes of the agents")
    same(set().union(*CLUSTER.places().values()), set(), "names that are left")


try:
    run([
        ("the relays are up", healthy), (f"{COUNT} tunnels, each at one relay", tunnels),
        ("senders reach the relay of the agent", agreement),
        *[("whichever way the name is written", spellings)] * IS_PLAIN,
        ("a relay is killed", killed), ("it comes back", returned),
        ("another is killed", again), ("a relay stands still", stopped),
        ("a relay drains", drained),
        ("HAProxy is reloaded", reloaded), ("the agents go", disconnected)])
finally:
    BALANCER.end()
