"""What a relay tells of itself, its access log, and its limits on what passes a tunnel."""

import json
import re
import signal
import time
from pathlib import Path

from relay_handler import Server
from relay_shape import POOL
from relay_suite import ALICE, Suite, case, own
from relay_wire import answer, connect, get, post
from relay_world import DOMAIN, check, eventually, folder, same

LOG = Path(folder()) / "access.log"
METRIC = re.compile(r"(countersign_relay_\w+)(\{[a-z]+=\"[^\"]*\"\})? (\d+(?:\.\d+)?)")
RATE = 2_000_000


def metrics(world):
    """The numbers by name and label; each line must be one of Prometheus."""
    found, kinds = {}, {}
    text = world.relay.admin_page("/metrics").body.decode()
    check(text.endswith("\n"), "the last line has no end")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            check(name not in kinds and kind in ("gauge", "counter"), line)
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            match = METRIC.fullmatch(line)
            check(match and match[1] in kinds, f"no line of Prometheus: {line}")
            found[match[1].removeprefix("countersign_relay_") + (match[2] or "")] = float(match[3])
    return found


@case()
def counts(world):
    before = metrics(world)
    kept = world.connect()
    for status in ("200 OK", "204 No Content", "302 Found", "404 Not Found", "500 Bad"):
        kept.send(get(ALICE))
        world.handler.serve(answer(b"", status) if status[0] != "2" or status[2] == "0" else
                            b"HTTP/1.1 204 No Content\r\n\r\n")
        kept.answer()
    world.relay.ask(get(f"nobody.{DOMAIN}"))
    world.relay.ask(b"GET / HTTP/1.1\r\n\r\n")
    sender, wire = world.begin(post(ALICE, POOL[:100000]))
    wire.request()
    same(metrics(world)["requests"], 1, "requests under way")
    same(metrics(world)["streams"], 1, "streams")
    wire.send(answer(POOL[:50000]))
    world.handler.keep(wire)
    sender.answer()
    eventually(lambda: metrics(world)["requests"] == 0, "no request is under way")
    grown = {name: value - before.get(name, 0) for name, value in metrics(world).items()}
    expected = {
        "requests_total": 8, 'answers_total{class="2xx"}': 3, 'answers_total{class="3xx"}': 1,
        'answers_total{class="4xx"}': 2, 'answers_total{class="5xx"}': 2,
        'own_answers_total{reason="agent-away"}': 1, 'own_answers_total{reason="bad-request"}': 1,
        "connections_total": 4}
    same({name: grown.get(name) for name in expected}, expected, "what has grown")
    same(metrics(world)["tunnels"], 1, "tunnels")
    check(grown['octets_total{direction="in"}'] > 100000, "octets in")
    check(grown['octets_total{direction="out"}'] > 50000, "octets out")
    status = world.relay.status()
    same(status["requests_total"], metrics(world)["requests_total"], "/status and /metrics")
    same([tunnel["name"] for tunnel in status["tunnels"]], ["alice"], "the tunnels")


@case()
def pages(world):
    page = world.relay.admin_page("/")
    same((page.status, page.head.get("Content-Type")), (200, "text/html; charset=utf-8"))
    check(b"alice" in page.body and b"default-src 'none'" in page.head.raw, "the page")
    same(json.loads(world.relay.admin_page("/health").body)["status"], "ok", "health")
    same(world.relay.admin_page("/nothing").status, 404)
    # Not for pages of other sites, whatever name they give to this machine.
    for host in ("evil.example", "127.evil.example", "127.0.0.1.evil.example", "localhost.evil",
                 "alice.relay.test"):
        for method, target in [
                ("GET", "/status"), ("POST", "/tunnels/alice/pause"),
                ("POST", "/tunnels/alice/disconnect")]:
            found = connect(world.relay.admin).ask(get(host, target, method=method))
            check(found.status in (400, 403, 421), f"{method} for {host}: {found.status}")
    for word in ("pause", "disconnect"):
        status = command(world, word, "alice", "Origin: http://evil.example")
        check(status in (403, 421), f"a form of another site: {status}")
    same(world.relay.status()["tunnels"][0]["paused"], False, "paused")
    same(world.pass_on(get(ALICE))[1].status, 200, "the tunnel")


def command(world, word, name, *fields):
    """The status with which the operator's wish is answered."""
    return connect(world.relay.admin).ask(
        post(world.relay.admin, b"", f"/tunnels/{name}/{word}", *fields)).status


@case()
def pause(world):
    """Only what reads passes."""
    same(command(world, "pause", "alice"), 200)
    for method in ("POST", "PUT", "DELETE", "PATCH", "get"):
        own(world.relay.ask(get(ALICE, method=method)), 503, "paused")
    for method in ("GET", "HEAD", "OPTIONS"):
        same(world.pass_on(get(ALICE, method=method), method=method)[1].status, 200, method)
    same(world.relay.status()["tunnels"][0]["paused"], True, "paused")
    same(command(world, "resume", "alice"), 200)
    same(world.pass_on(post(ALICE, b"x"))[1].status, 200)
    same((command(world, "pause", "nobody"), command(world, "frob", "alice")), (404, 404))


