"""Tokens, the names that belong to them, and agents that want the same name.

    relay_tokens.py PROGRAM [--loops N] [CASE …]
"""

import argparse
import os
import stat
import time
from pathlib import Path

from relay_certificates import Authority
from relay_handler import Handler, Server
from relay_wire import Ended, answer, get
from relay_world import DOMAIN, Agent, Child, Failure, Relay, check, eventually, folder, run, same

# What an agent has whose token is taken away, or whose name is taken over.
SECONDS_TO_LEAVE = 5

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--loops", type=int, default=1)
parser.add_argument("names", nargs="*")
options = parser.parse_intermixed_args()
AUTHORITY = Authority(folder())
CERTIFICATE = AUTHORITY.certificate("relay", [DOMAIN, f"*.{DOMAIN}", "localhost", "127.0.0.1"])


def relay(*arguments):
    """A relay that wants tokens."""
    found = Relay(
        options.program, *arguments, loops=options.loops, certificate=CERTIFICATE, data=folder())
    found.ca = str(AUTHORITY.file)
    return found


def token_command(at, *arguments):
    """What `relay token` prints, line by line."""
    child = Child(options.program, "relay", "token", *arguments, "--data", at.data)
    code = child.ended()
    eventually(lambda: child.lines.queue and child.lines.queue[-1] is None, "the output's end")
    return code, [line.get("text", "") for line in child.all_lines], child.error()


def add(at, name):
    code, lines, _ = token_command(at, "add", name)
    same(code, 0, f"the exit code of 'token add {name}'")
    return lines[-1]


def listen(at, server, *arguments, **members):
    return Agent(options.program, at, server.target, *arguments, **members)


def ask(at, name):
    return at.ask(get(f"{name}.{DOMAIN}"))


def named(text):
    return Server(lambda wire, request: wire.send(answer(text)))


def refused(at, server, **members):
    """An agent that is not taken: exit code 2 at once, with the reason."""
    start = time.monotonic()
    agent = listen(at, server, wait=False, **members)
    same(agent.ended(), 2, f"the exit code for {members}")
    check(time.monotonic() - start < 3, "it tried again")
    check(agent.error().startswith("error: CS-"), agent.error())
    check("AgentError" not in agent.error(), f"no text for people: {agent.error()}")
    return agent.error()


def is_sent_away(agent, *words):
    """An agent that is told why, and ends."""
    check(agent.ended(SECONDS_TO_LEAVE) != 0, "an agent that is sent away ends like one that is done")
    error = agent.error()
    check(error.startswith("error: CS-"), f"no reason: {error}")
    check(all(word in error for word in words), f"not the reason: {error}")


def tokens_open_names():
    server, at = named(b"seen"), relay()
    alice, bob, team = (add(at, name) for name in ("alice", "Bob", "team-*"))
    for members in (
            {"token": None}, {"token": "wrong"}, {"token": alice[:-1]}, {"token": alice + "0"},
            {"token": bob}, {"token": alice, "name": "bob"}, {"token": alice, "name": "nobody"},
            {"token": alice, "name": "alice2"}, {"token": team, "name": "team"},
            {"token": team, "name": "steam-1"}, {"name": "nobody", "token": None}):
        error = refused(at, server, **{"name": "alice"} | members)
        for secret in (alice, bob, team):
            check(secret not in error, f"a token is in {error}")
    for name, token in [
            ("alice", alice), ("bob", bob), ("BOB", bob), ("team-1", team), ("team-x-y", team)]:
        agent = listen(at, server, name=name, token=token)
        same(agent.ready["name"], name.lower(), "the name")
        same(ask(at, name).body, b"seen")
        agent.kill()
    # Without a name: what the token owns.
    agent = listen(at, server, name=None, token=alice)
    same(agent.ready["name"], "alice", "the name")
    agent.kill()
    agent = listen(at, server, name=None, token=team)
    check(agent.ready["name"].startswith("team-"), agent.ready["name"])
    agent.kill()
    at.kill()


