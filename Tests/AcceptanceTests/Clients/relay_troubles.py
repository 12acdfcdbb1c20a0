"""What goes wrong around a relay: logs nobody reads, full disks, token files, wrong settings, signals."""

import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace

from relay_handler import Failure, Server
from relay_suite import ALICE, Suite, case
from relay_wire import answer, connect, get, post
from relay_world import (
    DOMAIN, Agent, Child, Relay, check, eventually, folder, same, unused_port)

BOB = f"bob.{DOMAIN}"
# Their lines are more than the pipe and everything in front of it take.
REQUESTS, LONG = 8000, "/" + "long" * 500
TOKENS = 20


class Mute(Relay):
    """A relay of whose output nobody reads more than its first line."""

    def read(self):
        self.lines.put(json.loads(self.process.stdout.readline()))


def relay(world, *arguments, kind=Relay, **options):
    """A further relay, which speaks as the world's does."""
    return kind(
        world.program, *arguments, plain=world.relay.plain, loops=world.relay.loops, **options)


def refused(world, *arguments):
    """What a relay says that does not start with these."""
    places = "--public", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--admin", "off"
    child = Child(
        world.program, "relay", "--self-signed", "--data", folder(), *places, *arguments)
    same(child.ended(5), 2, f"the exit code of 'relay {' '.join(arguments)}'")
    return child.error()


def stays(child, seconds):
    """That a process does not end in that time."""
    try:
        code = child.ended(seconds)
    except Failure:
        return
    raise Failure(f"it ended with {code}: {child.error()}")


# Logs


@case()
def log_that_nobody_reads(world):
    """Requests do not wait for it, nor does the end."""
    at = relay(world, "--access-log", "-", kind=Mute)
    sender = at.connect(seconds=5)
    for _ in range(REQUESTS // 20):
        sender.send(get(ALICE, LONG) * 20)
        for _ in range(20):
            same(sender.answer().error, "agent-away")
    same(at.ask(get(ALICE)).error, "agent-away", "another sender")
    sender.close()
    same(at.signal().ended(5), 143, "the exit code")


def piped(world, path, reader, **options):
    """That a relay starts whose log goes into a pipe, and lines come."""
    at = relay(world, "--access-log", path, **options)
    same(at.ask(get(BOB, "/piped")).error, "agent-away")
    with open(reader, "rb") as pipe:
        line = pipe.readline()
    check(b"GET /piped" in line, f"no line of the log: {line}")
    at.kill()


@case()
def log_into_a_pipe(world):
    reader, writer = os.pipe()
    piped(world, "/dev/stderr", reader, preexec_fn=lambda: os.dup2(writer, 2))
    os.close(writer)


@case()
def log_into_a_named_pipe(world):
    path = Path(folder()) / "pipe"
    os.mkfifo(path)
    piped(world, path, os.open(path, os.O_RDWR))


@case()
def log_of_two_relays(world):
    """Both append to it, also when somebody empties it."""
    path = Path(folder()) / "access.log"
    relays = [relay(world, "--access-log", path) for _ in range(2)]

    def lines():
        return re.findall(rb"GET (/\d+)\"", path.read_bytes())

    for emptied in (False, True):
        if emptied:
            os.truncate(path, 0)
        expected = []
        for number in range(6):
            relays[number % 2].ask(get(BOB, f"/{number}"))
            expected.append(b"/%d" % number)
            eventually(lambda: lines() == expected, lambda: f"lines {path.read_bytes()}", 5)
        check(b"\0" not in path.read_bytes(), "zeros in the log")
        same(path.read_bytes().count(b"\n"), 6, "lines")
    for at in relays:
        at.kill()


# Archives


def entries(path):
    return json.loads(path.read_text())["log"]["entries"]


def recorded(world, path, targets):
    """Sends requests through an agent that adds to an archive, one after another."""
    server = Server()
    agent = world.listen("--no-record", "--record", path, name="bob", target=server.target)
    for target in targets:
        same(world.relay.ask(get(BOB, target)).status, 200)
        agent.line("request")
    agent.signal().ended()
    server.close()


@case()
def archive_that_is_there(world):
    """One of ours is gone on with; nothing else is touched."""
    path = Path(folder()) / "all.har"
    for targets in (["/1", "/2"], [], ["/3"]):
        recorded(world, path, targets)
    found = [entry["request"]["url"].rsplit("/", 1)[1] for entry in entries(path)]
    same(found, ["1", "2", "3"], "entries of all runs")
    for text in ("a text of mine\n", "{}", '{"log":{"entries":[]}}'):
        path.write_text(text)
        agent = world.listen("--record", path, name="bob", wait=False)
        same(agent.ended(5), 2, f"the exit code with {text}")
        check("--record" in agent.error(), agent.error())
        same(path.read_text(), text, "somebody else's file")


class SmallDisk:
    """A file system that is soon full."""

    def __init__(self):
        self.path = Path(folder())

    def mount(self, options):
        command = ["mount", "-t", "tmpfs", "-o", options, "none", self.path]
        return subprocess.run(command, capture_output=True, timeout=10).returncode == 0

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], capture_output=True, timeout=10)

    def __enter__(self):
        return self


