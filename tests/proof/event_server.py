"""A server for walks over asynchronous invocations, with its functions and its clock.

It has two places for the events of a function, so that others wait, and a minute between two tries is a tenth of a
second. Its clock is set by a file that the test holds.
"""

import json
import struct
import sys
from pathlib import Path

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.conftest import LIMITED
from tests.proof.event_model import PLACES
from tests.proof.local_process import APPEND, Ran, ServerProcess
from tests.proof.walking import fill

LIMITS = {"events_at_once": PLACES, "drain_seconds": 0.05}
TIME_SCALE = 600.0
TAKER, TRACER = "taker", "tracer"  # the second has AsyncRunEnable
LETTERS = "dead-letters.jsonl"
#: A server whose clock goes as the test says: services look the clock up when they are made.
PROGRAM = (
    """
import mmap, os, struct, time
from tencentserverless.local.invocations.queue import Queue

real = time.time
with open(os.environ["CLOCK"], "rb") as file:
    ahead = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

def clock():
    return real() + struct.unpack("d", ahead)[0]

time.time = clock
Queue.__init__.__kwdefaults__["clock"] = clock
"""
    + LIMITED
)
CODE = (
    APPEND
    + """
import resource

VERSION = {version}
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))  # the server's full disk

def main_handler(event, context):
    name, do = event["id"], event["do"]
    append("begin " + name)
    while do == "hold" and not os.path.exists(os.path.join({gates!r}, name)):
        time.sleep(0.005)
    append("done " + name)
    if do == "exit":
        os._exit(3)
    if do == "raise":
        raise ValueError("on purpose")
    return name
"""
)
MANIFEST = "component: scf\nname: x\ninputs: {name: %s, src: ., runtime: %s, timeout: 60, asyncRunEnable: %s}\n"


class ClockedServer(ServerProcess):
    """A server with a clock and limits of the test's own."""

    def command(self) -> "list[str]":
        limits, settings = json.dumps(LIMITS), json.dumps({"time_scale": TIME_SCALE, "shared_tmp": True})
        words = [str(self.functions), str(self.folder / "state"), limits, settings, str(self.folder / "env")]
        return [sys.executable, "-c", PROGRAM, *words]

    def environment(self) -> "dict[str, str]":
        return {**super().environment(), "CLOCK": str(self.folder / "clock")}


class Clock:
    """The server's clock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.write_bytes(struct.pack("d", 0.0))
        self.ahead = 0.0

    def set(self, seconds: float) -> None:
        """Have it go so far ahead."""
        self.ahead = seconds
        with self._path.open("r+b") as file:
            file.write(struct.pack("d", seconds))


class Functions:
    """The two functions, whose events tell that they run, and are held at gates."""

    def __init__(self, folder: Path) -> None:
        self.path, self.gates = folder / "functions", folder / "gates"
        self.path.mkdir()
        self.gates.mkdir()
        self.ran = Ran(folder / "ran")
        for number, name in enumerate((TAKER, TRACER)):
            self.write(name, number)

    def write(self, name: str, version: int) -> None:
        """Write a function, as an editor does that puts the new file in the place of the old one."""
        manifest = MANIFEST % (name, OWN_RUNTIME, str(name == TRACER).lower())
        code = CODE.format(path=str(self.ran.path), gates=str(self.gates), version=version)
        if (self.path / name).exists():
            fill(self.path / name, {"index.py.new": code})
            (self.path / name / "index.py.new").replace(self.path / name / "index.py")
        else:
            fill(self.path / name, {"index.py": code, "serverless.yml": manifest})
