"""Handlers for tests of the relay, over raw sockets, so that octets can be compared."""

import selectors
import socket
import threading
import time

from relay_wire import SECONDS, Ended, NotHTTP, Wire, answer


class Failure(Exception):
    """Something is not as it has to be."""


class Handler:
    """A server that the test plays itself, one request after another."""

    def __init__(self, receive_buffer=None, port=0):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(4096)
        self.port = self.listener.getsockname()[1]
        self.idle = []

    @property
    def target(self):
        return f"http://127.0.0.1:{self.port}"

    def next(self, seconds=SECONDS):
        """The connection on which the next request begins."""
        deadline = time.monotonic() + seconds
        while True:
            with selectors.DefaultSelector() as selector:
                selector.register(self.listener, selectors.EVENT_READ)
                for wire in self.idle:
                    selector.register(wire.connection, selectors.EVENT_READ, wire)
                ready = selector.select(max(0, deadline - time.monotonic()))
            if not ready:
                raise Failure(f"no request reached the handler in {seconds} s")
            for key, _ in ready:
                if key.data is None:
                    self.idle.append(Wire(self.listener.accept()[0]))
                    continue
                self.idle.remove(key.data)
                try:
                    key.data.fill()
                    return key.data
                except Ended:
                    key.data.close()

    def keep(self, wire):
        """Says that the next request may come on that connection."""
        self.idle.append(wire)

    def serve(self, *answers):
        """Takes a request for each answer, and gives that; returns the requests."""
        requests = []
        for data in answers:
            wire = self.next()
            requests.append(wire.request())
            wire.send(data)
            self.keep(wire)
        return requests

    def is_silent(self, seconds=0.2):
        """Whether no request comes for a moment."""
        try:
            wire = self.next(seconds)
        except Failure:
            return True
        self.keep(wire)
        return False

    def reset(self):
        for wire in self.idle:
            wire.close()
        self.idle = []

    def close(self):
        self.reset()
        self.listener.close()


class Server(Handler):
    """A handler that runs by itself: `serve_one(wire, request)` answers, in a thread for each connection."""

    def __init__(self, serve_one=None, **options):
        super().__init__(**options)
        self.serve_one = serve_one or (lambda wire, request: wire.send(answer(b"seen")))
        self.seen = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                wire = Wire(self.listener.accept()[0], seconds=None)
            except OSError:
                return
            threading.Thread(target=self.run, args=(wire,), daemon=True).start()

    def run(self, wire):
        try:
            while True:
                request = wire.request()
                self.seen.append(request.target)
                if self.serve_one(wire, request) == "close":
                    break
        except (Ended, NotHTTP, OSError, ValueError):
            pass
        wire.close()
