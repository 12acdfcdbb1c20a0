"""Agents that break the tunnel's protocol, or use it to hurt: the relay drops them, or bears them."""

import json
import struct
import threading
import time

from relay_peer import ACK, DATA, FIN, GO_AWAY, INITIAL_WINDOW, PING, RST, SYN, WINDOW, Peer
from relay_pressure import MOST_MEMORY, MOST_UNDER_WAY, until_stalled
from relay_shape import POOL
from relay_suite import ALICE, CASES, Suite, case, own
from relay_wire import Ended, answer, get
from relay_world import DOMAIN, check, eventually, same

# Those of relay_pressure.py are not ours.
CASES.clear()
MALLORY = f"mallory.{DOMAIN}"


def mallory(world, **options):
    """A peer that has the name, and behind it nothing that works."""
    peer = Peer(world.relay, **options)
    told = peer.register("mallory")
    same(told["type"], "registered", f"{told}")
    return peer


def begin(world, peer, data=None):
    """A request at the peer: the sender's end, and the stream."""
    sender = world.connect()
    sender.send(data or get(MALLORY))
    stream, body = peer.request()
    check(body.startswith((b"GET ", b"POST ")), f"a stream that begins with {body[:50]}")
    return sender, stream


def others_are_served(world):
    same(world.pass_on(get(ALICE))[1].status, 200, "somebody else's request")


def name_is_free(world):
    eventually(lambda: world.relay.ask(get(MALLORY)).error == "agent-away", "the name is free", 5)


class Growth:
    """How much more memory the relay takes."""

    def __init__(self, world):
        self.relay, self.start = world.relay, world.relay.memory

    def look(self):
        grown = self.relay.memory - self.start
        check(grown < MOST_MEMORY, f"the relay grew by {grown >> 20} MiB")
        return f"+{grown >> 20} MiB"


@case()
def works_by_hand(world):
    peer = mallory(world)
    for number in range(3):
        sender, stream = begin(world, peer)
        check(stream % 2 == 0, f"the relay opens stream {stream}")
        peer.answer(stream, answer(b"by hand"))
        same(sender.answer().body, b"by hand")
        sender.close()
    peer.close()
    name_is_free(world)


@case()
def window_that_is_never_given_back(world):
    """The stream stalls at its window, its sender is slowed down, the others go on."""
    peer, growth = mallory(world), Growth(world)
    sender, stream = begin(world, peer, get(
        MALLORY, "/", f"Content-Length: {1 << 30}", method="POST"))
    peer.send(WINDOW, ACK, stream, 0)
    got, sizes = 0, []

    def read():
        nonlocal got
        try:
            while True:
                frame = peer.frame()
                if frame.stream == stream:
                    got += len(frame.body)
                    sizes.append(len(frame.body))
                elif frame.flags & SYN:
                    peer.answer(frame.stream, answer(b"another"))
        except (Ended, TimeoutError, OSError):
            pass

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    sent = until_stalled(sender, growth)
    check(sent < MOST_UNDER_WAY, f"{sent >> 20} MiB are taken although the window is used up")
    for _ in range(20):
        same(world.relay.ask(get(MALLORY)).body, b"another", "a request in the same tunnel")
    others_are_served(world)
    check(got <= INITIAL_WINDOW, f"{got} octets came over a window of {INITIAL_WINDOW}")
    check(got > INITIAL_WINDOW - 65536, f"only {got} octets came")
    note = f"stalled at {sent >> 10} KiB, {growth.look()}"
    sender.close()
    # The descriptor is another connection's as soon as it is closed: first let the reader go.
    peer.shut()
    reader.join()
    peer.close()
    name_is_free(world)
    return note


