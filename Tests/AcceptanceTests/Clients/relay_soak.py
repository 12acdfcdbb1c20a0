"""Mixed load for some time: no wrong answer, no lost one, and memory stays flat.

    relay_soak.py PROGRAM [SECONDS] [--loops N] [--tls] [--seed N]

The exchanges of relay_shapes.py, with event streams, upgraded connections, senders and handlers that
hang up, agents that come and go under other names. Memory is looked at ten times a second; what is at
the end must be near what was behind the first quarter.
"""

import argparse
import asyncio
import random
import ssl
import sys
import time

from relay_shape import POOL
from relay_shapes import Run, read_body
from relay_streams import HANDSHAKE, SWITCH
from relay_suite import ALICE
from relay_wire import Head, get, post
from relay_world import DOMAIN, Agent, Relay

# What a process may grow by from the first quarter on, and how often it is looked at.
MOST_GROWTH = 24 << 20
LOOKS_A_SECOND = 10
SHAPERS, STREAMS, SOCKETS, HANGERS = 12, 3, 3, 3
# For one exchange of whatever kind.
SECONDS = 10


class Soak(Run):
    """The load, and what went wrong."""

    def __init__(self, options, scheme):
        super().__init__(options, self.until_the_end(), scheme)
        self.over = asyncio.Event()
        self.r = random.Random(options.seed)
        self.counts = dict.fromkeys(["events", "echoes", "hang-ups", "agents"], 0)

    def until_the_end(self):
        index = 0
        while not self.is_over:
            yield index
            index += 1

    @property
    def is_over(self):
        return self.over.is_set()

    def begin(self):
        """The load's time begins; its end is an event for all."""
        asyncio.get_running_loop().call_later(self.options.seconds, self.over.set)

    async def tick(self, seconds):
        """Gives control back after that time, or at the end."""
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            pass

    # The handler: shapes, and by its target everything else.

    async def handle_one(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        target = head.split(b" ")[1]
        if target.startswith(b"/shape/"):
            rest = Rest(head, reader)
            return await super().handle_one(rest, writer)
        if target == b"/events":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            for number in range(50):
                writer.write(b"data: %d\n\n" % number)
                await writer.drain()
        elif target == b"/socket":
            writer.write(SWITCH)
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        elif target == b"/hang-up":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbegun")
        elif target == b"/agent":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            return True
        return False

    # The senders

    async def again(self, exchange, *arguments):
        """The exchange again and again; none may hang."""
        while not self.is_over:
            try:
                async with asyncio.timeout(SECONDS):
                    await exchange(*arguments)
            except (TimeoutError, OSError, asyncio.IncompleteReadError) as reason:
                self.fail(exchange.__name__, repr(reason))

    async def stream(self, connect):
        reader, writer = await connect()
        writer.write(get(ALICE, "/events"))
        head = Head(await reader.readuntil(b"\r\n\r\n"))
        _, data = await read_body(reader, head)
        if data != b"".join(b"data: %d\n\n" % number for number in range(50)):
            self.fail("events", data[-300:])
        self.counts["events"] += 50
        writer.close()

    async def socket(self, connect):
        reader, writer = await connect()
        writer.write(HANDSHAKE)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            self.fail("socket", head)
        for _ in range(20):
            start, size = self.r.randrange(1 << 20), self.r.choice([10, 1000, 100_000])
            sending = asyncio.create_task(self.push(writer, POOL[start:start + size]))
            if await reader.readexactly(size) != POOL[start:start + size]:
                self.fail("socket", "another echo")
            await sending
            self.counts["echoes"] += 1
        writer.close()

    @staticmethod
    async def push(writer, data):
        writer.write(data)
        await writer.drain()

    async def hang_up(self, connect):
        """A sender that leaves in the middle, or a handler that does."""
        reader, writer = await connect()
        if self.r.random() < 0.5:
            writer.write(post(ALICE, POOL[:20000], "/hang-up", "Connection: close"))
            data = await self.all(reader)
            # Cut, at the latest behind what the handler had begun to say.
            begun = (
                b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: close\r\n\r\nbegun")
            if not (begun.startswith(data) or data.startswith(b"HTTP/1.1 502 ")):
                self.fail("hang-up", data[-300:])
            writer.close()
        else:
            writer.write(post(ALICE, POOL[:20000], "/hang-up")[:self.r.randrange(20000)])
            await writer.drain()
            writer.transport.abort()
        self.counts["hang-ups"] += 1

    @staticmethod
    async def all(reader):
        data = b""
        try:
            while part := await reader.read(1 << 16):
                data += part
        except OSError:
            pass
        return data

    async def agents(self, relay, target, connect):
        """Agents under other names, which are killed and come back."""
        number = 0
        while not self.is_over:
            name = f"visitor-{number % 5}"
            agent = await asyncio.to_thread(Agent, self.options.program, relay, target, name=name)
            reader, writer = await connect()
            writer.write(get(f"{name}.{DOMAIN}", "/agent", "Connection: close"))
            data = await self.all(reader)
            if not data.endswith(b"ok"):
                self.fail("agent", data)
            writer.close()
            await asyncio.to_thread(agent.kill)
            number += 1
            self.counts["agents"] += 1

    async def watch(self, children):
        """Memory over time: what each has behind the first quarter, and in the last one."""
        start = time.monotonic()
        looks = {name: [] for name in children}
        while not self.is_over:
            for name, child in children.items():
                looks[name].append(child.memory)
            await self.tick(1 / LOOKS_A_SECOND)
        seconds = time.monotonic() - start
        for name, all_looks in looks.items():
            quarter = max(1, len(all_looks) // 4)
            early, late = max(all_looks[:2 * quarter]), max(all_looks[-quarter:])
            print(
                f"{name}: {all_looks[0] >> 20} MiB at the start, {early >> 20} in the first half,"
                f" {late >> 20} at the end of {seconds:.0f} s", flush=True)
            if late - early > MOST_GROWTH:
                self.fail(name, f"memory grows: {[look >> 20 for look in all_looks[::quarter]]} MiB")


class Rest:
    """A reader with something in front of it."""

    def __init__(self, head, reader):
        self.head, self.reader = head, reader

    async def readuntil(self, mark):
        if self.head:
            head, self.head = self.head, None
            return head
        return await self.reader.readuntil(mark)

    def __getattr__(self, name):
        return getattr(self.reader, name)


async def run(options):
    soak = Soak(options, "https" if options.tls else "http")
    server = await asyncio.start_server(soak.handle, "127.0.0.1", 0, limit=1 << 21, backlog=1024)
    target = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    relay = await asyncio.to_thread(
        Relay, options.program, plain=not options.tls, loops=options.loops)
    agent = await asyncio.to_thread(Agent, options.program, relay, target, "--quiet")
    context = ssl.create_default_context(cafile=relay.ca) if options.tls else None

    async def connect():
        return await asyncio.open_connection(
            *relay.public.rsplit(":", 1), limit=1 << 21, ssl=context,
            server_hostname=ALICE if context else None)

    soak.begin()
    work = [soak.work(connect) for _ in range(SHAPERS)]
    work += [soak.again(soak.stream, connect) for _ in range(STREAMS)]
    work += [soak.again(soak.socket, connect) for _ in range(SOCKETS)]
    work += [soak.again(soak.hang_up, connect) for _ in range(HANGERS)]
    work += [soak.agents(relay, target, connect), soak.watch({"relay": relay, "agent": agent})]
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, BaseException):
            soak.fail("a sender", repr(result))
    await asyncio.to_thread(settle, soak, relay)
    agent.kill()
    relay.kill()
    return soak


def settle(soak, relay):
    """Nothing may be left when all have gone."""
    deadline, status = time.monotonic() + 10, {}
    while time.monotonic() < deadline:
        status = relay.status()
        if status["streams"] == 0 and status["requests"] == 0:
            return
    soak.fail("the end", f"something is left: {status}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("seconds", type=float, nargs="?", default=20)
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.direct = False
    soak = asyncio.run(run(options))
    counts = ", ".join(f"{count} {name}" for name, count in soak.counts.items())
    print(f"{soak.answers} exchanges, {counts}, {soak.failures} failures")
    sys.exit(1 if soak.failures or not soak.answers else 0)


main()
