"""The ways from a client to the origin that `scripts/bench relay` measures, and a client."""

import contextlib
import functools
import json
import os
import pwd
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from bench_processes import cpu, end, resident
from bench_tools import free_port, run, wait_for

NAME, DOMAIN = "bench", "relay.test"
HOST = f"{NAME}.{DOMAIN}"  # what all sides are asked for
ANSWER = b"Hello API Event Received"
TUNNELS = "COUNTERSIGN_BENCH_TUNNELS"
PATIENCE = 30  # seconds for a tunnel to carry its first request


class Fault(Exception):
    """An answer that is wrong, or lost."""


class Client:
    """A connection that is kept; lean, so that what it costs hides little of what it measures."""

    def __init__(self, tunnel):
        try:
            self.socket = socket.create_connection(("127.0.0.1", tunnel.port), timeout=10)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tunnel.is_secure:
                self.socket = unverified().wrap_socket(self.socket, server_hostname=HOST)
        except OSError as error:
            raise Fault(f"no connection: {error}") from None

    def send(self, path):
        try:
            self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        except OSError as error:
            raise Fault(f"the connection was lost: {error}") from None

    def expect(self, body):
        """Reads one answer; what comes after it would be as wrong as what is missing."""
        head, _, rest = self.read(b"").partition(b"\r\n\r\n")
        while len(rest) < len(body):
            rest = self.read(rest)
        if not head.startswith(b"HTTP/1.1 200 ") or rest != body:
            raise Fault(f"{head[:12]!r} {rest[:60]!r} where {body[:60]!r} was expected")

    def read(self, before):
        try:
            piece = self.socket.recv(65_536)
        except OSError as error:
            raise Fault(f"the connection was lost: {error}") from None
        if not piece:
            raise Fault("the connection ended in an answer")
        return before + piece

    def ask(self, path="/", body=ANSWER):
        self.send(path)
        self.expect(body)

    def close(self):
        self.socket.close()


@functools.cache
def unverified():
    """The authority is a throw-away one, and verifying is a client's expense."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Tunnel:
    """One that carries requests."""

    title: str
    port: int
    processes: dict  # by what they are called in tables
    folder: Path
    is_secure: bool = False

    def url(self, path):
        return f"http{'s' if self.is_secure else ''}://127.0.0.1:{self.port}{path}"

    def cpu(self):
        return {label: cpu(process) for label, process in self.processes.items()}

    def resident(self):
        return sum(map(resident, self.processes.values()))

    def verify(self):
        """Waits for the first right answer; ends the run when none comes."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                client = Client(self)
                client.ask()
                return client.close()
            except Fault as fault:
                ended = [
                    name for name, process in self.processes.items() if process.poll() is not None
                ]
                if ended or time.monotonic() > deadline:
                    what = f"{ended[0]} ended" if ended else f"no right answer, but {fault}"
                    sys.exit(f"{self.title}: {what}; nothing was measured\n{logs(self.folder)}")
                time.sleep(0.05)


def logs(folder):
    """The ends of what the processes of a tunnel said."""
    texts = [(file.name, file.read_text(errors="replace")) for file in folder.glob("*.log")]
    return "\n".join(f"{name}: {text[-1000:].strip()}" for name, text in texts if text)