def leave(world, agent, host):
    """Ends an agent; returns once nobody is there for the host."""
    agent.kill()
    eventually(
        lambda: world.relay.ask(get(host)).error == "agent-away", f"nobody is there for {host}")


@case()
def pause_outlasts_the_agent(world):
    """It is the operator's word on the name, whoever comes and goes."""
    host, server = f"bob.{DOMAIN}", Server()
    agent = world.listen(name="bob", target=server.target)
    same(command(world, "pause", "bob"), 200)
    for _ in range(2):
        leave(world, agent, host)
        agent = world.listen(name="bob", target=server.target)
        own(world.relay.ask(post(host, b"x")), 503, "paused")
        same(world.relay.ask(get(host)).body, b"seen", "what only reads")
        paused = {each["name"]: each["paused"] for each in world.relay.status()["tunnels"]}
        same(paused, {"alice": False, "bob": True}, "who is paused")
    leave(world, agent, host)
    same(command(world, "resume", "bob"), 200, "without an agent")
    agent = world.listen(name="bob", target=server.target)
    same(world.relay.ask(post(host, b"x")).body, b"seen", "behind 'resume'")
    same(server.seen.count("/"), 3, "requests at the handler")
    agent.kill()
    server.close()


@case()
def disconnect(world):
    """The tunnel's agents are told that they were sent away, and do not come back; others stay."""
    host, server = f"bob.{DOMAIN}", Server()
    # More than once, as an agent may be about to make another of its connections.
    for _ in range(3):
        agents = [world.listen("--share", name="bob", target=server.target) for _ in range(2)]
        same(world.relay.ask(get(host)).body, b"seen", "agents that are started anew")
        same(command(world, "disconnect", "bob"), 200, "'disconnect'")
        for agent in agents:
            check(agent.ended(5) != 0, "an agent that is sent away ends like one that is done")
            error = agent.error()
            check(error.startswith("error: CS-") and "operator" in error, f"not why: {error}")
        own(world.relay.ask(get(host)), 503, "agent-away")
    same(command(world, "disconnect", "nobody"), 404, "a name that nobody has")
    same(world.pass_on(get(ALICE))[1].status, 200, "another tunnel")
    server.close()


@case("--access-log", LOG)
def access_log(world):
    world.pass_on(get(ALICE, "/with\"quotes'and\\more?a=b"))
    world.pass_on(post(ALICE, POOL[:5000], "/body"), answer(b"", "500 Bad"))
    world.relay.ask(get(f"nobody.{DOMAIN}", "/x" * 5000))
    world.relay.ask(b"GET /\r\nforged HTTP/1.1\r\n\r\n")

    def logged():
        lines = LOG.read_text().splitlines()
        return len(lines) >= 4 and lines

    lines = eventually(logged, "four lines")
    same(len(lines), 4, "lines")
    for line in lines:
        check(len(line) < 4096 and line.isprintable(), f"a line of {len(line)}: {line[:200]}")
        check("127.0.0.1" in line, f"no address in {line}")
    check(lines[0].count('"') == 2 and " 200 " in lines[0] and "alice" in lines[0], lines[0])
    check('"POST /body" 500 - 5000 ' in lines[1], lines[1])
    check(" 503 agent-away " in lines[2], lines[2][-100:])
    check(" 400 bad-request " in lines[3], lines[3])
    # For a program that moves it away.
    moved = LOG.rename(LOG.with_suffix(".old"))
    world.relay.signal(signal.SIGHUP)

    def anew():
        world.pass_on(get(ALICE, "/later"))
        return LOG.exists() and "/later" in LOG.read_text()

    eventually(anew, "the new file")
    same(moved.read_text().splitlines()[:4], lines, "the old file")


@case("--rate", RATE)
def rate(world):
    """Octets a second through a tunnel, each way; others are not slowed down."""
    server = Server(lambda wire, request: wire.send(answer(POOL[:3 * RATE // 2])))
    for name, data, count in [
            ("down", get(f"down.{DOMAIN}"), len(POOL[:3 * RATE // 2])),
            ("up", post(f"up.{DOMAIN}", POOL), len(POOL))]:
        target = server if name == "down" else Server()
        agent = world.listen(name=name, target=target.target)
        start = time.monotonic()
        for _ in range(2):
            same(world.relay.ask(data).status, 200, name)
        seconds = time.monotonic() - start
        # A second's worth may come at once.
        least = (2 * count - RATE) / RATE
        check(seconds > 0.8 * least, f"{name}: {2 * count} octets in {seconds:.2f} s")
        check(seconds < 3 * least + 1, f"{name}: {seconds:.2f} s instead of {least:.2f}")
        start = time.monotonic()
        same(world.pass_on(get(ALICE))[1].status, 200, "another tunnel")
        check(time.monotonic() - start < 1, "another tunnel is slowed down")
        agent.kill()


if __name__ == "__main__":
    Suite(__doc__).run()
