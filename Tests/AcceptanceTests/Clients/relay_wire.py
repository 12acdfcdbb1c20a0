"""HTTP/1.1 as octets on sockets, for tests of the relay: both the sender's end and the handler's."""

import dataclasses
import socket
import ssl

SECONDS = 20


class Ended(Exception):
    """The peer ended the connection before what was waited for: `end`, `reset` or `cut` (TLS)."""


class NotHTTP(Exception):
    """What came is no HTTP."""


@dataclasses.dataclass
class Head:
    """A request's or an answer's head, octet by octet."""

    raw: bytes

    @property
    def lines(self):
        return self.raw[:-4].split(b"\r\n")

    @property
    def start(self):
        return self.lines[0]

    @property
    def fields(self):
        return [tuple(line.split(b":", 1)) for line in self.lines[1:]]

    def all(self, name):
        name = name.lower().encode()
        return [value.strip().decode() for key, value in self.fields if key.lower() == name]

    def get(self, name):
        return ", ".join(self.all(name)) if self.all(name) else None

    @property
    def names(self):
        return [key.decode() for key, _ in self.fields]


@dataclasses.dataclass
class Request:
    head: Head
    body: bytes = b""
    raw_body: bytes = b""

    @property
    def method(self):
        return self.head.start.split(b" ")[0].decode()

    @property
    def target(self):
        return self.head.start.split(b" ")[1].decode()


@dataclasses.dataclass
class Answer:
    head: Head
    body: bytes = b""
    raw_body: bytes = b""
    interim: list = dataclasses.field(default_factory=list)

    @property
    def status(self):
        return int(self.head.start.split(b" ")[1])

    @property
    def error(self):
        """The reason that the relay names on an answer of its own."""
        return self.head.get("Countersign-Error")


class Wire:
    """A connection, and what has come over it and is not taken yet."""

    def __init__(self, connection, seconds=SECONDS):
        connection.settimeout(seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection, self.rest = connection, bytearray()

    def send(self, *parts):
        try:
            self.connection.sendall(b"".join(parts))
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            raise Ended("reset") from None
        return self

    def end(self):
        """Says that nothing follows, and goes on reading."""
        self.connection.shutdown(socket.SHUT_WR)

    def close(self):
        self.connection.close()

    def cut(self):
        """Closes with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()

    def fill(self):
        try:
            data = self.connection.recv(1 << 18)
        except TimeoutError:
            raise TimeoutError(f"nothing came behind {bytes(self.rest[-200:])!r}") from None
        except ssl.SSLEOFError:
            raise Ended("cut") from None
        except (ConnectionError, ssl.SSLError):
            raise Ended("reset") from None
        if not data:
            raise Ended("end")
        self.rest += data

    def until(self, mark, limit=1 << 20):
        while (place := self.rest.find(mark)) < 0:
            if len(self.rest) > limit:
                raise NotHTTP(f"no {mark!r} in {len(self.rest)} octets")
            self.fill()
        return self.exactly(place + len(mark))

    def exactly(self, count):
        while len(self.rest) < count:
            self.fill()
        data = bytes(self.rest[:count])
        del self.rest[:count]
        return data

    def to_end(self):
        """All that comes, and how it ended."""
        try:
            while True:
                self.fill()
        except Ended as reason:
            data, self.rest = bytes(self.rest), bytearray()
            return data, str(reason)

    def head(self):
        return Head(self.until(b"\r\n\r\n"))

    def chunked(self):
        """A chunked body with its trailers: as it came, and what it carries."""
        raw, data = [], []
        while True:
            line = self.until(b"\r\n")
            raw.append(line)
            size = int(line.split(b";")[0].strip(), 16)
            if size == 0:
                break
            raw.append(self.exactly(size + 2))
            data.append(raw[-1][:-2])
        while True:
            line = self.until(b"\r\n")
            raw.append(line)
            if line == b"\r\n":
                return b"".join(raw), b"".join(data)

    def body(self, head):
        """The body behind a head: as it came, and what it carries."""
        if head.get("Transfer-Encoding"):
            return self.chunked()
        data = self.exactly(int(head.get("Content-Length") or 0))
        return data, data

    def request(self):
        head = self.head()
        raw, body = self.body(head)
        return Request(head, body, raw)

    def answer(self, method="GET"):
        """An answer with all interim ones before it."""
        interim = []
        while True:
            head = self.head()
            if not head.start.startswith(b"HTTP/1."):
                raise NotHTTP(f"{head.raw[:200]!r}")
            answer = Answer(head, interim=interim)
            if 100 <= answer.status < 200 and answer.status != 101:
                interim.append(head)
                continue
            if method == "HEAD" or answer.status in (101, 204, 304):
                return answer
            if head.get("Transfer-Encoding") or head.get("Content-Length") is not None:
                answer.raw_body, answer.body = self.body(head)
            else:
                answer.raw_body, how = self.to_end()
                answer.body = answer.raw_body
                if how != "end":
                    raise Ended(how)
            return answer

    def ask(self, data, method="GET"):
        return self.send(data).answer(method)


def place(address):
    """Host and port of HOST:PORT."""
    host, port = address.rsplit(":", 1)
    return host.strip("[]"), int(port)


def connect(address, ca=None, name=None, seconds=SECONDS, alpn=None):
    """A connection to HOST:PORT; with `ca` it is TLS, for the host `name`."""
    connection = socket.create_connection(place(address), timeout=seconds)
    if ca:
        context = ssl.create_default_context(cafile=ca)
        if alpn:
            context.set_alpn_protocols(alpn)
        connection = context.wrap_socket(
            connection, server_hostname=name, suppress_ragged_eofs=False)
    return Wire(connection, seconds)


def get(host, target="/", *fields, method="GET", version="1.1"):
    """A request without a body."""
    lines = [f"{method} {target} HTTP/{version}", f"Host: {host}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post(host, body=b"", target="/", *fields, method="POST"):
    """A request with a body of a known length."""
    return get(host, target, *fields, f"Content-Length: {len(body)}", method=method) + body


def answer(body=b"", status="200 OK", *fields):
    """An answer with a body of a known length."""
    lines = [f"HTTP/1.1 {status}", *fields, f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