def token_by_the_environment():
    server, at = named(b"seen"), relay()
    token = add(at, "alice")
    agent = listen(at, server, env=os.environ | {"COUNTERSIGN_TOKEN": token})
    same(ask(at, "alice").body, b"seen")
    arguments = Path(f"/proc/{agent.pid}/cmdline").read_bytes()
    check(token.encode() not in arguments, "the token is in the list of processes")
    agent.kill()
    at.kill()


def tokens_are_kept_as_hashes():
    at = relay()
    token = add(at, "alice")
    check(len(token) >= 32, f"a short token: {token}")
    check(token != add(at, "alice"), "two equal tokens")
    for path in Path(at.data).rglob("*"):
        if path.is_file():
            check(token.encode() not in path.read_bytes(), f"the token is in {path}")
            if "token" in path.name:
                same(stat.S_IMODE(path.stat().st_mode) & 0o077, 0, f"others may read {path}")
    code, lines, _ = token_command(at, "list")
    same(code, 0)
    same(len([line for line in lines if "alice" in line]), 2, f"{lines}")
    check(not any(token in line for line in lines), "the list shows a token")
    for page in ("/", "/status", "/metrics", "/health"):
        check(token.encode() not in at.admin_page(page).body, f"the token is on {page}")
    at.kill()


def tokens_come_and_go():
    """While the relay runs; who has another token stays."""
    server, at = named(b"seen"), relay()
    first = listen(at, server, token=add(at, "alice"))
    for pattern, name in [("bob", "bob"), ("team-*", "team-1")]:
        later = add(at, pattern)
        second = listen(at, server, name=name, token=later)
        same(ask(at, name).body, b"seen", "a token that came later")
        same(token_command(at, "remove", pattern)[0], 0)
        is_sent_away(second, "token", "known")
        same(ask(at, name).error, "agent-away", "without the agent")
        refused(at, server, name=name, token=later)
    same(ask(at, "alice").body, b"seen", "an agent with another token")
    code, _, error = token_command(at, "remove", "bob")
    same(code, 2, "the exit code for a name that is not there")
    check("bob" in error, error)
    for name in ("no_name", "", "*x", "a*b", "-a", "x" * 64, "a.b"):
        code, lines, error = token_command(at, "add", name)
        same(code, 2, f"the exit code of 'token add {name}': {lines}")
        check(error.startswith("error: CS-"), error)
    first.kill()
    at.kill()


def new_token_in_place_of_the_old():
    """Whoever has the new one need not wait for the agent that has the old one."""
    old_server, new_server, at = named(b"old"), named(b"new"), relay()
    old = listen(at, old_server, token=add(at, "alice"))
    same(ask(at, "alice").body, b"old")
    same(token_command(at, "remove", "alice")[0], 0)
    new = listen(at, new_server, token=add(at, "alice"))
    for _ in range(20):
        same(ask(at, "alice").body, b"new", "a request behind the new token")
    is_sent_away(old, "taken", "alice")
    same(ask(at, "alice").body, b"new", "a later request")
    new.kill()
    at.kill()


def two_tokens_for_a_name():
    """They have the same owner: the later agent takes over, or both share."""
    first_server, second_server, at = named(b"first"), named(b"second"), relay()
    tokens = [add(at, "alice") for _ in range(2)]
    for first_options, second_options in [((), ()), (("--share",), ()), ((), ("--share",))]:
        first = listen(at, first_server, *first_options, token=tokens[0])
        second = listen(at, second_server, *second_options, token=tokens[1])
        for _ in range(10):
            same(ask(at, "alice").body, b"second", f"{first_options} and {second_options}")
        is_sent_away(first)
        second.kill()
        eventually(lambda: ask(at, "alice").error == "agent-away", "the name is free")
    first = listen(at, first_server, "--share", token=tokens[0])
    second = listen(at, second_server, "--share", token=tokens[1])
    seen = {ask(at, "alice").body for _ in range(30)}
    same(seen, {b"first", b"second"}, "who answers where both share")
    for agent in (first, second):
        agent.kill()
    at.kill()


