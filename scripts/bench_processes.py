"""What processes cost, as /proc says it, with all that descends from them."""

import contextlib
import os
import re
import subprocess
from pathlib import Path

TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")  # microseconds


def families():
    """All processes: the parent of each."""
    parents = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended
                parents[int(entry.name)] = int(stat(int(entry.name))[1])
    return parents


def stat(pid):
    """The fields of /proc/PID/stat from the third on: the name before them may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def family(pid):
    """The process and all that descend from it."""
    parents, members = families(), {pid}
    while more := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= more
    return members


def cpu(process):
    """Microseconds that the process, what descends from it and what it saw end have worked."""
    return worked(family(process.pid))


def cpu_of_others():
    """Microseconds that all processes but this one and its own have worked."""
    return worked(set(families()) - family(os.getpid()))


def worked(pids):
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended
            total += sum(map(int, stat(pid)[11:15]))
    return total * TICK


def stolen():
    """Microseconds of CPU that a virtual machine wanted and did not get."""
    return int(Path("/proc/stat").read_text().split()[8]) * TICK


def resident(process):
    """Bytes of memory that the process and what descends from it have."""
    total = 0
    for pid in family(process.pid):
        with contextlib.suppress(OSError):
            found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
            total += int(found[1]) * 1024 if found else 0
    return total


def end(process):
    """Ends a process and its group, so that none outlives the run."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 15)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
