"""Ends of answers and of connections: what was sent arrives to its last octet, at a slow reader, too."""

import signal

from relay_handler import Failure
from relay_slow import SlowExchange
from relay_suite import ALICE, Suite, case
from relay_wire import Ended, answer, get
from relay_world import Agent, Relay, check, eventually, same, unused_port

# One for each event loop, at the least.
IDLE = 6
HELD_REQUESTS = 8
# What a relay and an agent that only wait for each other take.
SECONDS_TO_LEAVE = 5


def idle_connections(world):
    """Connections that had an answer and are kept, and some without a request yet."""
    kept = []
    for number in range(IDLE):
        sender = world.connect()
        if number % 3:
            sender.send(get(ALICE))
            world.handler.serve(answer(b"fine"))
            same(sender.answer().body, b"fine")
        kept.append(sender)
    eventually(
        lambda: world.relay.status()["connections"] >= IDLE, "the relay has all connections")
    return kept


def end(world):
    """Tells the relay to end; returns once it has ended its idle connections, in order."""
    idle = idle_connections(world)
    world.relay.signal(signal.SIGTERM)
    for sender in idle:
        same(sender.to_end(), (b"", "end"), "an idle connection of a relay that ends")


def is_idle_for_long(world):
    """Returns once the relay has ended a connection that was idle from now on."""
    sender = world.connect()
    sender.send(get(ALICE))
    world.handler.serve(answer(b"fine"))
    same(sender.answer().body, b"fine")
    same(sender.to_end(), (b"", "end"), "an idle connection")


@case()
def sender_wants_the_end(world):
    return SlowExchange(world, "Connection: close").begin().fill().is_whole()


@case()
def old_sender(world):
    return SlowExchange(world, version="1.0").begin().fill().is_whole()


@case()
def half_closed_behind_the_request(world):
    exchange = SlowExchange(world)
    exchange.sender.end()
    return exchange.begin().fill().is_whole()


@case()
def half_closed_within_the_answer(world):
    exchange = SlowExchange(world).begin()
    exchange.sender.end()
    return exchange.fill().is_whole()


@case(alone=True)
def relay_ends(world):
    exchange = SlowExchange(world).begin().fill()
    end(world)
    note = exchange.is_whole()
    same(world.relay.ended(), 143, "the relay's exit code")
    return note


@case(alone=True)
def relay_ends_with_a_half_closed_sender(world):
    exchange = SlowExchange(world).begin()
    exchange.sender.end()
    exchange.fill()
    end(world)
    note = exchange.is_whole()
    same(world.relay.ended(), 143, "the relay's exit code")
    return note


@case("--idle-timeout", "1s")
def unread_beyond_the_idle_timeout(world):
    exchange = SlowExchange(world).begin().fill()
    is_idle_for_long(world)
    return exchange.is_whole()


@case("--idle-timeout", "1s")
def half_closed_and_unread_beyond_the_idle_timeout(world):
    exchange = SlowExchange(world).begin()
    exchange.sender.end()
    exchange.fill()
    is_idle_for_long(world)
    return exchange.is_whole()


def cut_unread(exchange):
    """Ends of a connection whose sender took nothing; what came does not look whole."""
    eventually(
        lambda: exchange.world.relay.status()["connections"] == 0, "the connection is cut",
        seconds=10)
    return exchange.sender.to_end()


@case("--stream-timeout", "1s")
def who_reads_nothing_is_cut(world):
    """Not kept for ever, and what came does not look whole."""
    exchange = SlowExchange(world, "Connection: close").begin().fill()
    data, how = cut_unread(exchange)
    check(not data.endswith(b"\r\n0\r\n\r\n"), "the answer looks whole")
    return f"{len(data)} octets, then {how}"


@case("--stream-timeout", "1s")
def old_sender_that_reads_nothing_is_cut(world):
    """The end of the connection is the end of such an answer: it must be another one."""
    exchange = SlowExchange(world, version="1.0").begin().fill()
    data, how = cut_unread(exchange)
    check(how in ("reset", "cut"), f"{len(data)} octets of {exchange.sent}, then {how}")
    return f"{len(data)} octets, then {how}"


@case(alone=True)
def idle_connections_end_in_order(world):
    end(world)
    same(world.relay.ended(), 143, "the relay's exit code")


class OnePort:
    """A relay with one port for both sides, and requests that its handler has and does not answer yet."""

    def __init__(self, world):
        self.handler = world.handler
        port = f"127.0.0.1:{unused_port()}"
        self.relay = Relay(
            world.program, plain=False, loops=world.relay.loops, ports=(port, port, "127.0.0.1:0"))
        same(self.relay.public, self.relay.agents, "the port")
        self.agent = Agent(world.program, self.relay, self.handler.target)
        self.held = []
        for number in range(HELD_REQUESTS):
            sender = self.relay.connect()
            sender.send(get(ALICE, f"/{number}"))
            wire = self.handler.next()
            wire.request()
            self.held.append((sender, wire, b"answer %d" % number))

    def has_no_agent(self):
        try:
            return self.relay.status()["tunnels"] == []
        except (Ended, OSError):
            raise Failure("the relay does not wait for what is under way") from None

    def answer(self):
        """Answers all that is held; returns what senders got instead, where it is something else."""
        lost = []
        for sender, wire, body in self.held:
            try:
                wire.send(answer(body))
                found = sender.answer()
                if found.body != body:
                    lost.append(found.error)
            except Ended as reason:
                lost.append(str(reason))
        return lost

    def end(self):
        self.agent.kill()
        self.relay.kill()


@case()
def one_port_for_both_sides(world):
    """The relay that ends takes its agent in no more, and what is under way is answered."""
    both = OnePort(world)
    both.relay.signal()
    left = "the agent has left the relay that ends"
    try:
        eventually(both.has_no_agent, left, SECONDS_TO_LEAVE)
        both.agent.line("disconnected")
        check(both.has_no_agent(), "the agent was taken in again")
        same(both.answer(), [], "lost answers")
        same(both.relay.ended(), 143, "the relay's exit code")
        back = [line for line in both.agent.all_lines if line["type"] == "reconnected"]
        same(back, [], "the agent came back")
    finally:
        both.end()


if __name__ == "__main__":
    Suite(__doc__).run()
