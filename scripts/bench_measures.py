"""What `scripts/bench relay` measures of each side."""

import contextlib
import gc
import random
import re
import sqlite3
import statistics
import subprocess
import time
from dataclasses import dataclass

from bench_processes import end
from bench_tools import Aim, Table, callback, write_script
from bench_tunnels import HOST, Client, Fault, own_side

BIG = 100_000_000  # bytes of the file that is carried
BASE = "direct to nginx"
OURS = "ours, plain"  # the side that the aims are for
SECONDS = 4  # of a run of wrk: CPU time is counted in hundredths of a second
PAUSE = 0.002  # seconds between requests at low load: all processes sleep in between
CALM_REQUESTS = 1000
IDLE = 2000  # connections
TRANSFERS = 3


class Faults:
    """Wrong and lost answers of each side, of all measures."""

    def __init__(self):
        self.counts, self.examples = {}, {}

    def note(self, title, count, what=""):
        self.counts[title] = self.counts.get(title, 0) + count
        if count:
            self.examples.setdefault(title, what)

    @contextlib.contextmanager
    def noted(self, title, measure):
        """What fails in here is noted, and leaves no figure."""
        self.note(title, 0)
        try:
            yield
        except Fault as fault:
            self.note(title, 1, f"{measure}: {fault}")

    def print(self):
        print("\nWrong or lost answers, of all of the above (aim: 0)")
        for title, count in self.counts.items():
            print(f"  {title:<44}{count:>12,}   {self.examples.get(title, '')}")


@dataclass(frozen=True)
class Pressed:
    """What wrk found."""

    requests: int
    rate: float  # requests a second
    p99: float  # microseconds
    work: dict  # microseconds of CPU a request, by process
    fault_count: int
    fault: str


def press(tunnel, connections, *flags):
    """As many requests as go, from so many connections."""
    before = tunnel.cpu()
    ended = subprocess.run(
        [
            "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}", "--latency", "-H", f"Host: {HOST}",
            *flags, tunnel.url("/"),
        ], text=True, capture_output=True)
    if ended.returncode:
        raise Fault((ended.stderr + ended.stdout).strip())
    after, output = tunnel.cpu(), ended.stdout
    count = int(re.search(r"(\d+) requests in", output)[1])
    failures = re.findall(r"(?:Non-2xx|Socket errors).*", output)
    return Pressed(
        count, float(re.search(r"Requests/sec: *(\S+)", output)[1]),
        microseconds(re.search(r"99% +(\S+)", output)[1]),
        {label: (after[label] - before[label]) / max(1, count) for label in before},
        sum(int(number) for failure in failures for number in re.findall(r" (\d+)", failure)),
        "; ".join(failures))


def microseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}[unit]


class Load:
    """Throughput, and what it costs."""

    def __init__(self, key, title, connections, share, work=None, flags=()):
        self.key, self.connections, self.flags = key, connections, flags
        self.share, self.work = share, work
        self.speed = Table(title, "requests a second")
        self.cpu = Table(f"{title}: CPU", "µs a request", digits=1)
        self.slowest = Table(f"{title}: 99th percentile", "µs")

    def take(self, bench, side):
        title = bench.tunnels[side].title
        with bench.faults.noted(title, self.key):
            found = press(bench.tunnels[side], self.connections, *self.flags)
            bench.faults.note(title, found.fault_count, f"{self.key}: {found.fault}")
            self.speed.add(title, found.rate)
            self.slowest.add(title, found.p99)
            for label, value in found.work.items():
                self.cpu.add(f"{title}: {label}", value)

    def print(self):
        self.speed.print(base=BASE, aims={OURS: self.share})
        labels = ("relay", "agent") if self.work else ()
        self.cpu.print(aims={f"{OURS}: {label}": self.work for label in labels})
        self.slowest.print(base=BASE, difference=True)


class Latency:
    """What a request takes longer than without a tunnel, while nothing else goes on."""

    key = "latency"

    def __init__(self):
        title = f"Low load, a request each {PAUSE * 1000:g} ms"
        self.median = Table(f"{title}: median", "µs")
        self.slowest = Table(f"{title}: 99th percentile", "µs")

    def take(self, bench, side):
        tunnel = bench.tunnels[side]
        with bench.faults.noted(tunnel.title, self.key):
            taken = self.times(tunnel)
            self.median.add(tunnel.title, statistics.median(taken))
            self.slowest.add(tunnel.title, statistics.quantiles(taken, n=100)[98])

    def times(self, tunnel):
        """Microseconds of each request; the first ones warm up, and do not count."""
        client, taken = Client(tunnel), []
        gc.disable()
        due = time.perf_counter()
        for _ in range(CALM_REQUESTS + 100):
            due += PAUSE
            time.sleep(max(0, due - time.perf_counter()))
            start = time.perf_counter_ns()
            client.ask()
            taken.append((time.perf_counter_ns() - start) / 1000)
        gc.enable()
        client.close()
        return taken[100:]

    def print(self):
        self.median.print(BASE, difference=True, aims={OURS: Aim(200, 140, lower=True)})
        # half of the 40 ms that Nagle's algorithm and a delayed acknowledgement make together
        self.slowest.print(BASE, difference=True, aims={OURS: Aim(20_000, lower=True)})


