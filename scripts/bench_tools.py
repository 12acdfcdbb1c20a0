"""What the benchmarks of `scripts/bench` share."""

import contextlib
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def machine():
    try:
        text = Path("/proc/cpuinfo").read_text()
        model = re.search(r"model name\s*: (.*)", text)[1]
    except (OSError, TypeError):
        model = platform.processor() or "an unknown processor"
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(process, port, name="the origin"):
    """Waits until the server that was started listens; ends the run when it has ended."""
    for _ in range(500):
        if process.poll() is not None:
            sys.exit(f"{name} ended with {process.returncode}; nothing was measured")
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    sys.exit(f"{name} did not start; nothing was measured")


@contextlib.contextmanager
def serving(configuration, folder):
    """An nginx with this configuration; gives the process and where it listens."""
    folder.chmod(0o755)  # nginx gives up root's rights
    file, port = folder / "nginx.conf", free_port()
    file.write_text(configuration.format(folder=folder, port=port))
    origin = subprocess.Popen(["nginx", "-c", file, "-e", folder / "error"])
    try:
        wait_for(origin, port)
        yield origin, port
    finally:
        origin.terminate()
        origin.wait()


def callback(countersign):
    """The content type and the body of a recorded callback."""
    request = run(countersign, "trigger", "signature_request_sent", "--print", "--ephemeral")
    head, body = request.split("\r\n\r\n", 1) if "\r\n\r\n" in request else request.split("\n\n", 1)
    return re.search(r"Content-Type: (\S+ \S+)", head, re.I)[1], body


def write_script(file, method, headers, body=""):
    """Writes what tells wrk which request to send."""
    def quoted(text):
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + text.replace("\r", "\\r").replace("\n", "\\n") + '"'
    lines = [f"wrk.method = {quoted(method)}", f"wrk.body = {quoted(body)}"]
    lines += [f"wrk.headers[{quoted(name)}] = {quoted(value)}" for name, value in headers.items()]
    file.write_text("\n".join(lines) + "\n")
    return file


@dataclass(frozen=True)
class Aim:
    """What a figure must be for the work to be done, and what is hoped for after that."""

    least: float
    goal: float = None
    lower: bool = False  # whether less is better

    def judge(self, value):
        def said(aim):
            reached = value <= aim if self.lower else value >= aim
            return f"{'≤' if self.lower else '≥'} {aim:g} {'yes' if reached else 'NO'}"
        aims = [aim for aim in (self.least, self.goal) if aim is not None]
        return "aim: " + ", ".join(said(aim) for aim in aims)


class Table:
    """Figures by side, round after round."""

    def __init__(self, title, unit, digits=0):
        self.title, self.unit, self.digits, self.sides = title, unit, digits, {}

    def add(self, side, value):
        self.sides.setdefault(side, []).append(value)

    def print(self, base=None, difference=False, aims={}):
        """Prints medians and spreads; beside a base its ratio, or the difference.

        Aims, by side, are of the ratio or the difference, and without a base of the median.
        """
        if not self.sides:
            return
        count = max(len(values) for values in self.sides.values())
        print(f"\n{self.title} ({self.unit}; median of {count})")
        reference = statistics.median(self.sides[base]) if base in self.sides else None
        if base and not reference:
            aims = {}
        digits, width = self.digits, max(44, *(len(side) for side in self.sides))
        for side, values in self.sides.items():
            judged = median = statistics.median(values)
            beside = ""
            if reference:
                judged = median - reference if difference else median / reference
                beside = f"{judged:>+10,.{digits}f}" if difference else f"  {judged:.2f}"
            spread = f"{min(values):,.{digits}f}–{max(values):,.{digits}f}"
            aim = f"   {aims[side].judge(judged)}" if side in aims else ""
            print(f"  {side:<{width}}{median:>12,.{digits}f}{beside}   {spread}{aim}")

    def compare(self, side, base, aim):
        ratio = statistics.median(self.sides[side]) / statistics.median(self.sides[base])
        print(f"  {side} / {base}: {ratio:.2f} (aim: {aim})")
