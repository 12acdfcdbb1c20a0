"""A relay, agents and a handler on this machine, and how a test waits for them."""

import atexit
import json
import os
import queue
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from relay_handler import Failure
from relay_wire import SECONDS, Ended, NotHTTP, connect, get

DOMAIN = "relay.test"


def check(condition, message):
    if not condition:
        raise Failure(message)


def same(actual, expected, what=""):
    if actual != expected:
        raise Failure(f"{what}: expected {brief(expected)}, got {brief(actual)}")


def brief(value, limit=1500):
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit // 2]} … {text[-limit // 2:]}"


def eventually(condition, what, seconds=SECONDS):
    """Asks another process until `condition` gives something, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"not in {seconds} s: {what() if callable(what) else what}")
        selectors.DefaultSelector().select(0.01)


class Child:
    """A process of `countersign` that writes an object a line."""

    def __init__(self, program, *arguments, **options):
        self.arguments = arguments
        self.error_file = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.error_file, **options)
        self.pid, self.lines, self.all_lines = self.process.pid, queue.Queue(), []
        threading.Thread(target=self.read, daemon=True).start()
        atexit.register(self.kill)

    def read(self):
        for line in self.process.stdout:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"type": "text", "text": line.decode(errors="replace").rstrip("\n")}
            self.all_lines.append(entry)
            self.lines.put(entry)
        self.lines.put(None)

    def line(self, kind, seconds=SECONDS, **members):
        """The next line of that type with these members; those before it are passed over."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                entry = self.lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise Failure(
                    f"no {kind} in {seconds} s: {self.all_lines[-3:]} {self.error()}") from None
            if entry is None:
                self.lines.put(None)
                raise Failure(f"it ended before {kind}: {self.process.wait()} {self.error()}")
            if entry.get("type") == kind and all(
                    entry.get(key) == value for key, value in members.items()):
                return entry

    def error(self):
        # Not by its position, which is the process's, too.
        size = os.fstat(self.error_file.fileno()).st_size
        data = os.pread(self.error_file.fileno(), 2000, max(0, size - 2000))
        return data.decode(errors="replace")

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self

    def ended(self, seconds=SECONDS):
        """The exit code, which must come in time."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"it did not end in {seconds} s") from None

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    @property
    def memory(self):
        """Resident octets."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) << 10

    @property
    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    @property
    def cpu(self):
        """Seconds of processor time."""
        words = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Relay(Child):
    """`countersign relay`, with an authority and a folder of its own."""

    def __init__(
            self, program, *arguments, plain=True, loops=1, data=None, certificate=None,
            ports=("127.0.0.1:0",) * 3, seconds=SECONDS, **options):
        self.data = data or folder()
        trust = ["--cert", certificate[0], "--key", certificate[1]] if certificate else [
            "--self-signed"]
        words = [
            "relay", "--domain", DOMAIN, "--public", ports[0], "--agents", ports[1], "--admin",
            ports[2], "--data", self.data, "--format", "json", "--loops", loops, *trust]
        super().__init__(program, *words, *["--plain"] * plain, *arguments, **options)
        self.plain, self.loops = plain, loops
        self.ready = self.line("ready", seconds)
        self.public, self.agents = self.ready["public"], self.ready["agents"]
        self.admin, self.ca = self.ready["admin"], self.ready["ca"]

    @property
    def ports(self):
        return self.public, self.agents, self.admin

    def connect(self, name="alice", seconds=SECONDS, plain=None):
        """A sender's connection."""
        is_plain = self.plain if plain is None else plain
        return connect(self.public, None if is_plain else self.ca, f"{name}.{DOMAIN}", seconds)

    def ask(self, data, method="GET"):
        """The answer to a request on a connection of its own."""
        wire = self.connect()
        try:
            return wire.ask(data, method)
        finally:
            wire.close()

    def admin_page(self, target):
        wire = connect(self.admin)
        try:
            return wire.ask(get(self.admin, target))
        finally:
            wire.close()

    def status(self):
        found = self.admin_page("/status")
        same(found.status, 200, "/status")
        return json.loads(found.body)


class Agent(Child):
    """`countersign listen --relay`, for a handler of the test."""

    def __init__(
            self, program, relay, target, *arguments, name="alice", token=None, wait=True,
            seconds=SECONDS, **options):
        words = ["listen", *[target] * bool(target), "--relay", relay.agents, "--format", "json"]
        words += ["--data", folder()]
        words += ["--relay-ca", relay.ca] if relay.ca else ["--relay-skip-verify"]
        words += ["--name", name] if name else []
        words += ["--token", token] if token else []
        super().__init__(program, *words, *arguments, **options)
        self.ready = self.line("ready", seconds) if wait else None


EXPECTED = (Failure, Ended, NotHTTP, OSError, ValueError, IndexError, KeyError, AttributeError)


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def folder():
    """A fresh folder, which goes with this process."""
    path = tempfile.mkdtemp(prefix="countersign-relay-")
    atexit.register(shutil.rmtree, path, True)
    return path


def run(cases):
    """Runs cases, `(name, call)`, with a line for each; ends the process."""
    failed = 0
    for name, call in cases:
        start = time.monotonic()
        try:
            note = call()
            text = f"PASS {name} ({time.monotonic() - start:.2f} s)"
            print(text + (f": {note}" if note else ""), flush=True)
        except EXPECTED as reason:
            failed += 1
            print(f"FAIL {name}: {type(reason).__name__} {reason}", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)
