"""A sender that takes nothing for a while, and answers whose ends the relay then holds in its own memory."""

import hashlib
import json
import socket
import ssl
from pathlib import Path

import relay_wire
from relay_shape import POOL
from relay_suite import ALICE, lines
from relay_wire import SECONDS, Wire, get, place
from relay_world import check, eventually, same

# What the system keeps for the sender, asked for before the connection is made.
RECEIVE_BUFFER = 8 << 10
# Octets of an answer that neither sender nor system has taken when its end is sent.
HELD = 128 << 10
# Of an answer, for as long as the system takes all of it, and behind that.
PIECE, SMALL_PIECE = 96 << 10, 32 << 10
# More than any system keeps for one connection.
MOST = 64 << 20


class Session:
    """TLS over a socket, as a connection for a `Wire`: one side can end and the other go on."""

    def __init__(self, connection, ca, name):
        self.socket = connection
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.session = ssl.create_default_context(cafile=ca).wrap_bio(
            self.incoming, self.outgoing, server_hostname=name)
        self.settimeout, self.setsockopt = connection.settimeout, connection.setsockopt
        self.close, self.fileno = connection.close, connection.fileno
        self.getsockname = connection.getsockname
        self.complete(self.session.do_handshake)

    def complete(self, step):
        """Does a step, with all the octets that it takes."""
        while True:
            try:
                result = step()
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.socket.recv(1 << 18)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()

    def flush(self):
        if self.outgoing.pending:
            self.socket.sendall(self.outgoing.read())

    def sendall(self, data):
        self.complete(lambda: self.session.write(data))

    def recv(self, count):
        try:
            return self.complete(lambda: self.session.read(count))
        except ssl.SSLZeroReturnError:
            return b""

    def shutdown(self, _):
        """Says close_notify, and looks at nothing that came meanwhile."""
        try:
            self.session.unwrap()
        except ssl.SSLWantReadError:
            self.flush()
        self.socket.shutdown(socket.SHUT_WR)


def connect(relay):
    """A sender's connection, for which the system keeps little."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    connection.settimeout(SECONDS)
    connection.connect(place(relay.public))
    return Wire(connection if relay.plain else Session(connection, relay.ca, ALICE))


def under_way(relay, sender):
    """Octets from relay to sender that the system holds, on either side."""
    ends = place(relay.public)[1], sender.connection.getsockname()[1]
    count = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        ports = tuple(int(word.rsplit(":", 1)[1], 16) for word in words[1:3])
        unsent, unread = (int(word, 16) for word in words[4].split(":"))
        if ports == ends:
            count += unsent
        elif ports == ends[::-1]:
            count += unread
    return count


class SlowExchange:
    """A request whose answer nobody takes until its end is sent."""

    def __init__(self, world, *fields, version="1.1"):
        self.world, self.version = world, version
        self.admin = relay_wire.connect(world.relay.admin)
        self.sender = connect(world.relay)
        self.sender.send(get(ALICE, "/slow", *fields, version=version))
        self.wire = world.handler.next()
        self.wire.request()
        self.sent, self.digest = 0, hashlib.sha256()

    def begin(self):
        """Sends the answer's head and a first piece, and waits until the sender has some of it."""
        self.start = self.status()["octets_out"]
        self.wire.send(lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked"))
        self.send_piece(SMALL_PIECE)
        eventually(lambda: under_way(self.world.relay, self.sender), "the answer's beginning")
        return self

    def status(self):
        return json.loads(self.admin.ask(get(self.world.relay.admin, "/status")).body)

    def send_piece(self, count):
        """Sends a piece, and waits until the relay has it."""
        begin = self.sent % (len(POOL) - count)
        data = POOL[begin:begin + count]
        self.wire.send(b"%x\r\n" % count, data, b"\r\n")
        self.sent += count
        self.digest.update(data)
        eventually(
            lambda: self.status()["octets_out"] - self.start >= self.sent,
            f"the relay has {self.sent} octets of the answer")

    @property
    def held(self):
        """Octets that the relay holds itself, at the least."""
        return self.sent - under_way(self.world.relay, self.sender)

    def fill(self):
        """Sends as much as makes the relay hold some, and then the answer's end."""
        while (held := self.held) < HELD:
            check(self.sent < MOST, f"the system takes more than {MOST} octets")
            self.send_piece(SMALL_PIECE if held > SMALL_PIECE else PIECE)
        self.wire.send(b"0\r\n\r\n")
        self.world.handler.keep(self.wire)
        eventually(lambda: self.status()["requests"] == 0, "the relay has the whole answer")
        return self

    def is_whole(self):
        """Reads to the end: every octet is there, and the connection ends in order."""
        data, how = self.sender.to_end()
        head, _, body = data.partition(b"\r\n\r\n")
        if self.version == "1.1":
            check(b"chunked" in head, f"the answer has another form: {head}")
            body = unchunked(body)
        note = f"{len(body)} octets of {self.sent}, then {how}"
        check(len(body) == self.sent and how == "end", note)
        same(hashlib.sha256(body).hexdigest(), self.digest.hexdigest(), "SHA-256")
        self.sender.close()
        return f"{self.sent >> 10} KiB"


def unchunked(data):
    """What chunks carry, as far as they came."""
    parts, begin = [], 0
    while (end := data.find(b"\r\n", begin)) > 0:
        size = int(data[begin:end], 16)
        parts.append(data[end + 2:end + 2 + size])
        begin = end + 2 + size + 2
    return b"".join(parts)
