"""A seeded exchange through the relay: what the sender sends, what the handler must see, what it
answers, and what the sender must get. A function of the seed and the index alone."""

import dataclasses
import random

from relay_wire import Head

POOL = random.Random(4).randbytes(3 << 20)
METHODS = ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "X-Custom.method"]
FIELDS = [
    "x-oDD-CaSe: odd", "Accept: text/html", "accept: application/json;q=0.5", "ACCEPT: */*",
    "Cookie: a=1", "Cookie: b=2; c=3", "X-Empty:", "X-Empty-Too: ", "X-Tab: a\tb",
    "X-Octets: \xe4\xf6\xfc\xff", "X-Long: " + "l" * 4000, "User-Agent: shapes/1.0 (a; b)",
    "Authorization: Basic YTpi", "X-Quoted: \"a, \\\"b\"", "!#$%&'*+-.^_`|~: token",
    "Content-Type: multipart/form-data; boundary=edge", "X-Colons: a:b: c :d"]
SPOOFED = [
    "X-Forwarded-For: 10.1.2.3", "x-forwarded-proto: gopher", "X-FORWARDED-HOST: evil.example",
    "Forwarded: for=10.1.2.3;host=evil.example", "X-Forwarded-Prefix: /evil",
    "X-Forwarded-Port: 1", "X-Forwarded-For: 10.3.2.1"]
HOP_BY_HOP = [
    "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: trailers",
    "Proxy-Authorization: Basic YTpi"]
ANSWER_FIELDS = [
    "Set-Cookie: a=1; Path=/", "set-cookie: b=2", "Server: shapes", "X-oDD: 1",
    "Date: Tue, 25 Nov 2025 10:00:00 GMT", "ETag: \"abc\"", "X-Empty:", "Vary: Accept, *",
    "Content-Type: text/plain; charset=utf-8", "X-Octets: \xe4\xf6", "Cache-Control: no-store"]
STATUSES = [
    "200 OK", "200 OK", "200 OK", "200 OK", "201 Created", "202 ", "204 No Content",
    "302 Found", "304 Not Modified", "404 Not Found", "418 I'm a teapot", "500 It broke"]


@dataclasses.dataclass
class Message:
    start: str
    fields: list
    body: bytes = b""
    raw_body: bytes = b""

    @property
    def head(self):
        return head_of(self.start, self.fields)


def head_of(start, fields):
    return "\r\n".join([start, *fields, "", ""]).encode("latin-1")