@dataclass
class Place:
    """Where the processes of one tunnel are started, and what ends them again."""

    folder: Path
    origin: subprocess.Popen
    origin_port: int
    binary: Path  # ours
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def launch(self, label, *command):
        """Starts a process that logs into LABEL.log, in a group of its own to be ended."""
        with open(self.folder / f"{label}.log", "w") as log:
            try:
                process = subprocess.Popen(
                    [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log, cwd=self.folder, start_new_session=True)
            except OSError as error:
                sys.exit(f"{command[0]} cannot be started: {error}")
        self.stack.callback(end, process)
        return process

    def launch_own(self, label, *command):
        """Starts a process of ours; gives also what its ready line says."""
        process = self.launch(label, *command)
        log, deadline = self.folder / f"{label}.log", time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            for line in log.read_text().splitlines():
                if line.startswith("{") and '"ready"' in line and line.endswith("}"):
                    return process, json.loads(line)
            time.sleep(0.01)
        sys.exit(f"the {label} did not become ready; nothing was measured\n{logs(self.folder)}")


@dataclass(frozen=True)
class Side:
    """A way to the origin."""

    key: str  # for --sides
    start: Callable  # makes a Tunnel in a Place
    is_own: bool = False

    @contextlib.contextmanager
    def started(self, folder, origin, origin_port, binary):
        """A tunnel of new processes that carries requests."""
        with tempfile.TemporaryDirectory(dir=folder) as name:
            place = Place(Path(name), origin, origin_port, binary)
            with place.stack:
                tunnel = self.start(place)
                tunnel.verify()
                yield tunnel


def direct(place):
    return Tunnel("direct to nginx", place.origin_port, {"nginx": place.origin}, place.folder)


def own(place, title, plain=True, recording=False):
    relay, ready = place.launch_own(
        "relay", place.binary, "relay", "--domain", DOMAIN, "--public", "127.0.0.1:0",
        "--agents", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", place.folder / "relay",
        "--format", "json", "--self-signed", "--open", "--idle-timeout", "300s",
        *(["--plain"] if plain else []))
    keeping = ["--data", place.folder / "agent"] if recording else ["--no-record", "--ephemeral"]
    agent, _ = place.launch_own(
        "agent", place.binary, "listen", f"http://127.0.0.1:{place.origin_port}",
        "--relay", ready["agents"], "--name", NAME, "--relay-ca", ready["ca"],
        "--format", "json", "--quiet", *keeping)
    port = int(ready["public"].rpartition(":")[2])
    return Tunnel(title, port, {"relay": relay, "agent": agent}, place.folder, not plain)


SSHD = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
AllowTcpForwarding yes
UseDNS no
LogLevel ERROR
"""


def openssh(place):
    """A server and a client with throw-away keys, as whoever runs this."""
    for name in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place.folder / name)
    port, public = free_port(), free_port()
    configuration = place.folder / "sshd_config"
    configuration.write_text(SSHD.format(port=port, folder=place.folder))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # else it refuses; a service makes it
    server = place.launch(
        "sshd", shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-e", "-f", configuration)
    wait_for(server, port, "sshd")
    client = place.launch(
        "ssh", "ssh", "-N", "-T", "-F", "none", "-i", place.folder / "user", "-p", port,
        "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
        "-o", "UserKnownHostsFile=/dev/null", "-o", "ExitOnForwardFailure=yes",
        "-o", "LogLevel=ERROR", "-R", f"127.0.0.1:{public}:127.0.0.1:{place.origin_port}",
        f"{pwd.getpwuid(os.getuid()).pw_name}@127.0.0.1")
    return Tunnel("ssh -R", public, {"sshd": server, "ssh": client}, place.folder)


HAPROXY = """
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  http-reuse always
listen {name}
  bind 127.0.0.1:{port}{bind}
  server next 127.0.0.1:{next_port}{server}
"""


def haproxy(place, title, is_secret=False):
    """No tunnel, as its far side does not dial out, but the same two hops of HTTP, with HTTP/2 between
    them: what a relay and an agent in C would cost."""
    public, between = free_port(), free_port()
    bind, server = " proto h2", " proto h2"
    if is_secret:
        pair = [place.folder / "both.pem", place.folder / "both.pem.key"]
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", "1", "-subj", f"/CN={DOMAIN}", "-out", pair[0], "-keyout", pair[1])
        bind = f" ssl crt {pair[0]} alpn h2"
        server = f" ssl ca-file {pair[0]} verify required alpn h2"
    hops = {
        "front": {"port": public, "bind": "", "next_port": between, "server": server},
        "back": {"port": between, "bind": bind, "next_port": place.origin_port, "server": ""},
    }
    processes = {}
    for name, hop in hops.items():
        configuration = place.folder / f"{name}.cfg"
        configuration.write_text(HAPROXY.format(name=name, **hop))
        processes[name] = place.launch(name, "haproxy", "-db", "-f", configuration)
        wait_for(processes[name], hop["port"], f"haproxy, {name}")
    return Tunnel(title, public, processes, place.folder)


def given(place, name, commands):
    """A tunnel of the environment: commands that are started one after the other."""
    values = {
        "origin_port": place.origin_port, "public_port": free_port(), "control_port": free_port(),
        "folder": place.folder,
    }
    processes = {}
    for command in commands.split(" && "):
        for key, value in values.items():
            command = command.replace("{" + key + "}", str(value))
        parts = shlex.split(command)
        label = os.path.basename(parts[0])
        label += f" {len(processes) + 1}" if label in processes else ""
        if processes:
            time.sleep(1)  # a client that comes before its server may give up
        processes[label] = place.launch(label, *parts)
    return Tunnel(name, values["public_port"], processes, place.folder)


def given_sides():
    """What COUNTERSIGN_BENCH_TUNNELS says: lines of NAME = COMMAND [&& COMMAND]…"""
    sides = []
    for line in os.environ.get(TUNNELS, "").splitlines():
        if not line.strip() or line.strip().startswith("#"):
            continue
        name, equals, commands = (part.strip() for part in line.partition("="))
        if not equals or not name or "{public_port}" not in commands:
            sys.exit(f"{TUNNELS}: '{line}' is not NAME = COMMAND with {{public_port}} in it")
        sides.append(Side(name, functools.partial(given, name=name, commands=commands)))
    return sides


def own_side(key, title, **options):
    return Side(key, functools.partial(own, title=title, **options), is_own=True)


def all_sides():
    return [
        Side("direct", direct),
        own_side("plain", "ours, plain"),
        own_side("tls", "ours, TLS", plain=False),
        Side("ssh", openssh),
        Side("haproxy", functools.partial(haproxy, title="haproxy, in clear")),
        Side("haproxy-tls", functools.partial(haproxy, title="haproxy, TLS", is_secret=True)),
        *given_sides(),
    ]
