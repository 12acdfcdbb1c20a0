"""The relay is killed and comes back, or ends in order; agents come and go; a certificate is replaced.

    relay_restart.py PROGRAM [--loops N] [CASE …]
"""

import argparse
import select
import signal
import socket
import ssl
import time

from relay_certificates import Authority
from relay_handler import Handler, Server
from relay_wire import Ended, answer, get, place, post
from relay_world import (
    DOMAIN, Agent, Child, Failure, Relay, check, eventually, folder, run, same)

AGENTS = 20
# What the agents have from the relay's "ready" on, and what "at once" means here.
SECONDS_TO_COME_BACK, AT_ONCE = 2.0, 1.0

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--loops", type=int, default=1)
parser.add_argument("names", nargs="*")
options = parser.parse_intermixed_args()


def relay(*arguments, **members):
    return Relay(options.program, *arguments, **{"loops": options.loops} | members)


def listen(at, target, *arguments, **members):
    return Agent(options.program, at, target, *arguments, **members)


def ask(at, name, target="/"):
    return at.ask(get(f"{name}.{DOMAIN}", target))


def relay_is_killed():
    """Three times; all agents are back by name."""
    server, data = Server(), folder()
    first = relay(data=data)
    agents = {
        f"agent-{number}": listen(first, server.target, "--quiet", name=f"agent-{number}")
        for number in range(AGENTS)}
    longest = 0
    current = first
    for _ in range(3):
        ports = current.ports
        current.kill()
        for agent in agents.values():
            agent.line("disconnected", 10)
        current = relay(data=data, ports=ports)
        start = time.monotonic()
        for name, agent in agents.items():
            line = agent.line("reconnected", 15)
            same(line["name"], name, "the name")
            longest = max(longest, time.monotonic() - start)
            same(ask(current, name).body, b"seen", "a request")
        same(
            sorted(tunnel["name"] for tunnel in current.status()["tunnels"]), sorted(agents),
            "the tunnels")
    for agent in agents.values():
        agent.kill()
    current.kill()
    check(longest < SECONDS_TO_COME_BACK, f"the last one came back after {longest:.2f} s")
    return f"{AGENTS} agents, the last one back after {longest:.2f} s"


def dials(port, seconds):
    """When connections came to a port within that time; each is closed at once, as by a dead relay."""
    times, start = [], time.monotonic()
    with socket.create_server(("127.0.0.1", port), backlog=1024) as listener:
        while (rest := start + seconds - time.monotonic()) > 0:
            if select.select([listener], [], [], rest)[0]:
                listener.accept()[0].close()
                times.append(time.monotonic() - start)
    return times


def no_storm():
    """Agents whose relay is away dial less and less often, and not all at the same time."""
    server, first = Server(), relay(loops=1)
    agents = [
        listen(first, server.target, "--quiet", name=f"agent-{number}") for number in range(AGENTS)]
    port = place(first.agents)[1]
    first.kill()
    times = dials(port, 4)
    for agent in agents:
        agent.kill()
    early, late = ([t for t in times if low <= t < low + 2] for low in (0, 2))
    most = max(sum(1 for other in late if t <= other < t + 0.1) for t in late)
    # By pauses of 0.05–0.1 s that double: seven dials each in two seconds, and then two.
    check(AGENTS * 2 < len(early) < AGENTS * 8, f"{len(early)} dials in the first two seconds")
    check(AGENTS / 2 < len(late) < AGENTS * 3, f"{len(late)} dials in the next two")
    check(most < AGENTS * 0.75, f"{most} of {AGENTS} dial within a tenth of a second")
    return f"{len(early)} dials, then {len(late)}, {most} at once"


def relay_stays_away():
    """What senders and agents see, and that an agent that lost its relay can still be ended."""
    handler, first = Handler(), relay()
    agent = listen(first, handler.target)
    sender = first.connect()
    sender.send(get(f"alice.{DOMAIN}"))
    wire = handler.next()
    wire.request()
    first.kill()
    check(wire.to_end()[1] in ("end", "reset"), "the handler is not told")
    check(sender.to_end()[1] in ("end", "reset"), "the sender is not told")
    line = agent.line("disconnected")
    check(line["reason"] and line["retry_in_ms"] <= 10_000, str(line))
    agent.signal()
    same(agent.ended(AT_ONCE + 1), 143, "the exit code")


