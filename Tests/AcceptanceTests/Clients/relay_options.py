"""What the options of `countersign listen` do with requests."""

import base64
import json
import select
import shlex
import ssl
import subprocess
import threading
from pathlib import Path

from relay_handler import Server
from relay_shape import POOL
from relay_suite import ALICE, Suite, case, own
from relay_wire import Wire, answer, get, post
from relay_world import DOMAIN, Agent, Child, check, eventually, folder, same

BOB = f"bob.{DOMAIN}"


def basic(text):
    return "Authorization: Basic " + base64.b64encode(text.encode()).decode()


class Listening:
    """An agent named bob, for as long as the block lasts."""

    def __init__(self, world, *arguments, target=None, **options):
        self.agent = world.listen(*arguments, name="bob", target=target, **options)

    def __enter__(self):
        return self.agent

    def __exit__(self, *_):
        self.agent.kill()


def echo(wire, request):
    """Answers with the request's head, and who answered."""
    return wire.send(answer(request.head.raw))


@case()
def answers_without_a_handler(world):
    for word, status, body in [
            ("ack", 200, b"Hello API Event Received"), ("200", 200, None), ("503", 503, None)]:
        with Listening(world, "--respond-with", word, target=""):
            found = world.relay.ask(post(BOB, b"x" * 100000))
            same(found.status, status, f"--respond-with {word}")
            check(body is None or body in found.body, f"{found.body}")
            same(world.relay.ask(get(BOB, method="HEAD"), "HEAD").status, status, "HEAD")
    own(world.relay.ask(get(f"nobody.{DOMAIN}")), 503, "agent-away")


@case()
def host_header(world):
    server = Server(echo)
    for arguments, expected in [
            (["--host-header", "other.example"], "other.example"),
            (["--host-header", "rewrite"], f"127.0.0.1:{server.port}"), ([], "BOB.relay.test:99")]:
        with Listening(world, *arguments, target=server.target):
            found = world.relay.ask(get("BOB.relay.test:99", "/x?y", "X-A: b"))
            lines = found.body.decode().split("\r\n")
            same(lines[:3], ["GET /x?y HTTP/1.1", f"Host: {expected}", "X-A: b"], str(arguments))
            check("X-Forwarded-Host: BOB.relay.test:99" in lines, f"{lines}")
    server.close()


@case()
def routes(world):
    servers = {name: Server(lambda wire, request, name=name: wire.send(
        answer(f"{name} {request.target}".encode()))) for name in ("main", "api", "deep")}
    arguments = [
        "--route", f"/api={servers['api'].target}", "--route",
        f"/api/deep={servers['deep'].target}/base"]
    with Listening(world, *arguments, target=servers["main"].target):
        sender = world.connect()
        for target, expected in [
                ("/", "main /"), ("/api", "api /api"), ("/api/", "api /api/"),
                ("/api?x", "api /api?x"), ("/apis", "main /apis"), ("/x/api", "main /x/api"),
                ("/api/deep/er?y", "deep /base/api/deep/er?y"), ("/API", "main /API")]:
            found = sender.ask(get(BOB, target))
            same(found.body.decode(), expected, target)
    for server in servers.values():
        server.close()


@case()
def base_of_the_target(world):
    server = Server(echo)
    for base in ("/base", "/base/"):
        with Listening(world, target=server.target + base):
            for target, expected in [("/x?y", "/base/x?y"), ("/", base), ("/a//b", "/base/a//b")]:
                found = world.relay.ask(get(BOB, target))
                same(found.body.split(b" ")[1].decode(), expected, f"{target} below {base}")
    server.close()


@case()
def handler_by_name_and_port(world):
    server = Server(echo)
    for target in (str(server.port), f"localhost:{server.port}", f"http://localhost:{server.port}"):
        with Listening(world, target=target):
            same(world.relay.ask(get(BOB)).status, 200, target)
    server.close()


def context_for_localhost():
    path = Path(folder())
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", path / "key.pem", "-out", path / "cert.pem", "-days", "1", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path / "cert.pem", path / "key.pem")
    return context