class Transfer:
    """Something large, in one direction, over one connection."""

    def __init__(self, key, title, path, flags=()):
        self.key, self.path, self.flags = key, path, flags
        self.table = Table(f"100 MB {title}", "MB/s")

    def take(self, bench, side):
        tunnel = bench.tunnels[side]
        with bench.faults.noted(tunnel.title, self.key):
            seconds = sum(self.seconds(bench, tunnel) for _ in range(TRANSFERS))
            self.table.add(tunnel.title, TRANSFERS * BIG / 1e6 / seconds)

    def seconds(self, bench, tunnel):
        answer = bench.folder / "answer"
        found = subprocess.run(
            [
                "curl", "-sSk", "--http1.1", "-m60", "-H", f"Host: {HOST}", "-H", "Expect:",
                "-o", answer, "-w", "%{http_code} %{size_download} %{time_total}",
                *[str(flag).format(folder=bench.folder) for flag in self.flags],
                tunnel.url(self.path),
            ], text=True, capture_output=True)
        if found.returncode:
            raise Fault(found.stderr.strip())
        status, size, seconds = found.stdout.split()
        if status != "200" or not self.arrived(int(size), answer):
            raise Fault(f"status {status}, {size} bytes")
        return float(seconds)

    def arrived(self, size, answer):
        return size == BIG

    def print(self):
        self.table.print(BASE, aims={OURS: Aim(0.20, 0.30)})


class Download(Transfer):
    def __init__(self):
        super().__init__("download", "down", "/big/file", ["-o", "/dev/null"])


class Upload(Transfer):
    def __init__(self):
        super().__init__("upload", "up", "/sink", ["-T", "{folder}/big/file"])

    def arrived(self, size, answer):
        return int(answer.read_text()) > BIG  # with the head


class Answers:
    """Whether each of many connections gets the answer to what it asked: no figure, only faults."""

    key = "answers"

    def take(self, bench, side):
        tunnel, numbers = bench.tunnels[side], random.Random(4)
        with bench.faults.noted(tunnel.title, self.key):
            clients = [Client(tunnel) for _ in range(64)]
            for turn in range(50):
                texts = [
                    f"{turn}-{place}-" + "x" * numbers.randrange(1500)
                    for place in range(len(clients))
                ]
                for client, text in zip(clients, texts):
                    client.send(f"/echo?text={text}")
                for client, text in zip(clients, texts):
                    client.expect(text.encode())
            for client in clients:
                client.close()

    def print(self):
        pass


class Memory:
    """What a connection costs that has had an answer and waits: of new processes, as memory that an
    earlier load left would hide it."""

    key = "memory"

    def __init__(self):
        self.table = Table(
            f"Memory for an open idle connection, of {IDLE:,}", "KB, all processes", digits=1)

    def take(self, bench, side):
        if side.key == "direct":
            return
        with bench.started(side) as tunnel, bench.faults.noted(tunnel.title, self.key):
            for client in self.opened(tunnel, 50):
                client.close()
            time.sleep(0.5)
            before = tunnel.resident()
            clients = self.opened(tunnel, IDLE)
            time.sleep(0.5)
            self.table.add(tunnel.title, (tunnel.resident() - before) / IDLE / 1000)
            for client in clients:
                client.close()

    def opened(self, tunnel, count):
        clients = []
        for _ in range(count):
            clients.append(Client(tunnel))
            clients[-1].ask()
        return clients

    def print(self):
        self.table.print(aims={OURS: Aim(40, 20, lower=True)})


class Recording:
    """A recorded callback, again and again, with the journal on disk and without: new processes,
    so that the journal begins empty."""

    key = "recording"
    sides = [
        own_side("plain", "recording off"), own_side("plain", "recording on", recording=True),
    ]

    def __init__(self):
        self.speed = Table("Callbacks, 16 connections", "requests a second")
        self.cpu = Table("Callbacks, 16 connections: CPU", "µs a request", digits=1)
        self.kept = Table("Of the answered callbacks are in the journal", "%", digits=2)

    def take(self, bench, side):
        if side.key != "plain":
            return
        for side in self.sides:
            with bench.started(side) as tunnel, bench.faults.noted(tunnel.title, self.key):
                found = press(tunnel, 16, "-s", self.script(bench))
                bench.faults.note(tunnel.title, found.fault_count, f"{self.key}: {found.fault}")
                self.speed.add(tunnel.title, found.rate)
                for label, value in found.work.items():
                    self.cpu.add(f"{tunnel.title}: {label}", value)
                if tunnel.title == "recording on":
                    self.count(tunnel, found)

    def script(self, bench):
        file = bench.folder / "callback.lua"
        if not file.exists():
            content_type, body = callback(bench.binary)
            write_script(file, "POST", {"Content-Type": content_type}, body)
        return file

    def count(self, tunnel, found):
        """An agent that ends writes what waits; what it lost would make it look fast."""
        end(tunnel.processes["agent"])
        file = tunnel.folder / "agent/journal.sqlite"
        try:
            with contextlib.closing(sqlite3.connect(file)) as journal:
                kept = journal.execute("SELECT count(*) FROM delivery").fetchone()[0]
        except sqlite3.Error:
            kept = 0  # there is none
        self.kept.add("recording on", 100 * kept / max(1, found.requests))

    def print(self):
        self.speed.print(base="recording off", aims={"recording on": Aim(0.5)})
        self.cpu.print()
        self.kept.print(aims={"recording on": Aim(100)})


WORK = Aim(14, 9, lower=True)


def all_measures():
    return [
        Load("c1", "One connection", 1, Aim(0.25, 0.33)),
        Load("c16", "16 connections", 16, Aim(0.24, 0.30), WORK),
        Load("c128", "128 connections", 128, Aim(0.24, 0.36), WORK),
        Load(
            "close", "A connection per request, 16 at a time", 16, Aim(0.18, 0.35),
            flags=("-H", "Connection: close")),
        Latency(), Download(), Upload(), Answers(), Memory(), Recording(),
    ]
