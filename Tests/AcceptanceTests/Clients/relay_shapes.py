"""Sends seeded exchanges of all shapes through a relay and an agent, and compares every octet.

    relay_shapes.py PROGRAM [COUNT] [SEED] [--first INDEX] [--direct] [--only plain-1|tls-1|…]

COUNT exchanges are spread over four set-ups: the public side plain and with TLS, one event loop and
three. 32 senders work at once; some pipeline. The handler compares the request's head with what the
relay has to make of it, and the SHA-256 of its body; the sender compares the answer's. `--direct`
leaves the relay out, which tests this program. One line per failure; exit code 1 with any.
"""

import argparse
import asyncio
import hashlib
import ssl
import sys
import time
from types import SimpleNamespace

from relay_shape import Shape
from relay_wire import Head
from relay_world import DOMAIN, Agent, Relay

PARALLEL = 32
SECONDS = 30
MOST_FAILURES = 20
LIMIT = 1 << 21


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Run:
    """The exchanges of one set-up."""

    def __init__(self, options, indices, scheme):
        self.options, self.indices, self.scheme = options, iter(indices), scheme
        self.shapes, self.failures, self.octets = {}, 0, 0
        self.requests, self.answers, self.connections = 0, 0, 0

    def fail(self, index, reason):
        self.failures += 1
        print(f"FAIL {self.scheme} {index}: {str(reason)[:1500]}", flush=True)

    # The handler

    async def handle(self, reader, writer):
        self.connections += 1
        try:
            while await self.handle_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def handle_one(self, reader, writer):
        head = Head(await reader.readuntil(b"\r\n\r\n"))
        target = head.start.split(b" ")[1].decode()
        index = int(target.split("/shape/")[1].split("/")[0].split("?")[0])
        shape = self.shapes[index]
        if head.raw != shape.seen.head:
            self.fail(index, f"the handler saw {head.raw} instead of {shape.seen.head}")
        if shape.expects:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw, body = await read_body(reader, head)
        self.requests += 1
        if sha256(body) != sha256(shape.sent.body):
            self.fail(index, f"the handler saw another body: {len(body)} octets")
        elif raw != shape.sent.raw_body:
            self.fail(index, "the handler saw other chunks")
        await write(writer, shape.random, shape.replied.head + shape.replied.raw_body)
        return not (shape.handler_closes or (self.options.direct and shape.closes))

    # The senders

    def group(self):
        """Exchanges that are sent in one go."""
        group = []
        for index in self.indices:
            shape = Shape(self.options.seed, index, self.scheme, self.options.direct)
            self.shapes[index] = shape
            group.append(shape)
            is_last = shape.is_alone or shape.random.random() < 0.7
            if is_last or (self.options.direct and shape.handler_closes):
                break
        return group

    async def work(self, connect):
        reader = writer = None
        while self.failures < MOST_FAILURES and (group := self.group()):
            if writer is None:
                reader, writer = await connect()
            try:
                async with asyncio.timeout(SECONDS):
                    is_open = await self.exchange(reader, writer, group)
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
                self.fail(group[-1].index, f"{type(error).__name__}: {error}")
                is_open = False
            if not is_open:
                writer.close()
                writer = None
        if writer:
            writer.close()

    async def exchange(self, reader, writer, group):
        going = asyncio.Event()
        sending = asyncio.create_task(self.send(writer, group, going))
        try:
            for shape in group:
                is_open = await self.receive(reader, shape, going)
                self.answers += 1
                self.octets += len(shape.sent.raw_body) + len(shape.replied.raw_body)
                del self.shapes[shape.index]
            await sending
        finally:
            sending.cancel()
        if not is_open and await reader.read(1):
            self.fail(group[-1].index, "something behind the last answer")
        return is_open

    async def send(self, writer, group, going):
        for shape in group:
            if shape.expects:
                await write(writer, shape.random, shape.sent.head)
                await going.wait()
                await write(writer, shape.random, shape.sent.raw_body)
            else:
                await write(writer, shape.random, shape.sent.head + shape.sent.raw_body)

    async def receive(self, reader, shape, going):
        """Takes an answer; whether the connection stays open."""
        head = Head(await reader.readuntil(b"\r\n\r\n"))
        if shape.expects:
            if head.start != b"HTTP/1.1 100 Continue":
                self.fail(shape.index, f"{head.start} instead of 100")
            going.set()
            head = Head(await reader.readuntil(b"\r\n\r\n"))
        is_chunked = head.get("Transfer-Encoding") is not None
        closes = "close" in (head.get("Connection") or "").lower() or shape.version == "1.0"
        raw = body = b""
        if not shape.has_no_body:
            if not is_chunked and head.get("Content-Length") is None:
                raw = body = await reader.read(-1)
                closes = True
            else:
                raw, body = await read_body(reader, head)
        for fault in shape.faults_of_answer(head, body, raw, is_chunked):
            self.fail(shape.index, fault)
        if not self.options.direct and closes != shape.closes:
            self.fail(shape.index, f"the sender asked to close: {shape.closes}, it does: {closes}")
        return not (shape.closes or closes or (self.options.direct and shape.handler_closes))