@case()
def archive_on_a_full_disk(world):
    """It misses what had no room, and is whole."""
    with SmallDisk() as disk:
        if os.getuid() != 0 or not disk.mount("size=64k"):
            return "skipped, as nothing can be mounted here"
        server, path = Server(), disk.path / "all.har"
        agent = world.listen("--no-record", "--record", path, name="bob", target=server.target)

        def add(count, size):
            for _ in range(count):
                same(world.relay.ask(post(BOB, b"z" * size)).status, 200)

        add(3, 1000)
        eventually(lambda: len(entries(path)) == 3, "the first entries", 5)
        add(3, 60_000)
        eventually(lambda: "--record" in agent.error(), "the agent says that it is full", 5)
        check(disk.mount("remount,size=4m"), "no room can be made")
        add(2, 1000)
        agent.signal().ended()
        server.close()
        sizes = [entry["request"]["bodySize"] for entry in entries(path)]
        same(sizes[:3] + sizes[-2:], [1000] * 5, "entries")
        return f"{len(sizes)} of 8 entries"


# Tokens


def token_commands(world, data, *names):
    """Runs `relay token add` for all names at once; gives codes, last lines and errors."""
    children = [
        Child(world.program, "relay", "token", "add", name, "--data", data) for name in names]
    found = []
    for child in children:
        code = child.ended()
        eventually(lambda: child.lines.queue and child.lines.queue[-1] is None, "the output's end")
        found.append((code, (child.all_lines or [{}])[-1].get("text"), child.error()))
    return found


@case()
def tokens_added_at_once(world):
    """None of them is lost."""
    data, server = folder(), Server()
    names = [f"name-{number}" for number in range(TOKENS)]
    found = token_commands(world, data, *names)
    same([code for code, _, _ in found], [0] * TOKENS, f"exit codes: {found}")
    tokens = json.loads((Path(data) / "relay-tokens.json").read_text())["tokens"]
    same(sorted(token["name"] for token in tokens), sorted(names), "names in the file")
    at = relay(world, data=data)
    for name, (_, token, _) in list(zip(names, found))[::5]:
        agent = Agent(world.program, at, server.target, name=name, token=token)
        same(at.ask(get(f"{name}.{DOMAIN}")).body, b"seen")
        agent.kill()
    at.kill()
    server.close()


@case()
def token_file_with_a_broken_entry(world):
    """Nobody writes it again without that entry."""
    data = folder()
    same(token_commands(world, data, "bob")[0][0], 0)
    path = Path(data) / "relay-tokens.json"
    text = path.read_text().replace('"tokens":[', '"tokens":[{"name":"carol","sha":"x"},')
    check("carol" in text, f"another form of file: {text}")
    path.write_text(text)
    code, _, error = token_commands(world, data, "dave")[0]
    check(code != 0 and error.startswith("error: CS-"), f"exit code {code}: {error}")
    same(path.read_text(), text, "the file")


@case()
def token_file_that_is_gone_for_a_while(world):
    data, server = folder(), Server()
    token = token_commands(world, data, "bob")[0][1]
    at = relay(world, data=data)
    agent = Agent(world.program, at, server.target, name="bob", token=token)
    # Those that are made later need the file.
    eventually(
        lambda: at.status()["tunnels"][0]["connections"] == at.loops, "all connections")
    path, aside = Path(data) / "relay-tokens.json", Path(data) / "aside"
    path.rename(aside)
    stays(agent, 5)
    same(at.ask(get(BOB)).body, b"seen", "without the file")
    notes = [line["text"] for line in at.all_lines if line["type"] == "note"]
    check(len(notes) == 1 and "gone" in notes[0], f"notes: {notes}")
    aside.rename(path)
    stays(agent, 3)
    same(at.ask(get(BOB)).body, b"seen", "with the file")
    for child in (agent, at):
        child.kill()
    server.close()


# Settings