@case()
def slow_handshake(world):
    """What comes before a handler has shaken hands waits at the sender, and none of it is lost."""
    context = context_for_localhost()
    target = f"https://localhost:{world.handler.port}"
    with Listening(world, "--skip-verify", target=target) as agent:
        sender = world.connect()
        body = POOL * (40_000_000 // len(POOL))
        sender.send(get(BOB, "/", f"Content-Length: {len(body)}", method="PUT"))
        before, sent = agent.memory, 0
        sender.connection.setblocking(False)
        while sent < len(body):
            try:
                sent += sender.connection.send(body[sent:sent + 65536])
            except (BlockingIOError, ssl.SSLWantWriteError):
                if not select.select([], [sender.connection], [], 1)[1]:
                    break
        sender.connection.settimeout(20)
        check(sent < 30_000_000, f"{sent} octets are taken before the handshake")
        check(agent.memory - before < 10_000_000, f"the agent grew by {agent.memory - before}")
        threading.Thread(target=sender.send, args=(body[sent:],), daemon=True).start()
        plain = world.handler.listener.accept()[0]
        wire = Wire(context.wrap_socket(plain, server_side=True), seconds=20)
        wire.head()
        check(wire.exactly(len(body)) == body, "another body arrives")
        wire.send(answer(b"all of it"))
        same(sender.answer().body, b"all of it")
        sender.close()
        wire.close()


@case()
def handler_with_tls(world):
    context = context_for_localhost()
    server = Server(echo)
    plain_run = server.run

    def run(wire):
        try:
            plain_run(Wire(context.wrap_socket(wire.connection, server_side=True), seconds=None))
        except OSError:
            wire.close()

    server.run = run
    target = f"https://localhost:{server.port}"
    with Listening(world, "--skip-verify", target=target):
        same(world.relay.ask(post(BOB, b"x" * 100000)).status, 200, "without verification")
    with Listening(world, target=target):
        found = world.relay.ask(get(BOB))
        check(found.status == 502 and found.error == "handler-tls", f"unverified: {found}")
    server.close()


@case()
def handler_with_two_addresses(world):
    """A name whose first address nobody listens at, as `localhost` is on many machines."""
    hosts, program = Path(folder()) / "hosts", Path(folder()) / "countersign"
    hosts.write_text("::1 two.test\n127.0.0.1 two.test\n")
    own_hosts = [
        "unshare", "--mount", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "sh"]
    if subprocess.run([*own_hosts, "true"], capture_output=True).returncode:
        return "only where a process may have an /etc/hosts of its own"
    program.write_text(
        f"#!/bin/sh\nexec {shlex.join([*own_hosts, world.program])} \"$@\"\n")
    program.chmod(0o755)
    server = Server(echo)
    agent = Agent(str(program), world.relay, f"http://two.test:{server.port}", name="two")
    for number in range(5):
        found = world.relay.ask(post(f"two.{DOMAIN}", b"x" * 1000))
        same((found.status, found.error), (200, None), f"request {number}")
    agent.kill()
    server.close()


@case()
def upgrades_that_nobody_takes(world):
    """A request that asks for another protocol is whole with its head."""
    request = get(BOB, "/socket", "Upgrade: websocket", "Connection: Upgrade")
    with Listening(world, "--respond-with", "ack", target=""):
        found = world.relay.ask(request)
        same((found.status, found.body), (200, b"Hello API Event Received"), "--respond-with")


@case()
def answer_that_began_early(world):
    """--timeout is for the beginning of an answer."""
    with Listening(world, "--timeout", "500ms", target=world.handler.target):
        sender = world.connect()
        sender.send(get(BOB, "/", "Content-Length: 5", method="PUT"))
        wire = world.handler.next()
        wire.head()
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nthe ")
        same(sender.until(b"the ")[-4:], b"the ")
        sender.send(b"whole")
        same(wire.exactly(5), b"whole")
        # Longer than an answer may take to begin.
        check(not select.select([sender.connection], [], [], 1)[0], "the answer is cut")
        wire.send(b"rest")
        same(sender.exactly(4), b"rest")
        sender.close()
        wire.close()


@case()
def basic_authentication(world):
    server = Server(echo)
    with Listening(world, "--basic-auth", "ann:se:cret", target=server.target):
        for fields in (
                [], [basic("ann:wrong")], [basic("ann:se:cre")], [basic("ann:se:crets")],
                [basic("Ann:se:cret")], ["Authorization: Bearer abc"], ["Authorization:"],
                [basic("ann:se:cret"), basic("ann:se:cret")], ["Proxy-" + basic("ann:se:cret")]):
            found = world.relay.ask(get(BOB, "/", *fields))
            own(found, 401, "unauthorised")
            check(found.head.get("WWW-Authenticate").startswith("Basic "), "WWW-Authenticate")
        same(server.seen, [], "what the handler saw")
        for field in (basic("ann:se:cret"), basic("ann:se:cret").replace("Basic", "bASIC")):
            same(world.relay.ask(get(BOB, "/", field)).status, 200, "the right one")
        # A connection that was let in once is asked again.
        sender = world.connect()
        same(sender.ask(get(BOB, "/", basic("ann:se:cret"))).status, 200)
        same(sender.ask(get(BOB, "/")).status, 401, "the next on the connection")
        same(sender.ask(get(BOB, "/", basic("ann:se:cret"))).status, 200)
    server.close()


@case()
def allow_list(world):
    server = Server(echo)
    for ranges, status in [
            (["10.0.0.0/8"], 403), (["127.0.0.2"], 403), (["127.0.0.1"], 200), (["::1/128"], 403),
            (["10.0.0.0/8", "127.0.0.0/8"], 200), (["0.0.0.0/0"], 200)]:
        arguments = [word for text in ranges for word in ("--allow", text)]
        with Listening(world, *arguments, target=server.target):
            found = world.relay.ask(get(BOB, "/", "X-Forwarded-For: 10.0.0.1"))
            same(found.status, status, str(ranges))
            same(found.error, "not-allowed" if status == 403 else None)
    server.close()


@case()
def lines_for_each_request(world):
    """A person, or a program, sees what passes, and how it went."""
    server = Server(lambda wire, request: wire.send(answer(b"no", "500 Broken")))
    with Listening(world, target=server.target) as agent:
        world.relay.ask(post(BOB, b"{}", "/hook?a=b", "Content-Type: application/json"))
        line = agent.line("request")
        same((line["method"], line["path"], line["status"]), ("POST", "/hook?a=b", 500), str(line))
        check(line["total_us"] > 0, str(line))
        server.close()
        for wire in list(server.idle):
            wire.close()
    with Listening(world, "--quiet", target=world.handler.target) as agent:
        sender, wire = world.begin(get(BOB))
        wire.request()
        wire.send(answer(b"fine"))
        same(sender.answer().body, b"fine")
        agent.signal()
        agent.ended()
        eventually(lambda: agent.lines.queue and agent.lines.queue[-1] is None, "the output's end")
        check(not [line for line in agent.all_lines if line["type"] == "request"], "a line is there")


@case()
def recording(world):
    path = Path(folder()) / "all.har"
    server = Server(lambda wire, request: wire.send(answer(b"seen")))
    with Listening(world, "--record", path, target=server.target) as agent:
        for number in range(3):
            same(world.relay.ask(post(BOB, b"body %d" % number, f"/{number}")).status, 200)
            agent.line("request")
        agent.signal()
        agent.ended()
    entries = json.loads(path.read_text())["log"]["entries"]
    same([entry["request"]["url"].rsplit("/")[-1] for entry in entries], ["0", "1", "2"])
    same([entry["request"]["postData"]["text"] for entry in entries],
         ["body 0", "body 1", "body 2"])
    same([entry["response"]["status"] for entry in entries], [200] * 3)
    server.close()


@case()
def wrong_use(world):
    """Exit code 2, at once, with a reason."""
    for arguments in (
            ["--allow", "10.0.0.0/33"], ["--allow", "everybody"], ["--basic-auth", "nocolon"],
            ["--name", "not_a_name"], ["--name", "-a"], ["--respond-with", "99"],
            ["--respond-with", "perhaps"], ["--route", "nothing"], ["--host-header", "a\r\nb: c"],
            ["--relay-ca", "/nonexistent"], ["--timeout", "soon"]):
        child = Child(
            world.program, "listen", world.handler.target, "--relay", world.relay.agents,
            "--relay-ca", world.relay.ca, "--format", "json", "--ephemeral", *arguments)
        same(child.ended(), 2, f"the exit code for {arguments}")
        check(child.error().startswith("error: CS-"), f"{arguments}: {child.error()}")
    own(world.relay.ask(get(ALICE.replace("alice", "bob"))), 503, "agent-away")


@case()
def agents_at_once(world):
    """Many names on one relay, each with its own handler."""
    servers = [Server(lambda wire, request, n=n: wire.send(answer(b"%d" % n))) for n in range(10)]
    agents = [
        world.listen(name=f"agent-{n}", target=server.target) for n, server in enumerate(servers)]
    failures = []

    def ask(number):
        for _ in range(20):
            found = world.relay.ask(get(f"agent-{number}.{DOMAIN}"))
            if found.body != b"%d" % number:
                failures.append(found)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same(failures, [])
    for agent in agents:
        agent.kill()


if __name__ == "__main__":
    Suite(__doc__).run()