def token_against_none():
    """On an open relay a name that nobody owned is its owner's once there is a token."""
    guest_server, server, at = named(b"guest"), named(b"owner"), relay("--open")
    guest = listen(at, guest_server, name="bob", token=None)
    same(ask(at, "bob").body, b"guest")
    owner = listen(at, server, name="bob", token=add(at, "bob"))
    for _ in range(10):
        same(ask(at, "bob").body, b"owner", "a request behind the owner's login")
    is_sent_away(guest)
    same(ask(at, "bob").body, b"owner", "a later request")
    owner.kill()
    at.kill()


def new_login_takes_over():
    """At once, and the old agent does not fight for it; what is under way there is answered."""
    old_handler, new_server, at = Handler(), named(b"new"), relay()
    token = add(at, "alice")
    old = listen(at, old_handler, token=token)
    sender = at.connect()
    sender.send(get(f"alice.{DOMAIN}", "/before"))
    wire = old_handler.next()
    wire.request()
    new = listen(at, new_server, token=token)
    for _ in range(20):
        same(ask(at, "alice").body, b"new", "a request behind the new login")
    try:
        wire.send(answer(b"old"))
        found = sender.answer()
        note = "what was under way is answered" if found.body == b"old" else f"got {found.error}"
        check(found.body == b"old" or found.status == 502, f"{found}")
    except Ended:
        note = "what was under way is cut"
    same(old.ended(5), 2, "the exit code of the old one")
    check(old.error().startswith("error: CS-"), old.error())
    for _ in range(20):
        same(ask(at, "alice").body, b"new", "a later request")
    new.kill()
    at.kill()
    return note


def agents_share():
    """Only if both ask to; one of them dies, and the other goes on alone."""
    first_server, second_server, at = named(b"first"), named(b"second"), relay()
    token = add(at, "alice")
    first = listen(at, first_server, "--share", token=token)
    second = listen(at, second_server, "--share", token=token)
    # Until then an event loop of the relay may know one of them only.
    eventually(
        lambda: at.status()["tunnels"][0]["connections"] == 2 * at.loops, "all connections")
    seen = [ask(at, "alice").body for _ in range(60)]
    check(20 <= seen.count(b"first") <= 40, f"first {seen.count(b'first')} of 60")
    same(at.status()["tunnels"][0]["agents"], 2, "agents")
    first.kill()

    def settled():
        return ask(at, "alice").status == 200 and at.status()["tunnels"][0]["agents"] == 1

    eventually(settled, "the dead one is gone", 5)
    same([ask(at, "alice").body for _ in range(20)], [b"second"] * 20, "behind the death")
    first = listen(at, first_server, "--share", token=token)
    eventually(lambda: ask(at, "alice").body == b"first", "the first is back")
    for agent in (first, second):
        agent.kill()
    at.kill()


def names_without_tokens():
    """On an open relay a name is whose agent is there, unless it belongs to a token."""
    server, other, at = named(b"seen"), named(b"other"), relay("--open")
    token = add(at, "alice")
    refused(at, other, name="alice", token=None)
    bob = listen(at, server, name="bob", token=None)
    refused(at, other, name="bob", token=None)
    same(ask(at, "bob").body, b"seen", "the name's owner")
    alice = listen(at, server, name="alice", token=token)
    names = set()
    for _ in range(3):
        agent = listen(at, server, name=None, token=None)
        same(ask(at, agent.ready["name"]).body, b"seen")
        check(len(agent.ready["name"]) >= 8, f"a name that can be guessed: {agent.ready}")
        names.add(agent.ready["name"])
        agent.kill()
    same(len(names), 3, "random names")
    bob.kill()

    def taken():
        try:
            return listen(at, other, name="bob", token=None)
        except Failure:
            return None

    agent = eventually(taken, "the name of a dead agent is free", 2)
    same(ask(at, "bob").body, b"other")
    agent.kill()
    alice.kill()
    at.kill()


run([
    (call.__name__, call) for call in [
        tokens_open_names, token_by_the_environment, tokens_are_kept_as_hashes,
        tokens_come_and_go, new_token_in_place_of_the_old, two_tokens_for_a_name,
        token_against_none, new_login_takes_over, agents_share, names_without_tokens]
    if not options.names or call.__name__ in options.names])