def something_else_is_there():
    """For a while another server with TLS has the relay's port; its agent goes on dialling."""
    certificate = Authority(folder()).certificate("relay", [DOMAIN, "127.0.0.1"])
    server, data = Server(), folder()
    first = relay("--open", data=data, certificate=certificate)
    agent = listen(first, server.target, "--quiet")
    ports = first.ports
    first.kill()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", place(ports[1])[1])) as listener:
        listener.settimeout(10)
        for _ in range(3):
            try:
                context.wrap_socket(listener.accept()[0], server_side=True).close()
            except OSError:
                pass  # The agent has ended it first.
    again = relay("--open", data=data, certificate=certificate, ports=ports)
    agent.line("reconnected", 15)
    same(ask(again, "alice").body, b"seen", "a request")
    agent.kill()
    again.kill()


def relay_is_not_there():
    """At the start it is an error, and at once."""
    first = relay()
    first.kill()
    start = time.monotonic()
    agent = listen(first, "http://127.0.0.1:1", wait=False)
    same(agent.ended(), 2, "the exit code")
    check(agent.error().startswith("error: CS-"), agent.error())
    check(time.monotonic() - start < AT_ONCE + 1, "it tried for long")


def end_in_order():
    """SIGTERM: what is under way is answered, nothing new is taken."""
    handler, first = Handler(), relay()
    agent = listen(first, handler.target)
    host = f"alice.{DOMAIN}"
    idle, kept, held, begun = (first.connect() for _ in range(4))
    for sender in (idle, kept):
        sender.send(get(host))
        handler.serve(answer(b"fine"))
        same(sender.answer().body, b"fine")
    held.send(get(host, "/held"))
    wire = handler.next()
    wire.request()
    begun.send(get(host, "/begun"))
    begun_wire = handler.next()
    begun_wire.request()
    begun_wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun")
    same(begun.until(b"begun")[-5:], b"begun")
    first.signal()
    same(idle.to_end(), (b"", "end"), "an idle connection")

    def refuses():
        try:
            sender = first.connect()
            found = sender.ask(get(host, "/new"))
            return found.status == 503
        except (OSError, Ended):
            return True

    eventually(refuses, "new connections are refused")
    try:
        found = kept.ask(get(host, "/on-a-kept-one"))
        same((found.status, found.error), (503, "draining"), "a new request")
    except Ended:
        pass
    check(first.process.poll() is None, "it did not wait for what is under way")
    begun_wire.send(b" done")
    same(begun.exactly(5), b" done", "the rest of an answer")
    wire.send(answer(b"answered all the same"))
    found = held.answer()
    same(found.body, b"answered all the same")
    same(found.head.get("Connection"), "close", "Connection")
    same(held.to_end(), (b"", "end"), "behind the answer")
    start = time.monotonic()
    same(first.ended(), 143, "the exit code")
    check(time.monotonic() - start < AT_ONCE + 1, "it waits although nothing is under way")
    agent.line("disconnected")
    agent.kill()


def ends_at_once():
    for number, code in [(signal.SIGTERM, 143), (signal.SIGINT, 130)]:
        server, first = Server(), relay()
        agent = listen(first, server.target)
        same(ask(first, "alice").body, b"seen")
        ask(first, "nobody")
        first.ask(b"nonsense\r\n\r\n")
        start = time.monotonic()
        first.signal(number)
        same(first.ended(10), code, "the exit code")
        check(time.monotonic() - start < AT_ONCE + 1, f"it took {time.monotonic() - start:.2f} s")
        agent.kill()


def end_has_a_limit():
    handler, first = Handler(), relay("--drain-timeout", "500ms")
    agent = listen(first, handler.target)
    sender = first.connect()
    sender.send(get(f"alice.{DOMAIN}"))
    wire = handler.next()
    wire.request()
    start = time.monotonic()
    first.signal()
    back, _ = sender.to_end()
    check(b" 200 " not in back.split(b"\r\n")[0], f"a success: {back}")
    same(first.ended(), 143, "the exit code")
    check(time.monotonic() - start < 3, f"it took {time.monotonic() - start:.2f} s")
    check(wire.to_end()[1] in ("end", "reset"), "the handler is not told")
    agent.kill()


def second_signal():
    handler, first = Handler(), relay()
    agent = listen(first, handler.target)
    sender = first.connect()
    sender.send(get(f"alice.{DOMAIN}"))
    handler.next().request()
    first.signal()
    eventually(lambda: is_refused(first), "the first signal is seen")
    first.signal()
    check(first.ended(5) in (143, -signal.SIGTERM), "the exit code")
    agent.kill()


