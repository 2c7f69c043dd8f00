"""The machine: its description, and the CPUs of clients and responder."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
from pathlib import Path
from typing import NamedTuple

TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


class Cpus(NamedTuple):
    """The CPU of the clients, and another for the responder (the same where there is only one)."""

    client: int
    responder: int

    @property
    def are_two(self) -> bool:
        return self.client != self.responder


def choose_cpus() -> Cpus:
    """Choose two CPUs that this process may use, of two cores if it has them."""
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit("make bench pins its processes to CPUs, which needs Linux")
    allowed = sorted(os.sched_getaffinity(0))
    client = allowed[0]
    siblings = read_siblings(client)
    others = [cpu for cpu in allowed[1:] if cpu not in siblings] or allowed[1:] or [client]
    return Cpus(client, others[0])


def read_siblings(cpu: int) -> set[int]:
    """Read the CPUs that share a core with this one, itself included."""
    try:
        text = Path(TOPOLOGY.format(cpu)).read_text(encoding="ascii")
    except OSError:
        return {cpu}
    found: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def describe() -> dict[str, str]:
    """Describe this machine for the reader of the results."""
    return {
        "CPU": f"{read_cpu_model()}, {os.cpu_count()} CPUs",
        "Kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Date": dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%d"),
        "Load before": "{:.2f} (1 minute)".format(os.getloadavg()[0]),
    }


def read_cpu_model() -> str:
    """Read the CPU model from the kernel."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else platform.machine()
