"""Who a sender is where something trusted stands in front of the relay, and who it is elsewhere."""

from pathlib import Path

from relay_handler import Server
from relay_suite import Suite, case, own
from relay_wire import get
from relay_world import DOMAIN, check, eventually, folder, same

BOB = f"bob.{DOMAIN}"
LOG = Path(folder()) / "access.log"
INSIDE, OUTSIDE, SIXTH = "203.0.113.5", "198.51.100.7", "2001:db8::7"
RANGES = ("203.0.113.0/24", "2001:db8::/32")
# X-Forwarded-For, field by field, and where the request then comes from.
TRUSTED = [
    ([INSIDE], INSIDE), ([OUTSIDE], OUTSIDE), ([SIXTH], SIXTH),
    ([f"{INSIDE}, {OUTSIDE}"], OUTSIDE), ([f"{OUTSIDE}, {INSIDE}"], INSIDE),
    ([INSIDE, OUTSIDE], OUTSIDE), ([OUTSIDE, INSIDE], INSIDE), ([f"{INSIDE},{OUTSIDE}"], OUTSIDE),
    ([f"{INSIDE}, 127.0.0.1"], INSIDE), ([f"{INSIDE}, 10.1.2.3, 127.0.0.1"], INSIDE),
    ([f"{INSIDE}, {OUTSIDE}, 10.1.2.3"], OUTSIDE), ([INSIDE, OUTSIDE, "127.0.0.1"], OUTSIDE),
    ([OUTSIDE, INSIDE, "127.0.0.1"], INSIDE), ([f"{OUTSIDE} ,\t{INSIDE}\t"], INSIDE),
    ([], "127.0.0.1")]
UNREADABLE = [f"{INSIDE}, unknown", f"{INSIDE}, not-an-address", f"{INSIDE}, 203.0.113.5.6", "unknown"]


def fields(words):
    return [f"X-Forwarded-For: {text}" for text in words]


class Guarded:
    """A tunnel for senders of these ranges alone, and the lines that the relay writes about it."""

    def __init__(self, world, *ranges):
        self.world, self.server = world, Server()
        arguments = [word for text in ranges for word in ("--allow", text)]
        self.agent = world.listen(*arguments, name="bob", target=self.server.target)
        self.sender = world.connect()
        self.count = 0

    def ask(self, *more, path=""):
        """The answer to a request with these fields, all of them on one connection."""
        host, target = (DOMAIN, f"/bob{path}") if path else (BOB, "/")
        self.count += 1
        return self.sender.ask(get(host, target, *more))

    def is_open(self, expected, *more, what):
        found = self.ask(*more)
        if expected:
            same((found.status, found.error), (200, None), what)
        else:
            own(found, 403, "not-allowed")

    def end(self):
        self.agent.kill()
        self.server.close()


def logged(count):
    """The addresses of the last lines of the log."""
    lines = eventually(
        lambda: LOG.exists() and len(LOG.read_text().splitlines()) >= count
        and LOG.read_text().splitlines(), f"{count} lines of the log")
    return [line.split(" ")[1] for line in lines]


@case("--trust-forwarded", "127.0.0.1", "--trust-forwarded", "10.0.0.0/8", "--access-log", LOG,
      alone=True)
def sender_behind_trusted_ones(world):
    """From the right, the first that is not trusted: what is left of it anybody may write."""
    guarded = Guarded(world, *RANGES)
    for words, sender in TRUSTED:
        guarded.is_open(sender in (INSIDE, SIXTH), *fields(words), what=f"{words}")
    same(logged(guarded.count), [sender for _, sender in TRUSTED], "the addresses in the log")
    same(len(guarded.server.seen), sum(sender in (INSIDE, SIXTH) for _, sender in TRUSTED))
    guarded.end()


@case("--trust-forwarded", "127.0.0.1")
def words_that_are_no_address(world):
    """They open nothing, nor does what is left of them."""
    guarded = Guarded(world, *RANGES)
    for text in UNREADABLE:
        found = guarded.ask(*fields([text]))
        check(found.status >= 400, f"{text!r} opens the tunnel")
    same(guarded.server.seen, [], "what the handler saw")
    guarded.end()


@case("--trust-forwarded", "127.0.0.1")
def name_in_the_path_and_others(world):
    """Whatever way a request finds its tunnel, and whatever else is said about its sender."""
    guarded = Guarded(world, *RANGES)
    for words, status in [([INSIDE], 200), ([f"{INSIDE}, {OUTSIDE}"], 403), ([], 403)]:
        same(guarded.ask(*fields(words), path="/x").status, status, f"{words}")
    for field in (f"Forwarded: for={INSIDE}", f"X-Real-IP: {INSIDE}", f"X-Forwarded: {INSIDE}",
                  f"X-Forwarded-Host: {INSIDE}", f"Forwarded-For: {INSIDE}"):
        guarded.is_open(False, field, what=field)
        guarded.is_open(False, field, *fields([OUTSIDE]), what=field)
    guarded.end()


@case("--trust-forwarded", "127.0.0.1")
def trusted_ones_themselves(world):
    """Who is trusted and forwards for nobody is the sender."""
    guarded = Guarded(world, "127.0.0.1")
    for words, expected in [
            ([], True), (["127.0.0.1"], True), ([INSIDE], False), ([f"127.0.0.1, {INSIDE}"], False)]:
        guarded.is_open(expected, *fields(words), what=f"{words}")
    guarded.end()


@case("--access-log", LOG.with_suffix(".other"), alone=True)
def nobody_is_trusted(world):
    """Then the field says nothing."""
    for ranges, expected in [(RANGES, False), (("127.0.0.1",), True)]:
        guarded = Guarded(world, *ranges)
        for words, _ in TRUSTED:
            guarded.is_open(expected, *fields(words), what=f"{words}")
        guarded.end()
    text = eventually(lambda: LOG.with_suffix(".other").read_text(), "the log")
    same({line.split(" ")[1] for line in text.splitlines()}, {"127.0.0.1"}, "addresses in the log")


@case("--trust-forwarded", "10.0.0.0/8")
def others_are_trusted(world):
    """And not the one that the connection comes from."""
    guarded = Guarded(world, *RANGES)
    for words, _ in TRUSTED:
        guarded.is_open(False, *fields(words), what=f"{words}")
    guarded.end()


if __name__ == "__main__":
    Suite(__doc__).run()