@case()
def sharing_agent_without_the_lock(world):
    """A name that one agent has locked is not open because of another."""
    locked = "--basic-auth", "user:a password", "--allow", "127.0.0.0/8"
    first = world.listen("--share", *locked, name="bob")
    for other in ([], locked[:2], locked[2:], ["--basic-auth", "user:another", *locked[2:]]):
        second = world.listen("--share", *other, name="bob", wait=False)
        same(second.ended(5), 2, f"the exit code with {other}")
        check("--basic-auth" in second.error(), f"not the reason: {second.error()}")
        for _ in range(4):
            same(world.relay.ask(get(BOB)).status, 401, "without the password")
    second = world.listen("--share", *locked, name="bob")
    for agent in (first, second):
        agent.kill()


def admin_status(at, target, token=None, method="GET"):
    address = f"127.0.0.1:{at.admin.rsplit(':', 1)[1]}"
    fields = [f"Authorization: Bearer {token}"] if token else []
    return connect(address).ask(get(address, target, *fields, method=method)).status


@case()
def status_for_everybody(world):
    """It asks for a token, which is a random one unless it is named."""
    everywhere = ("127.0.0.1:0",) * 2 + ("0.0.0.0:0",)
    tokens = []
    for arguments in ([], [], ["--control-token", "a-token-of-mine"]):
        at = relay(world, *arguments, ports=everywhere)
        agent = Agent(world.program, at, world.handler.target)
        for target in ("/", "/status", "/metrics", "/nothing"):
            same(admin_status(at, target), 401, target)
        token = at.ready["control_token"]
        check(len(token) >= 12, f"a token that can be guessed: {token}")
        tokens.append(token)
        for wrong in ("wrong", token[:-1], token + "0"):
            same(admin_status(at, "/status", wrong), 401, f"with {wrong}")
        for command in ("pause", "disconnect"):
            same(admin_status(at, f"/tunnels/alice/{command}", method="POST"), 401, command)
        same(admin_status(at, "/health"), 200, "/health")
        for target in ("/", "/status", "/metrics"):
            same(admin_status(at, target, token), 200, f"{target} with the token")
        stays(agent, 0.2)
        same(admin_status(at, "/tunnels/alice/disconnect", token, "POST"), 200, "'disconnect'")
        check(agent.ended(5) != 0, "an agent that is sent away ends like one that is done")
        at.kill()
    check(tokens[0] != tokens[1], f"the same token twice: {tokens}")
    same(tokens[2], "a-token-of-mine", "the token that was named")


@case()
def status_on_this_machine(world):
    """It asks for a token that is named only."""
    same(world.relay.ready["control_token"], None, "the token")
    same(admin_status(world.relay, "/status"), 200)
    at = relay(world, "--control-token", "a-token-of-mine")
    same(at.ready["control_token"], "a-token-of-mine", "the token")
    same(admin_status(at, "/status"), 401)
    same(admin_status(at, "/status", "a-token-of-mine"), 200)
    at.kill()
    error = refused(world, "--control-token", "short")
    check("token" in error and "short;" not in error, error)


@case()
def one_plain_port_for_both_sides(world):
    port = f"127.0.0.1:{unused_port()}"
    error = refused(world, "--plain", "--public", port, "--agents", port)
    check("--plain" in error and "--public" in error, error)


# Signals


@case()
def agent_is_interrupted_while_the_relay_is_silent(world):
    silent = socket.create_server(("127.0.0.1", 0))
    silent.settimeout(5)
    there = SimpleNamespace(agents=f"127.0.0.1:{silent.getsockname()[1]}", ca=None)
    agent = Agent(world.program, there, world.handler.target, wait=False)
    connection = silent.accept()[0]
    connection.settimeout(5)
    check(connection.recv(1), "no octet of the agent's")
    same(agent.signal(signal.SIGINT).ended(2), 130, "the exit code")
    silent.close()


@case(alone=True)
def agent_ends_behind_what_is_under_way(world):
    sender, wire = world.begin(get(ALICE))
    wire.request()
    world.agent.signal()
    stays(world.agent, 0.5)
    wire.send(answer(b"late, and whole"))
    found = sender.answer()
    same((found.status, found.body), (200, b"late, and whole"), "the answer")
    same(world.agent.ended(5), 143, "the exit code")


@case()
def agent_is_sent_away_from_three_loops(world):
    at = Relay(world.program, plain=world.relay.plain, loops=3)
    agent = Agent(world.program, at, world.handler.target)
    eventually(lambda: at.status()["tunnels"][0]["connections"] == 3, "all connections")
    same(admin_status(at, "/tunnels/alice/disconnect", method="POST"), 200)
    check(agent.ended(5) != 0, "an agent that is sent away ends like one that is done")
    same(at.ask(get(ALICE)).error, "agent-away")
    at.kill()


if __name__ == "__main__":
    Suite(__doc__).run()