@case()
def peer_that_never_reads(world):
    """Its connection fills up; what is for it waits with the senders, not in memory."""
    peer, growth = mallory(world, receive_buffer=4096), Growth(world)
    senders = []
    for number in range(50):
        sender = world.connect()
        sender.connection.settimeout(0.05)
        try:
            sender.connection.sendall(
                get(MALLORY, f"/{number}", f"Content-Length: {8 << 20}", method="POST"))
            sender.connection.sendall(POOL + POOL)
        except OSError:
            pass
        senders.append(sender)
    note = growth.look()
    others_are_served(world)
    for sender in senders:
        sender.close()
    peer.close()
    name_is_free(world)
    return note


@case()
def slow_reader_of_a_peer(world):
    """What a sender does not read is not asked for: the windows are used up, and memory stays flat."""
    peer, growth = mallory(world), Growth(world)
    windows, senders = {}, {}
    for _ in range(9):
        sender, stream = begin(world, peer)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
        peer.send(DATA, ACK, stream, body=head)
        same(sender.head().get("Content-Length"), "100000000")
        windows[stream], senders[stream] = INITIAL_WINDOW - len(head), sender
    sent, deadline = dict.fromkeys(windows, 0), time.monotonic() + 3
    peer.wire.connection.settimeout(0.3)
    while time.monotonic() < deadline:
        for stream, room in windows.items():
            if room > 0:
                data = POOL[:min(room, 1 << 16)]
                peer.send(DATA, 0, stream, body=data)
                windows[stream] -= len(data)
                sent[stream] += len(data)
        if not any(room > 0 for room in windows.values()):
            try:
                frame = peer.frame()
            except TimeoutError:
                break
            if frame.kind == WINDOW and frame.stream in windows:
                windows[frame.stream] += frame.length
    else:
        check(False, f"the relay takes more and more: {sent}")
    most = max(sent.values())
    check(most < MOST_UNDER_WAY // 4, f"{most >> 20} MiB are taken for a sender that reads nothing")
    note = f"stalled at {most >> 10} KiB each, {growth.look()}"
    peer.wire.connection.settimeout(20)
    others_are_served(world)
    for sender in senders.values():
        sender.close()
    peer.close()
    name_is_free(world)
    return note


@case()
def no_answer_to_pings(world):
    """Given up between 10 and 20 seconds later, and the name is free at once."""
    peer = mallory(world)
    sender, _ = begin(world, peer)
    start = time.monotonic()
    sender.connection.settimeout(30)
    own(sender.answer(), 502, "agent-lost")
    seconds = time.monotonic() - start
    check(5 < seconds < 25, f"given up after {seconds:.1f} s")
    name_is_free(world)
    peer.close()
    return f"after {seconds:.1f} s"


def broken(name, *send):
    """A frame that no peer may send: the connection ends, its requests with 502, and nothing else."""
    def run(world):
        peer = mallory(world)
        sender, stream = begin(world, peer)
        try:
            for data in send:
                peer.wire.send(data(stream) if callable(data) else data)
        except Ended:
            pass  # It is found out before all of it is sent.
        own(sender.answer(), 502, "agent-lost")
        peer.ended()
        others_are_served(world)
        name_is_free(world)
    run.__name__ = "violation_" + name
    case()(run)


def header(kind, flags=0, stream=0, length=0, version=0):
    return struct.pack(">BBHII", version, kind, flags, stream, length)


broken("version", header(PING, SYN, version=1))
broken("kind", header(9))
broken("open_even_stream", header(DATA, SYN, 1000))
broken("open_stream_again", header(DATA, SYN, 1))
broken("stream_0", header(DATA, 0, 0, 5) + b"hello")
broken("ping_on_a_stream", header(PING, SYN, 2))
broken("go_away_on_a_stream", header(GO_AWAY, 0, 2))
broken("window_overflow", lambda stream: header(WINDOW, ACK, stream, 0xFFFFFFFF) * 2)
broken(
    "more_than_the_window",
    lambda stream: header(DATA, ACK, stream, INITIAL_WINDOW + 1) + POOL[:INITIAL_WINDOW + 1])
broken("huge_frame", lambda stream: header(DATA, ACK, stream, 0xFFFFFFFF) + POOL[:1 << 16])


@case()
def frames_for_nobody(world):
    """Late frames for streams that are over, and the like, are no violation."""
    peer = mallory(world)
    sender, stream = begin(world, peer)
    peer.answer(stream, answer(b"fine"))
    same(sender.answer().body, b"fine")
    late = header(WINDOW, 0, stream, 100) + header(DATA, 0, stream, 4) + b"late"
    late += header(DATA, RST, stream) + header(WINDOW, RST, 77777) + header(DATA, FIN, 4444)
    late += header(PING, ACK, 0, 12345)
    peer.wire.send(late * 50)
    sender, stream = begin(world, peer)
    peer.answer(stream, answer(b"still fine"))
    same(sender.answer().body, b"still fine")
    peer.close()
    name_is_free(world)


@case()
def many_pings(world):
    """Answered, or not; but the relay's memory does not grow by a peer that reads no answers."""
    peer, growth = mallory(world, receive_buffer=4096), Growth(world)
    peer.wire.connection.settimeout(1)
    try:
        for _ in range(400):
            peer.wire.connection.sendall(header(PING, SYN, 0, 7) * 5000)
    except (TimeoutError, OSError):
        pass
    note = growth.look()
    others_are_served(world)
    peer.close()
    name_is_free(world)
    return note


@case()
def streams_of_the_peer(world):
    """A registered agent may open no further streams."""
    peer = mallory(world)
    for number in range(3, 203, 2):
        peer.send(DATA, SYN, number, body=b"let me in")
    resets = set()
    while len(resets) < 100:
        frame = peer.frame()
        if frame.flags & RST:
            resets.add(frame.stream)
    sender, stream = begin(world, peer)
    peer.answer(stream, answer(b"fine"))
    same(sender.answer().body, b"fine")
    peer.close()
    name_is_free(world)


@case()
def answers_that_are_none(world):
    for data, flags in [
            (b"hello\r\n\r\n", ACK | FIN), (b"", ACK | FIN), (b"HTTP/1.1 200 OK\r\n", ACK | FIN),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", ACK | FIN),
            (b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n", ACK), (b"", ACK | RST),
            (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 600000 + b"\r\n\r\n", ACK)]:
        peer = mallory(world)
        sender, stream = begin(world, peer)
        for start in range(0, max(len(data), 1), 200000):
            part = data[start:start + 200000]
            is_last = start + 200000 >= len(data)
            peer.send(DATA, flags if is_last else ACK, stream, body=part)
        found = sender.answer()
        reasons = ("bad-answer", "agent-lost", "agent-reset")
        check(found.status == 502 and found.error in reasons, f"{found}")
        sender.close()
        peer.close()
        name_is_free(world)
    others_are_served(world)


@case()
def registrations_that_are_none(world):
    def text(**members):
        base = {"type": "register", "version": 1, "agent": "a", "name": "mallory", "line": 0}
        return json.dumps({**base, **members}).encode() + b"\n"

    for data in (
            b"\n", b"hello\n", b"{}\n", b"[]\n", b"\xff\xfe\n", text(version=2), text(agent=""),
            text(agent="a" * 100), text(name="no_name"), text(name="x" * 64), text(name=".."),
            text(type="registered"), text(allow=["everybody"]), text(allow=["10.0.0.0/8"] * 300),
            b"[" * 60000 + b"\n", text(agent=None), text(version=None)):
        peer = Peer(world.relay)
        peer.send(DATA, SYN, 1, body=data)
        peer.ended()
        name_is_free(world)
    peer = Peer(world.relay)
    peer.send(DATA, SYN, 1, body=b"x" * 70000)
    peer.ended()
    for protocol in ("http/1.1", None, "h2"):
        try:
            peer = Peer(world.relay, protocol=protocol)
            peer.wire.send(get(ALICE))
            peer.ended()
        except (Ended, OSError):
            pass
    others_are_served(world)


if __name__ == "__main__":
    Suite(__doc__).run()
