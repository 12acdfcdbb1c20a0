"""Runs `countersign` in situations that take a hand on its process, and prints what came of it as JSON.

    endings.py PROGRAM SCENARIO [ARGUMENT ...]

Each scenario has a handler of its own, which notes the events that it sees and answers them late or
not at all. ADDRESS in an argument stands for the handler's address.
"""

import json
import re
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROGRAM, SCENARIO, *ARGUMENTS = sys.argv[1:]
ACKNOWLEDGEMENT = b"Hello API Event Received"


class Origin(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, status=200, holds=False):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.holds = status, holds
        self.seen, self.lock = [], threading.Lock()
        self.arrived, self.released = threading.Semaphore(0), threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        found = re.search(rb'"signature_request_id":"(\w+)"', body)
        with self.server.lock:
            self.server.seen.append(found[1].decode() if found else "none")
        self.server.arrived.release()
        if self.server.holds:
            self.server.released.wait(60)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(ACKNOWLEDGEMENT)))
        self.end_headers()
        self.wfile.write(ACKNOWLEDGEMENT)

    def log_message(self, *_):
        pass


def start(origin, *arguments, **options):
    words = [word.replace("ADDRESS", origin.address) for word in arguments]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.Popen([PROGRAM, *words], stdin=subprocess.DEVNULL, **options)


def end(process):
    output, error = process.communicate(timeout=60)
    return {"exit": process.returncode, "output": output or "", "error": error or ""}


def state(origin):
    """How many deliveries of the folder are in which state."""
    lines = end(start(origin, "events", "list", "--limit", "100000", "--format", "json"))["output"]
    states = [json.loads(line) for line in lines.splitlines()]
    return {
        "states": [entry["state"] for entry in states],
        "attempts": [entry["attempts"] for entry in states],
        "outcomes": [entry["last_outcome"] for entry in states],
    }


def interrupt():
    """A signal while the handler has a request."""
    number = signal.Signals[ARGUMENTS[0]]
    origin = Origin(holds=True)
    process = start(origin, *ARGUMENTS[1:])
    origin.arrived.acquire()
    process.send_signal(number)
    return end(process) | {"seen": len(origin.seen)}


def deaf():
    """Standard output or standard error cannot be written."""
    origin = Origin(status=int(ARGUMENTS[1]))
    with open("/dev/full", "w") as full:
        return end(start(origin, *ARGUMENTS[2:], **{ARGUMENTS[0]: full})) | {
            "seen": len(origin.seen)}


def left():
    """The reader of standard output leaves behind the first line."""
    origin = Origin()
    process = start(origin, *ARGUMENTS)
    process.stdout.readline()
    process.stdout.close()
    error = process.stderr.read()
    return {"exit": process.wait(60), "error": error, "seen": len(origin.seen)}


def crowd():
    """Many processes deliver from one folder at once."""
    origin = Origin()
    processes = [
        start(origin, "trigger", "signature_request_sent", "--count", "20", "--seed", str(number),
              "-f", "ADDRESS")
        for number in range(int(ARGUMENTS[0]))]
    ends = [end(process) for process in processes]
    return {
        "exits": [each["exit"] for each in ends],
        "errors": "".join(each["error"] for each in ends if each["exit"]),
        "seen": len(origin.seen), "distinct": len(set(origin.seen)), **state(origin)}


def third():
    """Two processes share a folder, one ends, and a third begins while the other delivers."""
    quick, slow = Origin(), Origin(holds=True)
    second = start(slow, "trigger", "signature_request_sent", "--count", "2", "-f", "ADDRESS")
    slow.arrived.acquire()
    first = end(start(quick, "trigger", "fax_sent", "-f", "ADDRESS"))
    third = end(start(quick, "trigger", "fax_sent", "-f", "ADDRESS"))
    slow.released.set()
    return {
        "exits": [first["exit"], end(second)["exit"], third["exit"]],
        "seen": len(slow.seen), "distinct": len(set(slow.seen)), **state(quick)}


def killed_retry():
    """A process is killed between two retries; another one that does not retry comes, then one that does."""
    origin = Origin(status=500)
    speed = ["--retry", "--clock-speed", "1000000"]
    process = start(origin, "trigger", "signature_request_sent", "--retry", "-f", "ADDRESS")
    process.stdout.readline()
    process.stdout.readline()
    process.kill()
    process.wait()
    other = Origin()
    plain = end(start(other, "trigger", "fax_sent", "-f", "ADDRESS"))
    between = state(other)
    retrying = end(start(other, "trigger", "fax_sent", "-f", "ADDRESS", *speed))
    return {
        "exits": [plain["exit"], retrying["exit"]], "between": between, "after": state(other),
        "seen": len(origin.seen)}


print(json.dumps(globals()[SCENARIO]()))
