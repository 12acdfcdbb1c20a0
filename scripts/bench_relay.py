"""`scripts/bench relay`: our tunnel beside none, `ssh -R`, two hops of HAProxy, and those that the
environment names.

Each round takes each measure of each side, one side after the other and each round from another one
on, so that what else the machine does hits all of them. All sides are asked for the same host,
bench.relay.test.

    COUNTERSIGN_BENCH_TUNNELS='
    socat = socat TCP-LISTEN:{public_port},fork,reuseaddr TCP:127.0.0.1:{origin_port}
    mine = server {control_port} {public_port} && client {control_port} {origin_port}
    ' scripts/bench relay --sides direct,plain,socat,mine --measures c16,latency

Each line is a name and the commands that make the tunnel, started in their order a second apart.
{folder} is an empty folder for what they need.
"""

import contextlib
import os
import random
import resource
import time

from bench_measures import BIG, Faults
from bench_processes import cpu_of_others, stolen
from bench_tools import serving

# The sink asks itself only after it has read all of a body, and says how long that was. The body
# stays in memory: a file would measure the disk.
NGINX = """
daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {folder}/pid;
error_log {folder}/error;
events {{ worker_connections 16384; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; sendfile on;
  client_max_body_size 0; client_body_buffer_size 64k;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096; default_type text/plain;
    location / {{ return 200 "Hello API Event Received"; }}
    location /echo {{ return 200 "$arg_text"; }}
    location /big {{ root {folder}; }}
    location /sink {{
      client_body_buffer_size 101m; proxy_pass_request_body off;
      proxy_set_header Content-Length ""; proxy_set_header X-Length $request_length;
      proxy_pass http://127.0.0.1:{port}/length;
    }}
    location /length {{ return 200 "$http_x_length"; }}
  }}
}}
"""


class Noise:
    """What others did on the machine meanwhile: with much of it believe the CPU times only."""

    def __init__(self):
        self.start, self.others, self.stolen = time.monotonic(), cpu_of_others(), stolen()

    def print(self):
        wall = (time.monotonic() - self.start) * 1e6
        others = max(0, cpu_of_others() - self.others) / wall
        print(
            f"\nMeanwhile other processes took {others:.2f} cores of {os.cpu_count()},"
            f" and other machines {(stolen() - self.stolen) / wall:.2f}.")


class Bench:
    """The tunnels that run throughout, and what is found."""

    def __init__(self, folder, origin, origin_port, binary):
        self.folder, self.binary = folder, binary
        self.origin = (origin, origin_port)
        self.tunnels, self.faults = {}, Faults()

    def started(self, side):
        return side.started(self.folder, *self.origin, self.binary)

    def measure(self, sides, measures, rounds):
        noise = Noise()
        with contextlib.ExitStack() as stack:
            for side in sides:
                self.tunnels[side] = stack.enter_context(self.started(side))
                self.faults.note(self.tunnels[side].title, 0)
            for number in range(rounds):
                first = number % len(sides)
                for measure in measures:
                    for side in sides[first:] + sides[:first]:
                        measure.take(self, side)
        for measure in measures:
            measure.print()
        self.faults.print()
        noise.print()


def chosen(all_of_them, keys):
    """Those that the comma-separated keys name, in their usual order; all without keys."""
    known = {one.key for one in all_of_them}
    wanted = set(keys.split(",")) if keys else known
    if unknown := wanted - known:
        raise ValueError(
            f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
    return [one for one in all_of_them if one.key in wanted]


def relay(folder, sides, measures, rounds, binary):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with serving(NGINX, folder) as (origin, port):
        big = folder / "big"
        big.mkdir()
        with open(big / "file", "wb") as file:
            block = random.Random(4).randbytes(1_000_000)
            for _ in range(BIG // len(block)):
                file.write(block)
        Bench(folder, origin, port, binary).measure(sides, measures, rounds)