async def read_body(reader, head):
    """A body: as it came, and what it carries."""
    if not head.get("Transfer-Encoding"):
        data = await reader.readexactly(int(head.get("Content-Length") or 0))
        return data, data
    raw, data = [], []
    while True:
        line = await reader.readuntil(b"\r\n")
        raw.append(line)
        size = int(line.split(b";")[0], 16)
        if size == 0:
            break
        raw.append(await reader.readexactly(size + 2))
        data.append(raw[-1][:-2])
    while raw[-1] != b"\r\n":
        raw.append(await reader.readuntil(b"\r\n"))
    return b"".join(raw), b"".join(data)


async def write(writer, r, data):
    """Writes in several pieces at times, so that parsers stop anywhere."""
    cuts = sorted(r.randrange(len(data) + 1) for _ in range(r.choice([0, 0, 1, 3])))
    if r.random() < 0.02:
        cuts = range(1, min(len(data), 300))
    for start, end in zip([0, *cuts], [*cuts, len(data)]):
        writer.write(data[start:end])
        await writer.drain()


async def run(options, indices, is_plain, loops):
    scheme = "http" if is_plain else "https"
    run = Run(options, indices, scheme)
    server = await asyncio.start_server(run.handle, "127.0.0.1", 0, limit=LIMIT, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    context, relay, agent = None, None, None
    if options.direct:
        address = f"127.0.0.1:{port}"
    else:
        relay = await asyncio.to_thread(
            Relay, options.program, plain=is_plain, loops=loops)
        agent = await asyncio.to_thread(
            Agent, options.program, relay, f"http://127.0.0.1:{port}", "--quiet")
        address = relay.public
        context = None if is_plain else ssl.create_default_context(cafile=relay.ca)

    async def connect():
        return await asyncio.open_connection(
            *address.rsplit(":", 1), limit=LIMIT, ssl=context,
            server_hostname=f"alice.{DOMAIN}" if context else None)

    start = time.monotonic()
    await asyncio.gather(*(run.work(connect) for _ in range(PARALLEL)))
    seconds = time.monotonic() - start
    server.close()
    for child in [agent, relay]:
        if child:
            child.kill()
    print(
        f"{scheme}, {loops} loops: {run.answers} answers, {run.octets >> 20} MiB in"
        f" {seconds:.1f} s, {run.connections} connections to the handler,"
        f" {run.failures} failures", flush=True)
    return SimpleNamespace(answers=run.answers, failures=run.failures)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("count", type=int, nargs="?", default=10000)
    parser.add_argument("seed", nargs="?", default="1")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--only")
    options = parser.parse_args()
    setups = {"plain-1": (True, 1), "tls-1": (False, 1), "plain-3": (True, 3), "tls-3": (False, 3)}
    if options.only:
        setups = {options.only: setups[options.only]}
    share = options.count // len(setups)
    results = []
    for number, setup in enumerate(setups.values()):
        first = options.first + number * share
        results.append(asyncio.run(run(options, range(first, first + share), *setup)))
    answers, failures = (sum(getattr(r, n) for r in results) for n in ("answers", "failures"))
    print(f"{answers} exchanges with equal SHA-256, {failures} failures")
    sys.exit(1 if failures or answers < share * len(setups) else 0)


if __name__ == "__main__":
    main()