def some_bytes(r, ceiling=1 << 20):
    """A body: small as a rule, empty often, and a megabyte at most."""
    most = r.choices([0, 200, 8 << 10, 100 << 10, 1 << 20], [20, 45, 25, 9, 1])[0]
    size = r.randint(most // 2, most)
    size = min(size, ceiling)
    start = r.randrange(len(POOL) - size)
    return POOL[start:start + size]


def chunked(r, data):
    """The octets in chunks of random sizes, some with extensions, with trailers at times."""
    parts, place = [], 0
    most = r.choice([1, 100, 5000, 1 << 17]) if len(data) < 5000 else r.choice([5000, 1 << 17])
    while place < len(data):
        size = min(r.randint(1, most), len(data) - place)
        text = r.choice([f"{size:x}", f"{size:X}", f"000{size:x}"])
        text += r.choice(["", "", "", ";a=b", ";name", ';q="a; \\"b"', ";c = d"])
        parts += [text.encode(), b"\r\n", data[place:place + size], b"\r\n"]
        place += size
    parts.append(r.choice([b"0\r\n", b"000\r\n", b"0;last=1\r\n"]))
    if r.random() < 0.4:
        parts += [b"X-Sum: 12ab\r\n", b"x-second-trailer:  v \r\n"][:r.randint(1, 2)]
    parts.append(b"\r\n")
    return b"".join(parts)


class Shape:
    """One exchange; `is_direct` is without a relay between, where nothing is changed."""

    def __init__(self, seed, index, scheme, is_direct=False, domain="relay.test", name="alice"):
        r = self.random = random.Random(f"{seed}/{index}")
        self.index, self.scheme, self.is_direct = index, scheme, is_direct
        self.method = r.choices(METHODS, [30, 35, 8, 6, 6, 5, 5, 5])[0]
        self.version = "1.0" if r.random() < 0.06 else "1.1"
        self.closes = self.version == "1.0" or r.random() < 0.06
        self.host = self.host_for(r, f"{name}.{domain}")
        self.sent = self.request(r)
        self.expects = self.version == "1.1" and len(self.sent.body) > 0 and r.random() < 0.1
        if self.expects:
            self.sent.fields.append("Expect: 100-continue")
        self.seen = self.sent if is_direct else self.normalised()
        self.replied = self.answer(r)
        self.got = self.replied.fields if is_direct else self.without_hops(self.replied.fields)
        if self.version == "1.0" and not is_direct:
            # Not for old senders, even where there is no body (RFC 9112, section 6.1).
            self.got = [field for field in self.got if name_of(field) != "transfer-encoding"]
        self.has_no_body = self.method == "HEAD" or self.status in (204, 304)

    @staticmethod
    def host_for(r, host):
        host = "".join(r.choice([c.upper(), c, c]) for c in host)
        return host + r.choice(["", "", ":80", ":12345"])

    @property
    def status(self):
        return int(self.replied.start.split(" ")[1])

    @property
    def is_alone(self):
        """Whether nothing may be sent right behind it."""
        return self.closes or self.expects

    def request(self, r):
        query = r.choice(["", "?", "?a=b&c[]=%20", "?x=/../y", "/;p=1?q=%E2%82%AC", "//a/./b"])
        fields = r.sample(FIELDS, r.randint(0, 7))
        fields += r.sample(SPOOFED, r.choice([0, 0, 0, 1, 3]))
        fields += r.sample(HOP_BY_HOP, r.choice([0, 0, 0, 1, 2]))
        r.shuffle(fields)
        fields.insert(r.choice([0, 0, len(fields)]), f"Host: {self.host}")
        options = [o for o in ["X-Hop", "te", "x-HOP-two"] if r.random() < 0.05]
        fields += [f"{name}: hop" for name in options if name != "te"]
        options += ["close"] if self.closes and self.version == "1.1" else []
        if options:
            fields.append(r.choice(["Connection: ", "connection:"]) + ", ".join(options))
        message = Message(f"{self.method} /shape/{self.index}{query} HTTP/{self.version}", fields)
        needs_body = self.method in ("POST", "PUT", "PATCH")
        if needs_body or r.random() < 0.1:
            message.body = message.raw_body = some_bytes(r)
            if self.version == "1.1" and r.random() < 0.4:
                message.raw_body = chunked(r, message.body)
                fields.append(r.choice(["Transfer-Encoding: chunked", "transfer-encoding:Chunked"]))
            else:
                fields.append(f"Content-Length: {len(message.body)}")
        return message

    def normalised(self):
        """What the relay makes of the request's head."""
        fields = [
            field for field in self.without_hops(self.sent.fields)
            if not name_of(field).startswith("x-forwarded-") and name_of(field) != "forwarded"]
        return dataclasses.replace(
            self.sent, fields=fields + forwarded(self.host, self.scheme))

    @staticmethod
    def without_hops(fields):
        hops = {
            "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade",
            "proxy-authenticate"}
        for field in fields:
            if name_of(field) == "connection":
                hops |= {option.strip().lower() for option in field.split(":", 1)[1].split(",")}
        return [field for field in fields if name_of(field) not in hops]

    def answer(self, r):
        fields = r.sample(ANSWER_FIELDS, r.randint(0, 5))
        message = Message(f"HTTP/1.1 {r.choice(STATUSES)}", fields)
        status = int(message.start.split(" ")[1])
        if r.random() < 0.1:
            fields += ["Keep-Alive: timeout=9", "X-Hop: 1", "Connection: keep-alive, X-Hop"]
        if status == 204:
            self.framing = "none"
        elif status == 304 or self.method == "HEAD":
            self.framing = "none"
            fields += r.choice([[], ["Content-Length: 1234"], ["Transfer-Encoding: chunked"]])
        else:
            self.framing = r.choices(["length", "chunked", "end"], [55, 33, 12])[0]
            if self.framing == "chunked" and self.version == "1.0":
                self.framing = "length"
            message.body = message.raw_body = some_bytes(r)
        if self.framing == "length":
            fields.insert(r.randint(0, len(fields)), f"Content-Length: {len(message.body)}")
        elif self.framing == "chunked":
            message.raw_body = chunked(r, message.body)
            fields.insert(r.randint(0, len(fields)), "Transfer-Encoding: chunked")
        self.handler_closes = self.framing == "end" or r.random() < 0.05
        if self.handler_closes and r.random() < 0.8:
            fields.append("Connection: close")
        elif self.handler_closes and self.framing != "end":
            fields.append("connection: Close")
        return message

    def faults_of_answer(self, head: Head, body, raw_body, is_chunked):
        """What is wrong with the answer that the sender got."""
        expected = self.replied.start.split(" ", 1)[1].encode("latin-1")
        if head.start.split(b" ", 1)[1] != expected:
            yield f"status {head.start} instead of {self.replied.start}"
        ours = set() if self.is_direct else {b"connection", b"keep-alive"}
        if self.framing == "end" and self.version == "1.1" and not self.is_direct:
            ours.add(b"transfer-encoding")
            if not is_chunked and not head.get("Connection"):
                yield "an answer without a length is neither chunked nor the last"
        fields = [line for line in head.lines[1:] if line.split(b":")[0].lower() not in ours]
        wanted = [field.encode("latin-1") for field in self.got]
        if fields != wanted:
            yield f"fields {fields} instead of {wanted}"
        if not self.has_no_body and body != self.replied.body:
            yield f"a body of {len(body)} octets instead of {len(self.replied.body)}, or others"
        if self.framing == "chunked" and is_chunked and raw_body != self.replied.raw_body:
            yield "chunks of other sizes, extensions or trailers"


def name_of(field):
    return field.split(":", 1)[0].lower()


def forwarded(host, scheme, client="127.0.0.1"):
    """What the relay tells the handler about the sender."""
    quoted = f'"{host}"' if ":" in host else host
    return [
        f"X-Forwarded-For: {client}", f"X-Forwarded-Proto: {scheme}", f"X-Forwarded-Host: {host}",
        f"Forwarded: for={client};proto={scheme};host={quoted}"]