def is_refused(at):
    try:
        return at.ask(get(f"nobody.{DOMAIN}")).error == "draining"
    except (OSError, Ended):
        return True


def agent_ends_in_order():
    """SIGTERM for the agent: the name is free at once, and the exit code tells."""
    server, first = Server(), relay()
    for number, code in [(signal.SIGTERM, 143), (signal.SIGINT, 130)]:
        agent = listen(first, server.target)
        same(ask(first, "alice").body, b"seen")
        agent.signal(number)
        same(agent.ended(), code, "the exit code")
        eventually(lambda: ask(first, "alice").error == "agent-away", "the name is free", AT_ONCE)
    first.kill()


def name_of_a_dead_agent():
    """Free at once; no word of farewell is needed."""
    server, first = Server(), relay()
    for _ in range(5):
        agent = listen(first, server.target)
        agent.kill()
        start = time.monotonic()

        def back():
            try:
                return listen(first, server.target)
            except Failure:
                return None

        again = eventually(back, "the name is free", 5)
        check(time.monotonic() - start < AT_ONCE, f"after {time.monotonic() - start:.2f} s")
        same(ask(first, "alice").body, b"seen")
        again.kill()
        eventually(lambda: ask(first, "alice").error == "agent-away", "the name is free", 5)
    first.kill()


def settled_from_the_first_line_on():
    """No request is lost from the agent's "ready" on, nor from "reconnected" on."""
    server, data = Server(), folder()
    current = relay(data=data)
    failures, count = [], 0
    for _ in range(4):
        agent = listen(current, server.target)
        senders = [current.connect() for _ in range(20)]
        for _ in range(20):
            for sender in senders:
                sender.send(post(f"alice.{DOMAIN}", b"x"))
            for sender in senders:
                found = sender.answer()
                count += 1
                if found.status != 200:
                    failures.append(found.error)
        agent.kill()
        eventually(lambda: ask(current, "alice").error == "agent-away", "the name is free", 15)
    same(failures, [], f"of {count} requests")
    current.kill()


def certificate_is_replaced():
    """New connections get the new one, those that are open go on; a bad file changes nothing."""
    authority = Authority(folder())
    names = [DOMAIN, f"*.{DOMAIN}", "127.0.0.1", "localhost"]
    file, key = authority.certificate("old", names)
    server = Server()
    first = relay(plain=False, certificate=(file, key))
    first.ca = str(authority.file)
    token = add_token(first, "alice")
    agent = listen(first, server.target, token=token)
    kept = first.connect()
    same(kept.ask(get(f"alice.{DOMAIN}")).body, b"seen")
    old = serial(first)

    def replace(label, by_signal):
        before = serial(first)
        new_file, new_key = authority.certificate(label, names)
        key.write_bytes(new_key.read_bytes())
        file.write_bytes(new_file.read_bytes())
        if by_signal:
            first.signal(signal.SIGHUP)
        eventually(lambda: serial(first) != before, "the new certificate", 10)
        same(kept.ask(get(f"alice.{DOMAIN}")).body, b"seen", "on the open connection")
        same(ask(first, "alice").body, b"seen", "on a new connection")

    replace("new", by_signal=False)
    replace("newer", by_signal=True)
    check(serial(first) != old, "it is the old one again")
    now = serial(first)
    file.write_bytes(b"nonsense")
    first.signal(signal.SIGHUP)
    first.line("note")
    same(ask(first, "alice").body, b"seen", "behind a bad file")
    same(serial(first), now, "the certificate")
    agent.kill()
    first.kill()


def serial(at):
    wire = at.connect()
    try:
        return wire.connection.getpeercert()["serialNumber"]
    finally:
        wire.close()


def add_token(at, name):
    child = Child(options.program, "relay", "token", "add", name, "--data", at.data)
    same(child.ended(), 0, "the exit code of 'token add'")
    eventually(lambda: child.lines.queue and child.lines.queue[-1] is None, "the output's end")
    return child.all_lines[-1]["text"]


run([
    (call.__name__, call) for call in [
        relay_is_killed, no_storm, relay_stays_away, something_else_is_there, relay_is_not_there,
        end_in_order, ends_at_once, end_has_a_limit, second_signal, agent_ends_in_order, name_of_a_dead_agent,
        settled_from_the_first_line_on, certificate_is_replaced]
    if not options.names or call.__name__ in options.names])
