"""Whom a request is for, and what the handler is told about where it came from."""

from relay_suite import ALICE, Suite, case, lines, own, tail
from relay_wire import get
from relay_world import DOMAIN, check, same


@case()
def hop_by_hop_fields_stay(world):
    sent = lines(
        "GET / HTTP/1.1", f"Host: {ALICE}", "Connection: x-one, X-TWO , keep-alive",
        "Connection: ,x-three,", "X-One: 1", "x-two: 2", "X-Three: 3", "X-Four: 4",
        "Keep-Alive: timeout=1", "Proxy-Connection: close", "TE: trailers", "Upgrade: h2c",
        "Proxy-Authorization: Basic YTpi", "X-One-More: 5")
    reply = lines(
        "HTTP/1.1 200 OK", "Connection: X-One", "X-One: 1", "X-Two: 2", "Keep-Alive: timeout=1",
        "Proxy-Authenticate: Basic", "Upgrade: h2c", "Content-Length: 0", "X-One-More: 5")
    request, found = world.pass_on(sent, reply)
    same(
        request.head.raw, lines(
            "GET / HTTP/1.1", f"Host: {ALICE}", "X-Four: 4", "X-One-More: 5", *tail(world)),
        "the head at the handler")
    same(
        found.head.raw,
        lines("HTTP/1.1 200 OK", "X-Two: 2", "Content-Length: 0", "X-One-More: 5"), "the answer")


@case()
def connection_names_what_must_stay(world):
    """`Connection` cannot be used to take away what framing, routing and trust need."""
    sent = lines(
        "POST / HTTP/1.1", f"Host: {ALICE}",
        "Connection: Host, Content-Length, X-Forwarded-For, X-Forwarded-Host, Forwarded",
        "Content-Length: 2") + b"ab"
    request, _ = world.pass_on(sent)
    same(
        request.head.raw,
        lines("POST / HTTP/1.1", f"Host: {ALICE}", "Content-Length: 2", *tail(world)), "the head")
    same(request.body, b"ab", "the body")


SPOOFED = [
    "X-Forwarded-For: 1.2.3.4", "x-forwarded-for: 5.6.7.8", "X-FORWARDED-PROTO: gopher",
    "X-Forwarded-Host: evil", "X-Forwarded-Port: 1", "X-Forwarded-Prefix: /evil",
    "X-Forwarded-Anything: 1", "Forwarded: for=1.2.3.4;host=evil"]


@case()
def spoofed_forwarding_is_removed(world):
    request, _ = world.pass_on(get(ALICE, "/", *SPOOFED, "X-Forwarded: kept"))
    same(
        request.head.raw,
        lines("GET / HTTP/1.1", f"Host: {ALICE}", "X-Forwarded: kept", *tail(world)), "the head")


@case("--trust-forwarded", "127.0.0.0/8")
def trusted_forwarding_is_kept(world):
    request, _ = world.pass_on(get(ALICE, "/", *SPOOFED[:1], "Forwarded: for=1.2.3.4;proto=https"))
    same(request.head.all("X-Forwarded-For"), ["1.2.3.4", "127.0.0.1"], "X-Forwarded-For")
    check("for=1.2.3.4;proto=https" in request.head.all("Forwarded")[0], "Forwarded is not kept")
    request, _ = world.pass_on(get(
        ALICE, "/", "X-Forwarded-Proto: https", "X-Forwarded-Host: outer.example"))
    same(request.head.all("X-Forwarded-Proto"), ["https"], "X-Forwarded-Proto")
    same(request.head.all("X-Forwarded-Host"), ["outer.example"], "X-Forwarded-Host")


@case("--trust-forwarded", "10.0.0.0/8", "--trust-forwarded", "192.0.2.1")
def others_are_not_trusted(world):
    request, _ = world.pass_on(get(ALICE, "/", *SPOOFED))
    same(request.head.raw, lines("GET / HTTP/1.1", f"Host: {ALICE}", *tail(world)), "the head")


@case()
def names_in_the_path(world):
    address = world.relay.public.rsplit(":", 1)[0]
    for host in (DOMAIN, "RELAY.test:8443", address, world.relay.public):
        for target, expected in [
                ("/alice/rest/of?a=b", "/rest/of?a=b"), ("/alice", "/"), ("/alice/", "/"),
                ("/alice?a=b", "/?a=b"), ("/alice//double/../x", "//double/../x"),
                ("/Alice/case", "/case")]:
            request, found = world.pass_on(get(host, target))
            same(request.target, expected, f"{target} for {host}")
            same(request.head.get("X-Forwarded-Prefix"), "/alice", "X-Forwarded-Prefix")
            same(request.head.get("Host"), host, "Host")
            same(found.status, 200)
    for target in ("/", "/nobody/x", "/alice.x/", "/%61lice/", "//alice/", "/-/"):
        found = world.relay.ask(get(DOMAIN, target))
        check(found.status in (404, 503), f"{target} is answered with {found.status}")


@case()
def hosts(world):
    for host in ("ALICE.Relay.TEST", f"{ALICE}:1", f"{ALICE}:443", "Alice.relay.test:65535"):
        request, _ = world.pass_on(get(host))
        same(request.head.raw, lines("GET / HTTP/1.1", f"Host: {host}", *tail(world, host)))
    for host in (
            "other.example", "alice.other.example", f"{DOMAIN}.evil", "alicerelay.test",
            f"x.{ALICE}", f".{DOMAIN}", f"al_ice.{DOMAIN}", ""):
        own(world.relay.ask(get(host)), 404, "unknown-host")
    own(world.relay.ask(get(f"nobody.{DOMAIN}")), 503, "agent-away")


@case()
def kinds_of_targets(world):
    for target, expected in [
            (f"http://{ALICE}/whole?url", "/whole?url"), (f"HTTP://{ALICE}", "/"),
            (f"https://{ALICE}?a", "/?a"), ("/" + "x" * 30000, "/" + "x" * 30000)]:
        request, _ = world.pass_on(get(ALICE, target))
        same(request.target, expected, target[:60])
    request, _ = world.pass_on(get(ALICE, "*", method="OPTIONS"), method="OPTIONS")
    same(request.target, "*", "OPTIONS")


if __name__ == "__main__":
    Suite(__doc__).run()
