"""An agent of the test's own, for what `countersign listen` would never do: yamux over TLS by hand."""

import json
import socket
import ssl
import struct

from relay_wire import Ended, Wire
from relay_world import SECONDS, check

DATA, WINDOW, PING, GO_AWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8
INITIAL_WINDOW = 262144


class Frame:
    """A frame that came."""

    def __init__(self, kind, flags, stream, length, body=b""):
        self.kind, self.flags, self.stream, self.length = kind, flags, stream, length
        self.body = body

    def __repr__(self):
        return f"frame {self.kind} flags {self.flags} stream {self.stream} length {self.length}"


class Peer:
    """A connection to the relay's agents' side."""

    def __init__(self, relay, protocol="countersign-tunnel/1", receive_buffer=None, seconds=SECONDS):
        host, port = relay.agents.rsplit(":", 1)
        plain = socket.socket()
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.settimeout(seconds)
        plain.connect((host, int(port)))
        context = ssl.create_default_context(cafile=relay.ca)
        context.set_alpn_protocols([protocol] if protocol else [])
        self.wire = Wire(
            context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False),
            seconds)

    def send(self, kind, flags=0, stream=0, length=None, body=b"", version=0):
        length = len(body) if length is None else length
        self.wire.send(struct.pack(">BBHII", version, kind, flags, stream, length), body)
        return self

    def frame(self):
        """The next frame; pings are answered on the way."""
        while True:
            _, kind, flags, stream, length = struct.unpack(">BBHII", self.wire.exactly(12))
            if kind == PING and flags & SYN:
                self.send(PING, ACK, length=length)
                continue
            body = self.wire.exactly(length) if kind == DATA else b""
            return Frame(kind, flags, stream, length, body)

    def register(self, name, **members):
        """Registers; gives what the relay says."""
        message = {
            "type": "register", "version": 1, "agent": f"peer-{id(self)}", "name": name, "line": 0}
        self.send(DATA, SYN, 1, body=json.dumps(message | members).encode() + b"\n")
        text = b""
        while b"\n" not in text:
            text += self.frame().body
        return json.loads(text)

    def request(self):
        """The stream of the next request, and the first octets of it."""
        while True:
            frame = self.frame()
            if frame.kind == DATA and frame.flags & SYN:
                return frame.stream, frame.body

    def answer(self, stream, data, flags=ACK | FIN):
        return self.send(DATA, flags, stream, body=data)

    def ended(self):
        """That the relay closes the connection; what it sent before that is passed over."""
        try:
            while True:
                self.frame()
        except Ended:
            self.close()
        except TimeoutError:
            check(False, "the relay keeps the connection")

    def shut(self):
        """Ends both directions; who reads learns it."""
        try:
            self.wire.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # The relay was first.

    def close(self):
        self.shut()
        self.wire.close()
